"""The driver of the stored hypervisors: which one it opens is the setting ``stored``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import ClassVar, Final

from snaptree.conformance.driver import DEFAULT_DISKS, DriverOptions, DriverUnavailable
from snaptree.conformance.drivers.kit.work_folder import DriverFolder
from snaptree.conformance.mutants.stored.catalogue import STORED, Stored
from snaptree.conformance.mutants.stored.shelf import Shelf
from snaptree.spec.profiles import load_profile

DRIVER: Final = "snaptree.conformance.mutants.stored:StoredDriver"
"""The name by which ``open_driver`` finds it."""


class StoredDriver:
    """Opens domains of the hypervisor that the setting names."""

    settings: ClassVar[Mapping[str, str]] = {"stored": "the name of the faulty or different hypervisor"}
    version = "1"
    volatile: tuple[str, ...] = ()

    def __init__(self, options: DriverOptions) -> None:
        self.stored = _named(options.settings.get("stored", ""))
        self.name = f"stored {self.stored.name}"
        profile = load_profile(options.profile or "qemu")
        # The shelf resizes nothing.
        claimed = {call: claim for call, claim in profile.operations.items() if call != "resize_disk"}
        self.profile = replace(profile, operations=claimed, durability={"power": self.stored.power})
        self._work = DriverFolder(options, "snaptree-stored-")
        self._numbers = count(1)

    def open(self, disks: Mapping[str, int] = DEFAULT_DISKS) -> Shelf:
        """A fresh domain."""
        folder = self._work.path / f"domain-{next(self._numbers)}"
        folder.mkdir()
        return self.stored.domain(self.profile, folder, disks)

    def reopen(self, folder: Path) -> Shelf:
        """The domain in a folder, recovered."""
        return self.stored.domain(self.profile, folder)

    def close(self) -> None:
        """Remove everything."""
        self._work.close()


def options_for(stored: Stored) -> DriverOptions:
    """What makes the driver open this one."""
    return DriverOptions(settings={"stored": stored.name})


def _named(name: str) -> Stored:
    for stored in STORED:
        if stored.name == name:
            return stored
    known = ", ".join(stored.name for stored in STORED)
    raise DriverUnavailable(f"the setting 'stored' is {name!r:.100}; it has to be one of: {known}")
