"""The process behind the boundary: starts VirtualBox in a folder of its own."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from itertools import count
from pathlib import Path
from typing import Final

from snaptree.conformance.driver import DEFAULT_DISKS, DriverOptions, DriverUnavailable
from snaptree.conformance.drivers.kit.work_folder import DriverFolder
from snaptree.conformance.drivers.virtualbox.codes import VirtualBoxError
from snaptree.conformance.drivers.virtualbox.description import description_of
from snaptree.conformance.drivers.virtualbox.domain import ReopenedMachine, VirtualBoxDomain
from snaptree.conformance.drivers.virtualbox.machine import Machine
from snaptree.conformance.drivers.virtualbox.programs import find_programs
from snaptree.conformance.drivers.virtualbox.service import Service
from snaptree.conformance.drivers.virtualbox.soap import Api, load
from snaptree.spec.profiles import load_profile

VOLATILE: Final = ("*.log", "*.log.*", "*/home/*.dat")
"""Logs, and what XPCOM found out about its components: no state of a machine."""

_MACHINE: Final = "m"
"""What the name of a machine begins with; a number follows."""


def _nothing() -> None:
    """VBoxSVC starts with the folder that it opens."""


class ServedVirtualBox:
    """VirtualBox with a home of its own.

    Settings: ``virtualbox-bin`` is the folder of its programs. ``crash=clients-first`` kills the clients of
    VBoxSVC before VBoxSVC itself, as the end of a session does; by default VBoxSVC is killed first.

    Raises DriverUnavailable if VirtualBox or zeep is missing, or if a target is given.
    """

    name: str = "virtualbox"

    def __init__(self, options: DriverOptions) -> None:
        if options.target:
            raise DriverUnavailable(
                f"virtualbox takes nothing behind a colon, and {options.target!r} was given"
            )
        self._zeep = load()
        self._clients_first = options.settings.get("crash") == "clients-first"
        self.profile = load_profile(options.profile or "virtualbox")
        self._work = DriverFolder(options, "snaptree-virtualbox-")
        self.kept_at = self._work.kept_at
        self._own = self._work.path / "0"
        self._numbers = count(1)
        self._service: Service | None = None
        self._programs = None
        try:
            self._programs = find_programs(
                options.settings.get("virtualbox-bin"), self._work.path.name, in_place=options.keep
            )
            self._own.mkdir()
            self._service = Service(self._programs, self._own, self._work.path / "service.log")
            self._description = description_of(self._service.address)
            session = self._session()
            self.version: str = session.call("IVirtualBox_getVersion", session.virtualbox)
            session.close()
            if self._programs.at is not None:
                # Only a driver that says so has these: see ``Recovers``.
                self.volatile = VOLATILE
                self.reopen = self._reopen
                self.quiesce = self._service.kill
                self.wake = _nothing
        except BaseException as error:
            self._end()
            self._work.abandon()
            if isinstance(error, OSError | VirtualBoxError):
                raise DriverUnavailable(f"VirtualBox cannot be brought up: {error}") from None
            raise

    def open(self, disks: Mapping[str, int] = DEFAULT_DISKS, *, persistent: bool = True) -> VirtualBoxDomain:
        """A fresh machine. VirtualBox has no transient ones."""
        if not persistent:
            raise DriverUnavailable("VirtualBox has no transient machines")
        service = self._serving()
        if service.folder != self._own or not service.running:
            service.move(self._own)
        name = f"{_MACHINE}{next(self._numbers)}"
        machine = Machine(self._session(), service.seen / name, service.folder / name, disks)
        domain = VirtualBoxDomain(machine, self._killed, self._begin_anew, self._session)
        if service.seen != service.folder:
            domain.folder = self._own
        return domain

    def _reopen(self, folder: Path) -> ReopenedMachine:
        """The machine in a folder, with a new VBoxSVC. Raises VirtualBoxError if it has none."""
        service = self._serving()
        service.move(folder)
        names = [entry.name for entry in folder.iterdir() if entry.name.startswith(_MACHINE)]
        if len(names) != 1:
            raise VirtualBoxError("reopen", 0, f"{folder} holds {len(names)} machines, not one")
        machine = Machine.again(self._session(), service.seen / names[0], folder / names[0])
        domain = ReopenedMachine(machine, self._killed, service.kill, self._session)
        domain.folder = folder
        return domain

    def close(self) -> None:
        """End the processes and remove everything that was made."""
        self._end()
        self._work.close()

    def _end(self) -> None:
        if self._service is not None:
            self._service.kill()
        if self._programs is not None:
            self._programs.close()

    def _session(self) -> Api:
        return Api(self._zeep, self._description, self._serving().address)

    def _serving(self) -> Service:
        assert self._service is not None, "it was brought up"
        return self._service

    def _begin_anew(self) -> None:
        """Start a new VirtualBox, which has no earlier machines."""
        service = self._serving()
        service.kill()
        for entry in self._own.iterdir():
            shutil.rmtree(entry, ignore_errors=True)
        service.move(self._own)

    def _killed(self) -> Api:
        service = self._serving()
        service.kill(clients_first=self._clients_first)
        service.start()
        return self._session()
