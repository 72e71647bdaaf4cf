"""Reads the files that users name: regular files up to a stated size.

A device has no end, and a FIFO blocks its reader until a writer comes. Each is refused before it is read.
"""

from __future__ import annotations

import errno
import os
import stat
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO, Final

MOST_OF_A_PROFILE: Final = 1024 * 1024
"""The largest profile and the largest list of known deviations, in bytes."""


def open_regular(path: Path) -> BinaryIO:
    """A regular file, open for reading.

    Raises OSError, whose ``strerror`` gives the reason, also for a folder, a device, a FIFO and a path that
    no file can have.
    """
    try:
        # Without O_NONBLOCK, opening a FIFO waits for a writer.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except ValueError:  # a NUL, or half a character, in the path
        raise OSError(errno.EINVAL, "no file can have this path") from None
    mode = os.fstat(descriptor).st_mode
    if stat.S_ISREG(mode):
        return os.fdopen(descriptor, "rb")
    os.close(descriptor)
    if stat.S_ISDIR(mode):
        raise OSError(errno.EISDIR, "Is a directory")
    raise OSError(errno.EINVAL, "it is no regular file")


def read_regular(path: Path, most: int) -> bytes:
    """The content of a regular file of at most ``most`` bytes. Raises OSError as ``open_regular`` does."""
    with open_regular(path) as file:
        content = file.read(most + 1)  # the file may grow while it is read
    if len(content) > most:
        raise OSError(errno.EFBIG, f"it is larger than {most:,} bytes")
    return content


def write_whole(path: Path, content: bytes) -> None:
    """Write a file that appears whole or not at all, also where the disk is full. Raises OSError.

    It is written beside its place, under a name that no other file has, and renamed.
    """
    descriptor, partial = tempfile.mkstemp(prefix=f".{path.name[:100]}.", dir=path.parent)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
        # mkstemp makes a file that only its owner can read.
        mask = os.umask(0)
        os.umask(mask)
        os.chmod(partial, stat.S_IMODE(path.stat().st_mode) if path.exists() else 0o666 & ~mask)
        os.replace(partial, path)
    except BaseException:
        with suppress(OSError):
            os.unlink(partial)
        raise
