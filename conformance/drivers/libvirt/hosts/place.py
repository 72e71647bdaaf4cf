"""The one path at which libvirt sees the folder of its domains, wherever the folder lies.

libvirt's documents and the images name other files by their whole paths. A copy of a folder can be opened
again only where it bears the path of the original, so each process that serves libvirt sees its folder there.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Final

from snaptree.conformance.drivers.libvirt.hosts import mounts

AT: Final = Path("/srv")
"""The Filesystem Hierarchy Standard requires this folder, and few hosts use it."""


def why_not(work: Path) -> str:
    """Why no folder can be shown at ``AT``; empty if one can. ``work`` is the folder of the driver."""
    if os.geteuid() != 0:
        return "a folder is shown at another path by root only"
    if not AT.is_dir() or AT.is_symlink():
        return f"this host has no folder {AT}"
    used = [work, Path.cwd(), Path(sys.prefix), *(Path(entry) for entry in sys.path if entry)]
    if any(path.resolve().is_relative_to(AT) for path in used):
        return f"this run needs what lies in {AT}"
    return ""


def show(folder: Path) -> None:
    """Let this thread, and what it starts, see a folder at ``AT``. Raises OSError where that may not be."""
    mounts.hide()
    mounts.bind(folder, AT)
