"""Finds QEMU, sees that it starts, and opens domains."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar
from weakref import WeakSet

from snaptree.conformance.driver import DEFAULT_DISKS, DriverOptions, DriverUnavailable
from snaptree.conformance.drivers.kit.qemu_machine.machine import Machine, MachineLost
from snaptree.conformance.drivers.kit.qemu_machine.monitor import CommandError
from snaptree.conformance.drivers.kit.qemu_machine.system import find_system
from snaptree.conformance.drivers.qemu.image_driver import ImageDriver
from snaptree.conformance.drivers.qemu.live.domain import LiveDomain


class LiveDriver(ImageDriver):
    """A running QEMU, and qemu-img while the domain is off.

    Settings: ``qemu-bin``, the folder with the three programs; ``accel``, ``kvm`` or ``tcg``. Raises
    DriverUnavailable when a program is missing or does not work, or there is no folder to work in.
    """

    name = "qemu:live"
    settings: ClassVar[Mapping[str, str]] = {"accel": "kvm or tcg; default is kvm where it makes a machine"}
    own_profile = "qemu-live"
    prefix = "snaptree-live-"
    domain_class: ClassVar[type[LiveDomain]] = LiveDomain

    def __init__(self, options: DriverOptions) -> None:
        super().__init__(options)
        self._domains: WeakSet[LiveDomain] = WeakSet()
        try:
            self._system = find_system(options.settings)
            self.version = f"{self._version()} with {self._system.accelerator.upper()}"
        except BaseException:
            self._work.abandon()
            raise

    def _version(self) -> str:
        try:
            machine = Machine(self._system, self._work.path)
        except (MachineLost, OSError) as error:
            raise DriverUnavailable(f"{self._system.program} does not start: {error}") from None
        try:
            version = machine.call("query-version")["qemu"]
        except (MachineLost, CommandError) as error:
            raise DriverUnavailable(f"{self._system.program} does not answer: {error}") from None
        finally:
            machine.kill()
        return f"{version['major']}.{version['minor']}.{version['micro']}"

    def open(self, disks: Mapping[str, int] = DEFAULT_DISKS) -> LiveDomain:
        """A fresh domain, off, of images that read zero; sizes in bytes."""
        domain = self.domain_class(
            self._next_folder(), disks, self.profile, self._tools, self._console, self._system,
            keep=self._keeps,
        )  # fmt: skip
        self._domains.add(domain)
        return domain

    def close(self) -> None:
        """End every guest and qemu-io; remove everything, or print the folder that is kept."""
        for domain in list(self._domains):
            domain.close()
        super().close()
