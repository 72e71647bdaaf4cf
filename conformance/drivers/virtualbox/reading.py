"""What the disks of points hold, kept for as long as none of the files that it came from was touched.

A disk of a point takes 20 ms to read through the API, and of a tree of points only few change in a step.
So a reading is kept as long as the image and all that it builds on, as VirtualBox tells it now, are the
files that they were: the same inode, size and time of last change. Nothing is taken from what an operation
was meant to do. The digests at the end read everything anew.
"""

from __future__ import annotations

import os
import time
from typing import Final

from snaptree.conformance.driver import Json
from snaptree.conformance.drivers.virtualbox import disks
from snaptree.conformance.drivers.virtualbox.soap import Api

Stamp = tuple[tuple[int, int, int], ...]

_STANDS_STILL: Final = 20_000_000
"""Nanoseconds: the clock of a file system may stand still for some milliseconds, so that two changes in a
row are one to it. What was changed as lately as this is not kept."""


class Reader:
    """Reads images in one session with the web service."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self._kept: dict[str, tuple[Stamp, dict[str, Json]]] = {}
        self._locations: dict[str, str] = {}

    def disk(self, image: str) -> dict[str, Json]:
        """One disk in the form of an observation."""
        stamp = self._stamp(image)
        kept = self._kept.get(image)
        if kept is None or kept[0] != stamp:
            kept = stamp, disks.read(self._api, image)
            if all(time.time_ns() - changed > _STANDS_STILL for _, _, changed in stamp):
                self._kept[image] = kept
        return kept[1]

    def forget(self, image: str) -> None:
        """Read it anew: it is about to be written."""
        self._kept.pop(image, None)

    def _stamp(self, image: str) -> Stamp:
        found = []
        link: str | None = image
        while link:
            status = os.stat(self._location(link))
            found.append((status.st_ino, status.st_size, status.st_mtime_ns))
            link = self._api.call("IMedium_getParent", link)
        return tuple(found)

    def _location(self, image: str) -> str:
        # Where an image lies changes only when it is asked to move, and nothing here asks.
        if image not in self._locations:
            self._locations[image] = self._api.call("IMedium_getLocation", image)
        return self._locations[image]
