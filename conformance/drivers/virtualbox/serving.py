"""The process behind the boundary: starts VirtualBox in a folder of its own."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from itertools import count

from snaptree.conformance.driver import DEFAULT_DISKS, DriverOptions, DriverUnavailable
from snaptree.conformance.drivers.kit.work_folder import DriverFolder
from snaptree.conformance.drivers.virtualbox.codes import VirtualBoxError
from snaptree.conformance.drivers.virtualbox.description import description_of
from snaptree.conformance.drivers.virtualbox.domain import VirtualBoxDomain
from snaptree.conformance.drivers.virtualbox.machine import Machine
from snaptree.conformance.drivers.virtualbox.programs import find_programs
from snaptree.conformance.drivers.virtualbox.service import Service
from snaptree.conformance.drivers.virtualbox.soap import Api, load
from snaptree.spec.profiles import load_profile


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
        self._numbers = count(1)
        self._service: Service | None = None
        self._programs = None
        try:
            self._programs = find_programs(options.settings.get("virtualbox-bin"), self._work.path.name)
            self._service = Service(self._programs, self._work.path)
            self._description = description_of(self._service.address)
            session = self._session()
            self.version: str = session.call("IVirtualBox_getVersion", session.virtualbox)
            session.close()
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
        folder = self._work.path / f"m{next(self._numbers)}"
        machine = Machine(self._session(), folder, disks)
        return VirtualBoxDomain(machine, self._killed, self._begin_anew, self._session)

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
        assert self._service is not None, "it was brought up"
        return Api(self._zeep, self._description, self._service.address)

    def _begin_anew(self) -> None:
        """Start a new VirtualBox, which has no earlier machines."""
        assert self._service is not None, "it was brought up"
        self._service.kill()
        for entry in self._work.path.iterdir():
            if entry.is_dir():
                shutil.rmtree(entry, ignore_errors=True)
        self._service.start()

    def _killed(self) -> Api:
        assert self._service is not None, "it was brought up"
        self._service.kill(clients_first=self._clients_first)
        self._service.start()
        return self._session()
