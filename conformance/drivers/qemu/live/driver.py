"""Finds QEMU, sees that it starts, and opens domains."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import ClassVar, Final
from weakref import WeakSet

from snaptree.conformance.driver import DEFAULT_DISKS, DriverOptions, DriverUnavailable
from snaptree.conformance.drivers.kit.qemu_machine.machine import Machine, MachineLost
from snaptree.conformance.drivers.kit.qemu_machine.monitor import CommandError
from snaptree.conformance.drivers.kit.qemu_machine.system import System, find_system
from snaptree.conformance.drivers.qemu.image_driver import ImageDriver
from snaptree.conformance.drivers.qemu.live.domain import LiveDomain
from snaptree.conformance.drivers.qemu.programs import SETTINGS

NEEDED: Final = frozenset(
    (
        "blockdev-add", "blockdev-del", "blockdev-snapshot-sync", "block-stream", "block-commit",
        "block-export-add", "block-export-del", "nbd-server-start", "job-dismiss", "job-complete",
        "transaction", "migrate", "query-migrate", "quit",
    )
)  # fmt: skip
"""The QMP commands without which the driver cannot work."""


class LiveDriver(ImageDriver):
    """A running QEMU, and qemu-img while the domain is off.

    Settings as for ``ImageDriver``, and ``accel``: ``kvm`` or ``tcg``. Raises DriverUnavailable when a
    program is missing, does not work or lacks a QMP command, or there is no folder to work in.
    """

    name = "qemu:live"
    settings: ClassVar[Mapping[str, str]] = {
        **SETTINGS,
        "accel": "kvm or tcg; default is kvm where it makes a machine",
    }
    own_profile = "qemu-live"
    prefix = "snaptree-live-"
    domain_class: ClassVar[type[LiveDomain]] = LiveDomain

    def __init__(self, options: DriverOptions) -> None:
        super().__init__(options)
        self._domains: WeakSet[LiveDomain] = WeakSet()
        try:
            self._system, version = _started(find_system(self._programs), self._work.path)
            self.artifacts = [*self._tools.artifacts, Path(self._system.program)]
            self.version = f"{version}{self._package} with {self._system.accelerator.upper()}"
        except BaseException:
            self._work.abandon()
            raise

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


def _started(system: System, folder: Path) -> tuple[System, str]:
    """The system with the QMP commands that it states (query-qmp-schema), and its version."""
    try:
        machine = Machine(system, folder)
    except (MachineLost, OSError) as error:
        raise DriverUnavailable(f"{system.program} does not start: {error}") from None
    try:
        version = machine.call("query-version")["qemu"]
        schema = machine.call("query-qmp-schema")
    except (MachineLost, CommandError) as error:
        raise DriverUnavailable(f"{system.program} does not answer: {error}") from None
    finally:
        machine.kill()
    commands = frozenset(one["name"] for one in schema if one["meta-type"] == "command")
    if not commands >= NEEDED:
        raise DriverUnavailable(f"{system.program} lacks {', '.join(sorted(NEEDED - commands))}")
    return replace(system, commands=commands), f"{version['major']}.{version['minor']}.{version['micro']}"
