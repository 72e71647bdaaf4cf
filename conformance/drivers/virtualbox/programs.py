"""Finds VirtualBox: on this host, or in a private tree."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final, Protocol

from snaptree.conformance.driver import DriverUnavailable
from snaptree.conformance.hosts import Bind, Tree, require_tree
from snaptree.conformance.hosts.systems import VIRTUALBOX
from snaptree.conformance.processes.reaper import WorkFolder

SERVICE: Final = "vboxwebsrv"

FOLDERS: Final = ("/usr/lib/virtualbox", "/usr/lib64/virtualbox", "/opt/VirtualBox")
"""Where packages keep the programs themselves; what is in PATH may be a script around them."""

_SOCKETS: Final = Path("/tmp")
"""XPCOM's sockets are in ``/tmp/.vbox-ID-ipc``, whatever TMPDIR says."""


class Programs(Protocol):
    """The programs of one VirtualBox, and an id of its own for the sockets of this driver.

    ``at`` is the path at which they see every folder that is theirs; None if that is the folder's own.
    """

    socket_id: str
    at: Path | None

    def command(self, argv: Sequence[str], folder: Path, environment: Mapping[str, str]) -> list[str]:
        """The command that runs one of its programs, which sees the folder."""

    def close(self) -> None:
        """Remove what the programs leave outside of the work folder."""


class InTree:
    """VirtualBox in a private tree, whose ``/tmp`` goes with its processes.

    VirtualBox's files name each other by whole paths, so a copy of a folder is opened at the path of the
    original: ``at``.
    """

    def __init__(self, tree: Tree, socket_id: str, at: Path | None) -> None:
        self._tree = tree
        self.socket_id = socket_id
        self.at = at

    def command(self, argv: Sequence[str], folder: Path, environment: Mapping[str, str]) -> list[str]:
        """The command that enters the tree."""
        program, *arguments = argv
        shown = Bind(folder, None if self.at is None else str(self.at))
        return self._tree.command(
            [f"/usr/lib/virtualbox/{program}", *arguments], binds=[shown], environment=environment
        )

    def close(self) -> None:
        """Nothing is left: the mount namespace ends with the last process."""


class OnHost:
    """The host's own VirtualBox."""

    at: Path | None = None

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        # The folder of the sockets lies in one that goes when this process goes.
        self._sockets = WorkFolder(_SOCKETS, ".vbox-snaptree-")
        self.socket_id = f"{self._sockets.path.name.removeprefix('.vbox-')}/x"

    def command(self, argv: Sequence[str], folder: Path, environment: Mapping[str, str]) -> list[str]:
        """The command with its environment."""
        program, *arguments = argv
        settings = [f"{key}={value}" for key, value in environment.items()]
        return ["env", *settings, os.fspath(self._folder / program), *arguments]

    def close(self) -> None:
        """Remove the sockets."""
        self._sockets.remove()


AT: Final = Path("/srv")
"""Nothing else lies there in a private tree."""


def find_programs(named: str | None, socket_id: str, *, in_place: bool) -> Programs:
    """VirtualBox of the named folder, of the host, or of the private tree. Raises DriverUnavailable.

    ``in_place`` says that folders are to be seen at their own paths.
    """
    if named is not None:
        if not os.access(Path(named, SERVICE), os.X_OK):
            raise DriverUnavailable(f"there is no {SERVICE} in {named}")
        return OnHost(Path(named))
    for folder in FOLDERS:
        if os.access(Path(folder, SERVICE), os.X_OK):
            return OnHost(Path(folder))
    in_path = shutil.which(SERVICE)
    if in_path is not None:
        return OnHost(Path(in_path).parent)
    return InTree(require_tree(VIRTUALBOX), socket_id, None if in_place else AT)
