"""The account that libvirt's QEMU driver looks for before it reads that it need not.

Run by root, it resolves the user that it was built to give QEMU to, and fails
without, although ``qemu.conf`` names another one. Debian's libvirt-daemon-system
makes that user. Where it is missing, this process alone sees it: in a mount
namespace of its own, copies with one more line lie over the account files.
"""

from __future__ import annotations

import grp
import os
import pwd
from pathlib import Path
from typing import Final

from snaptree.conformance.drivers.libvirt.hosts import mounts

BUILT_IN: Final = "libvirt-qemu"
"""The user and group of Debian's and Ubuntu's libvirt."""

_ID: Final = 64055
"""The id that Debian reserves for it."""


def have_account(folder: Path) -> None:
    """Let this thread, and what it starts, see the account; ``folder`` keeps the copies.

    Raises OSError where that is not permitted. Only for root, the one who needs it.
    """
    lines = {
        "passwd": f"{BUILT_IN}:x:{_ID}:{_ID}::/nonexistent:/usr/sbin/nologin\n",
        "group": f"{BUILT_IN}:x:{_ID}:\n",
    }
    missing = [name for name in lines if not _exists(name)]
    if os.geteuid() != 0 or not missing:
        return
    mounts.hide()
    for name in missing:
        copy = folder / name
        copy.write_bytes(Path("/etc", name).read_bytes() + lines[name].encode())
        copy.chmod(0o644)
        mounts.bind(copy, Path("/etc", name))


def _exists(name: str) -> bool:
    try:
        if name == "passwd":
            pwd.getpwnam(BUILT_IN)
        else:
            grp.getgrnam(BUILT_IN)
    except KeyError:
        return False
    return True
