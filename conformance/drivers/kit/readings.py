"""What files hold, kept for as long as none of the files that it came from was touched.

Reading a disk of a point takes QEMU a millisecond and VirtualBox twenty, and of a tree of points only few
change in a step. So a reading is kept as long as the image and all that it builds on are the files that they
were: the same inode, size and time of last change. Nothing is taken from what an operation was meant to do,
so damage to any file shows in the step that did it.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Final, Generic, TypeVar

R = TypeVar("R")

Stamp = tuple[tuple[int, int, int], ...]

STANDS_STILL: Final = 20_000_000
"""Nanoseconds: the clock of a file system may stand still for some milliseconds, so that two changes in a row
are one to it. A reading of a file that was changed as lately as this is not kept."""


class Readings(Generic[R]):
    """Readings by name. ``now`` is the clock, in nanoseconds, that the file system's times are told by."""

    def __init__(self, now: Callable[[], int] = time.time_ns) -> None:
        self._now = now
        self._kept: dict[str, tuple[Stamp, R]] = {}

    def read(self, name: str, files: Iterable[str | Path], read: Callable[[], R]) -> R:
        """The reading of that name: the one that is kept if the files are as they were, else a new one.

        Whoever gets it must not change it. Raises OSError where a file is gone, and what ``read`` raises.
        """
        # The clock first: a file whose time of change is long past by then gets another one when it changes.
        now = self._now()
        stamp = tuple(_mark(file) for file in files)
        kept = self._kept.get(name)
        if kept is not None and kept[0] == stamp:
            return kept[1]
        found = read()
        if all(now - changed > STANDS_STILL for _, _, changed in stamp):
            self._kept[name] = stamp, found
        else:
            self._kept.pop(name, None)
        return found

    def forget(self, name: str) -> None:
        """Read it anew next time: it is about to be written."""
        self._kept.pop(name, None)


def _mark(file: str | Path) -> tuple[int, int, int]:
    status = os.stat(file)
    return status.st_ino, status.st_size, status.st_mtime_ns
