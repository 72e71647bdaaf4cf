"""The content of points' disks, kept until a file of an image's chain changes.

VirtualBox names those files each time. The digests at the end read everything again.
"""

from __future__ import annotations

from collections.abc import Iterator

from snaptree.conformance.driver import Json
from snaptree.conformance.drivers.kit.readings import Readings
from snaptree.conformance.drivers.virtualbox import disks
from snaptree.conformance.drivers.virtualbox.machine import Machine


class Reader:
    """Reads images in one session with the web service."""

    def __init__(self, machine: Machine) -> None:
        self._machine = machine
        self._api = machine.api
        self._readings: Readings[dict[str, Json]] = Readings()
        self._locations: dict[str, str] = {}

    def disk(self, image: str) -> dict[str, Json]:
        """One disk in the form of an observation."""
        return self._readings.read(image, self._chain(image), lambda: disks.read(self._api, image))

    def forget(self, image: str) -> None:
        """Drop the reading of a disk that is about to be written."""
        self._readings.forget(image)

    def _chain(self, image: str) -> Iterator[str]:
        link: str | None = image
        while link:
            yield self._machine.on_host(self._location(link))
            link = self._api.call("IMedium_getParent", link)

    def _location(self, image: str) -> str:
        # Where an image lies changes only when it is asked to move, and nothing here asks.
        if image not in self._locations:
            self._locations[image] = self._api.call("IMedium_getLocation", image)
        return self._locations[image]
