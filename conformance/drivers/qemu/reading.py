"""What a layer holds, as QEMU reads it: through its whole chain, without reverting.

A disk of a point takes 0.7 ms to read, and of a tree of points only few change in
a step. So a reading is kept for as long as none of the files that it came from was
touched: each is known by its inode, its size and the time of its last change.
Nothing is taken from what an operation was meant to do, and damage to any layer
shows in the step that did it. The digests at the end read everything anew.
"""

from __future__ import annotations

import os
from hashlib import file_digest
from pathlib import Path

from snaptree.conformance.driver import Json
from snaptree.conformance.drivers.qemu.console import Console
from snaptree.conformance.drivers.qemu.storage import Storage
from snaptree.conformance.drivers.qemu.tools import Tools, run
from snaptree.spec.state import BLOCK_SIZE, BLOCK_STRIDE

Stamp = tuple[tuple[int, int, int], ...]


class Reader:
    """Reads the points of one domain, and keeps what it read while the files stay as they are."""

    def __init__(self, storage: Storage, console: Console) -> None:
        self._storage = storage
        self._console = console
        self._kept: dict[str, tuple[Stamp, int, dict[str, int]]] = {}

    def point(self, layer: int) -> dict[str, Json]:
        """A point in the form of an observation. A block that holds several values is shown as -1."""
        disks = {disk: self._disk(disk, layer) for disk in self._storage.disks}
        # A domain that never runs has neither memory nor a configuration.
        return {"disks": disks, "memory": None, "power": "off", "configuration": {}}

    def forget(self, disk: str, layer: int) -> None:
        """Read the layer anew: it is about to be written.

        The clock of a file system may stand still for some milliseconds, so that
        two writes in a row are one to it.
        """
        self._kept.pop(self._storage.image(disk, layer), None)

    def _disk(self, disk: str, layer: int) -> dict[str, Json]:
        image = self._storage.image(disk, layer)
        stamp = self._stamp(image)
        kept = self._kept.get(image)
        if kept is None or kept[0] != stamp:
            size, blocks = _read(self._console, located(self._storage, disk, layer))
            kept = self._kept[image] = stamp, size, blocks
        return {"size": kept[1], "blocks": dict(kept[2])}

    def _stamp(self, image: str) -> Stamp:
        found = (os.stat(self._storage.folder / name) for name in self._storage.chain(image))
        return tuple((one.st_ino, one.st_size, one.st_mtime_ns) for one in found)


def _read(console: Console, image: str) -> tuple[int, dict[str, int]]:
    with console.image(image):
        size = console.size()
        last = (size - BLOCK_SIZE) // BLOCK_STRIDE
        values = {str(block): console.read(block * BLOCK_STRIDE) for block in range(last + 1)}
    return size, {block: value for block, value in values.items() if value}


def located(storage: Storage, disk: str, layer: int) -> str:
    """The name of an image for a console that runs in the folder above the domain's."""
    return f"{storage.folder.name}/{storage.image(disk, layer)}"


def digests_of(storage: Storage, tools: Tools, layers: dict[str, int]) -> dict[str, dict[str, str]]:
    """SHA-256, in hexadecimal, of everything a guest would read from each disk of these layers."""
    return {where: _digests(storage, tools, layer) for where, layer in layers.items()}


def _digests(storage: Storage, tools: Tools, layer: int) -> dict[str, str]:
    images = {disk: storage.image(disk, layer) for disk in storage.disks}
    plain = {disk: storage.folder / f"{image}.raw" for disk, image in images.items()}
    try:
        run([tools.raw(images[disk], plain[disk].name) for disk in images], storage.folder)
        return {disk: _digest(path) for disk, path in plain.items()}
    finally:
        for path in plain.values():
            path.unlink(missing_ok=True)


def _digest(path: Path) -> str:
    with path.open("rb") as content:
        return file_digest(content, "sha256").hexdigest()
