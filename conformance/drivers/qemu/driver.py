"""Bringing QEMU up: its tools, a folder to work in, fresh domains."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from itertools import count
from pathlib import Path
from typing import Final

from snaptree.conformance.driver import DEFAULT_DISKS, DriverOptions, DriverUnavailable
from snaptree.conformance.drivers.qemu.console import Console
from snaptree.conformance.drivers.qemu.domain import QemuDomain
from snaptree.conformance.drivers.qemu.storage import Storage, make_blank
from snaptree.conformance.drivers.qemu.tools import find_tools
from snaptree.conformance.drivers.reaper import WorkFolder
from snaptree.spec.profiles import load_profile
from snaptree.spec.state import BLOCK_SIZE

PREFIX: Final = "snaptree-qemu-"


class QemuDriver:
    """QEMU, one qcow2 layer per snapshot and disk, offline.

    Settings: ``qemu-bin``, the folder with qemu-img and qemu-io. Raises
    DriverUnavailable when they are missing or there is no folder to work in.
    With the option ``keep`` the images stay after ``close``, in ``kept_at``.
    """

    name: str = "qemu"

    def __init__(self, options: DriverOptions) -> None:
        self.profile = load_profile(options.profile or "qemu")
        self._tools = find_tools(options.settings)
        self.version = self._tools.version
        try:
            self._work = WorkFolder(options.work, PREFIX)
        except OSError as error:
            raise DriverUnavailable(f"cannot make a folder to work in: {error}") from None
        self.kept_at: Path | None = None
        if options.keep:
            self.kept_at = self._work.path
            self._work.leave()
        # One qemu-io serves all domains that lie in the same folder.
        self._consoles = {self._work.path: Console(self._tools.qemu_io, self._work.path)}
        self._blanks: dict[tuple[tuple[str, int], ...], Storage] = {}
        self._numbers = count(1)

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
        """The domain in a folder that ``open`` made, here or in a process that is gone, recovered.

        Raises OSError or ValueError if the folder holds no domain.
        """
        return self._domain(Storage(folder, self._tools))

    def close(self) -> None:
        """End the qemu-io that is running; remove everything, or say where it is kept."""
        for console in self._consoles.values():
            console.close()
        if self.kept_at is None:
            self._work.remove()
        else:
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
        return QemuDomain(storage, self.profile, self._tools, console, keep=self.kept_at is not None)
