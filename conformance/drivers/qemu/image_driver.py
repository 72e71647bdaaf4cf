"""What the drivers that let QEMU's own operations answer have in common: tools, a work folder, a qemu-io."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from itertools import count
from pathlib import Path
from typing import ClassVar

from snaptree.conformance.driver import DriverOptions
from snaptree.conformance.drivers.kit.qemu_images.console import Console
from snaptree.conformance.drivers.kit.qemu_images.tools import find_tools
from snaptree.conformance.drivers.kit.work_folder import DriverFolder
from snaptree.conformance.drivers.qemu.programs import SETTINGS, programs_of
from snaptree.spec.profiles import load_profile


class ImageDriver:
    """A subclass names its profile and the prefix of its work folder, and opens domains in folders below it.

    The settings ``qemu-bin``, ``build`` and ``tree`` choose a QEMU other than the host's. Raises
    DriverUnavailable when qemu-img or qemu-io is missing or there is no folder to work in.
    """

    name: str
    settings: ClassVar[Mapping[str, str]]
    own_profile: ClassVar[str]
    prefix: ClassVar[str]

    def __init__(self, options: DriverOptions) -> None:
        self.profile = load_profile(options.profile or self.own_profile)
        self._work = DriverFolder(options, self.prefix)
        try:
            self._programs = programs_of(options.settings, self._work.path)
            self._tools = find_tools(self._programs)
        except BaseException:
            self._work.abandon()
            raise
        self._package = f" ({self._tools.package})" if SETTINGS.keys() & options.settings.keys() else ""
        self.version = f"{self._tools.version}{self._package}"
        self.artifacts = self._tools.artifacts
        self.kept_at = self._work.kept_at
        self._console = Console(self._tools.qemu_io, self._work.path)
        self._numbers = count(1)

    @property
    def _keeps(self) -> bool:
        return self.kept_at is not None

    def _next_folder(self) -> Path:
        """The folder of the next domain; nobody has made it yet."""
        return self._work.path / f"domain-{next(self._numbers)}"

    def close(self) -> None:
        """Stop qemu-io; remove everything, or print the folder that is kept."""
        self._console.close()
        self._work.close()
        if self.kept_at is not None:
            print(f"the images are kept in {self.kept_at}", file=sys.stderr)
