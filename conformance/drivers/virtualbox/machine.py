"""One machine: created, locked by a session, found again after VBoxSVC was killed, and removed."""

from __future__ import annotations

import os
from collections.abc import Mapping
from copy import copy
from pathlib import Path
from typing import Final

from snaptree.conformance.drivers.virtualbox import disks as images
from snaptree.conformance.drivers.virtualbox.codes import VirtualBoxError
from snaptree.conformance.drivers.virtualbox.soap import Api

CONTROLLER: Final = "disks"


class Machine:
    """A machine of its own folder, with a disk image for each disk, locked for as long as it is there.

    ``api`` is its own session with the web service, in which one object has one reference; ``ref`` is the
    machine that the lock lets be changed. ``sizes`` of disks never change here. ``folder`` is its folder as
    VirtualBox sees it, ``host`` as this process does.
    """

    def __init__(self, api: Api, folder: Path, host: Path, disks: Mapping[str, int]) -> None:
        self.api = api
        self._host = host
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

    @classmethod
    def again(cls, api: Api, folder: Path, host: Path) -> Machine:
        """The machine whose folder this is, made by another VBoxSVC. Raises VirtualBoxError without one."""
        machine = cls.__new__(cls)
        machine._folder, machine._host = folder, host
        machine.find_again(api)
        found = machine._attached()
        machine.disks = {disk: port for port, (disk, _) in enumerate(found)}
        machine.sizes = {disk: images.size(api, image) for disk, image in found}
        return machine

    def _attached(self) -> list[tuple[str, str]]:
        """The disks by port: the name of the first image of each, and the current one."""
        found: list[tuple[str, str]] = []
        while True:
            try:
                image = self.api.call("IMachine_getMedium", self.ref, CONTROLLER, len(found), 0)
            except VirtualBoxError:
                return found
            base = image
            while parent := self.api.call("IMedium_getParent", base):
                base = parent
            found.append((Path(self.api.call("IMedium_getLocation", base)).stem, image))

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

    def on_host(self, location: str) -> str:
        """Where this process finds a file of the machine."""
        path = Path(location)
        inside = path.is_relative_to(self._folder)
        return os.fspath(self._host / path.relative_to(self._folder)) if inside else location

    def image(self, machine: str, disk: str) -> str:
        """The image of a machine, or of a snapshot's machine, for a disk."""
        found: str = self.api.call("IMachine_getMedium", machine, CONTROLLER, self.disks[disk], 0)
        return found

    def remove(self) -> None:
        """Unlock it, and remove it with its snapshots and its images."""
        api = self.api
        api.call("ISession_unlockMachine", self._session)
        machine = api.call("IVirtualBox_findMachine", api.virtualbox, self._folder.name)
        images = api.call("IMachine_unregister", machine, "Full")
        api.finish("IMachine_deleteConfig", machine, images or [])
