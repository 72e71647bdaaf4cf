"""One machine: created, locked by a session, found again after VBoxSVC was killed, and removed."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from copy import copy
from pathlib import Path
from typing import Final

from snaptree.conformance.drivers.virtualbox.soap import Api

CONTROLLER: Final = "disks"


class Machine:
    """A machine of its own folder, with a disk image for each disk, locked for as long as it is there.

    ``api`` is its own session with the web service, in which one object has one reference; ``ref`` is the
    machine that the lock lets be changed. ``sizes`` of disks never change here.
    """

    def __init__(self, api: Api, folder: Path, disks: Mapping[str, int]) -> None:
        self.api = api
        self.disks: dict[str, int] = {disk: port for port, disk in enumerate(disks)}
        self.sizes = dict(disks)
        self._folder = folder
        settings = folder / f"{folder.name}.vbox"
        made = api.call(
            "IVirtualBox_createMachine", api.virtualbox, str(settings), folder.name, "x86", [], "Other",
            "", "", "", "",
        )  # fmt: skip
        api.call("IMachine_addStorageController", made, CONTROLLER, "SATA")
        api.call("IVirtualBox_registerMachine", api.virtualbox, made)
        self._hold(made)
        for disk, size in disks.items():
            image = api.call(
                "IVirtualBox_createMedium", api.virtualbox, "VDI", str(folder / f"{disk}.vdi"),
                "ReadWrite", "HardDisk",
            )  # fmt: skip
            api.finish("IMedium_createBaseStorage", image, size, ["Standard"])
            api.call("IMachine_attachDevice", self.ref, CONTROLLER, self.disks[disk], 0, "HardDisk", image)
        api.call("IMachine_saveSettings", self.ref)

    def attach(self, api: Api) -> Machine:
        """The same machine in another session, which shares the lock."""
        other = copy(self)
        other.api = api
        other._hold(api.call("IVirtualBox_findMachine", api.virtualbox, self._folder.name), "Shared")
        return other

    def leave(self) -> None:
        """Give back a shared lock, and end its session."""
        self.api.call("ISession_unlockMachine", self._session)
        self.api.close()

    def _hold(self, machine: str, lock: str = "Write") -> None:
        self._session: str = self.api.call("IWebsessionManager_getSessionObject", self.api.virtualbox)
        self.api.call("IMachine_lockMachine", machine, self._session, lock)
        self.ref: str = self.api.call("ISession_getMachine", self._session)

    def find_again(self, api: Api) -> None:
        """Continue with a new session, after the old one ended with its VBoxSVC."""
        self.api = api
        self._hold(api.call("IVirtualBox_findMachine", api.virtualbox, self._folder.name))

    def image(self, machine: str, disk: str) -> str:
        """The image of a machine, or of a snapshot's machine, for a disk."""
        found: str = self.api.call("IMachine_getMedium", machine, CONTROLLER, self.disks[disk], 0)
        return found

    def remove(self) -> None:
        """Unlock it, and remove it with its snapshots, its images and its folder."""
        api = self.api
        api.call("ISession_unlockMachine", self._session)
        machine = api.call("IVirtualBox_findMachine", api.virtualbox, self._folder.name)
        images = api.call("IMachine_unregister", machine, "Full")
        api.finish("IMachine_deleteConfig", machine, images or [])
        shutil.rmtree(self._folder, ignore_errors=True)
