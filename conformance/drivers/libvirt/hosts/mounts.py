"""Mounts that only this thread sees, with the processes that it starts from then on. Only root may make them.

Every function raises OSError where the host does not permit it.
"""

from __future__ import annotations

import ctypes
import os
from pathlib import Path
from typing import Final

_NEW_MOUNT_NAMESPACE: Final = 0x00020000
_BIND: Final = 0x1000
_PRIVATE_AND_BELOW: Final = (1 << 18) | 0x4000

_libc: Final = ctypes.CDLL(None, use_errno=True)


def hide() -> None:
    """Let nobody else see what this thread mounts from now on."""
    _done(_libc.unshare(_NEW_MOUNT_NAMESPACE))
    _done(_libc.mount(b"none", b"/", None, ctypes.c_ulong(_PRIVATE_AND_BELOW), None))


def bind(source: Path, target: Path) -> None:
    """Show a file or folder at another path as well."""
    _done(_libc.mount(os.fsencode(source), os.fsencode(target), None, ctypes.c_ulong(_BIND), None))


def namespace() -> int:
    """A descriptor of the mounts that this thread sees now."""
    return os.open("/proc/thread-self/ns/mnt", os.O_RDONLY | os.O_CLOEXEC)


def enter(namespace: int) -> None:
    """See other mounts instead. The process may have one thread only."""
    _done(_libc.setns(namespace, _NEW_MOUNT_NAMESPACE))


def _done(result: int) -> None:
    if result != 0:
        error = ctypes.get_errno()
        raise OSError(error, os.strerror(error))
