"""Starts QEMU: finds its tools, makes a work folder, opens fresh domains."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from itertools import count
from pathlib import Path
from typing import ClassVar, Final
from weakref import WeakSet

from snaptree.conformance.driver import DEFAULT_DISKS, DriverOptions
from snaptree.conformance.drivers.kit.qemu_images.console import Console
from snaptree.conformance.drivers.kit.qemu_images.tools import find_tools
from snaptree.conformance.drivers.kit.work_folder import DriverFolder
from snaptree.conformance.drivers.qemu.domain import QemuDomain
from snaptree.conformance.drivers.qemu.storage import Storage, make_blank
from snaptree.spec.profiles import load_profile
from snaptree.spec.state import BLOCK_SIZE

PREFIX: Final = "snaptree-qemu-"


class QemuDriver:
    """QEMU, one qcow2 layer per snapshot and disk, offline.

    Settings: ``qemu-bin``, the folder with qemu-img and qemu-io. Raises
    DriverUnavailable when they are missing or there is no folder to work in.
    With the option ``keep`` the images stay after ``close``, in ``kept_at``. A
    subclass may have a ``domain_class`` of its own.
    """

    name: str = "qemu"
    settings: ClassVar[Mapping[str, str]] = {}
    volatile: ClassVar[tuple[str, ...]] = ()
    domain_class: ClassVar[type[QemuDomain]] = QemuDomain

    def __init__(self, options: DriverOptions) -> None:
        self.profile = load_profile(options.profile or "qemu")
        self._tools = find_tools(options.settings)
        self.version = self._tools.version
        self.artifacts = self._tools.artifacts
        self._work = DriverFolder(options, PREFIX)
        self.kept_at = self._work.kept_at
        # One qemu-io serves all domains that lie in the same folder.
        self._consoles = {self._work.path: Console(self._tools.qemu_io, self._work.path)}
        self._blanks: dict[tuple[tuple[str, int], ...], Storage] = {}
        self._numbers = count(1)
        self._domains: WeakSet[QemuDomain] = WeakSet()

    def open(self, disks: Mapping[str, int] = DEFAULT_DISKS) -> QemuDomain:
        """A fresh, powered-off domain without snapshots whose disks read zero.

        ``disks`` maps ids to sizes in bytes, positive multiples of 512, else ValueError.
        """
        for disk, size in disks.items():
            if size <= 0 or size % BLOCK_SIZE:
                raise ValueError(f"disk {disk!r}: {size} bytes is not a positive multiple of {BLOCK_SIZE}")
        storage = self._blank(disks).copied_to(self._work.path / f"domain-{next(self._numbers)}")
        return self._domain(storage)

    def reopen(self, folder: Path) -> QemuDomain:
        """The domain in a folder that ``open`` made, in this process or an earlier one, recovered.

        A folder has one domain at a time: raises FolderInUse, an OSError, until the other one is closed or
        released, and OSError or ValueError if the folder holds no domain.
        """
        return self._domain(Storage(folder, self._tools))

    def close(self) -> None:
        """Stop the running qemu-io; remove everything, or print the folder that is kept."""
        for console in self._consoles.values():
            console.close()
        self._work.close()
        for domain in self._domains:
            domain.release()
        if self.kept_at is not None:
            print(f"the images of qemu are kept in {self.kept_at}", file=sys.stderr)

    def _blank(self, disks: Mapping[str, int]) -> Storage:
        # Made by QEMU once for each set of disks and then copied: opening is what a sampled run does most.
        key = tuple(disks.items())
        blank = self._blanks.get(key)
        if blank is None:
            folder = self._work.path / f"blank-{len(self._blanks)}"
            make_blank(folder, disks, self._tools)
            blank = self._blanks[key] = Storage(folder, self._tools)
        return blank

    def _domain(self, storage: Storage) -> QemuDomain:
        above = storage.folder.parent
        console = self._consoles.setdefault(above, Console(self._tools.qemu_io, above))
        domain = self.domain_class(storage, self.profile, self._tools, console, keep=self.kept_at is not None)
        self._domains.add(domain)
        return domain
