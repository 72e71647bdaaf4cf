"""The content of a layer as QEMU reads it: through its whole chain, without a revert.

Reading a disk of a point takes 0.7 ms. A reading is kept until a file of its chain changes. The digests at
the end read everything again.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from contextlib import AbstractContextManager
from hashlib import file_digest
from pathlib import Path
from typing import Protocol

from snaptree.conformance.driver import Json
from snaptree.conformance.drivers.kit.blocks import block_count, disk_entry
from snaptree.conformance.drivers.kit.qemu_images.console import Console
from snaptree.conformance.drivers.kit.qemu_images.tools import Tools, run
from snaptree.conformance.drivers.kit.readings import Readings
from snaptree.spec.state import BLOCK_STRIDE

Opened = Callable[[str], AbstractContextManager[None]]
"""Opens a disk in the console for as long as the body runs."""


class Images(Protocol):
    """The images of one domain: one for each layer of each disk, in one folder."""

    @property
    def folder(self) -> Path:
        """The folder of the images."""

    @property
    def disks(self) -> Collection[str]:
        """The ids of the disks."""

    def image(self, disk: str, layer: int) -> str:
        """The file of a layer of a disk."""

    def chain(self, image: str) -> Iterator[str]:
        """The image and its backing files, from top to bottom."""


class Reader:
    """Reads the points of one domain, and keeps each reading until a file changes."""

    def __init__(self, images: Images, console: Console) -> None:
        self._images = images
        self._console = console
        self._readings: Readings[tuple[int, dict[int, int]]] = Readings()

    def point(self, layer: int, opened: Opened | None = None) -> dict[str, Json]:
        """A point in the form of an observation. A block that holds several values is shown as -1.

        ``opened`` opens each disk in the console, where its image is not to be opened from outside.
        """
        disks = {disk: self._disk(disk, layer, opened) for disk in self._images.disks}
        # A domain that never runs has neither memory nor a configuration.
        return {"disks": disks, "memory": None, "power": "off", "configuration": {}}

    def forget(self, disk: str, layer: int) -> None:
        """Drop the reading of a layer that is about to be written."""
        self._readings.forget(self._images.image(disk, layer))

    def _disk(self, disk: str, layer: int, opened: Opened | None) -> dict[str, Json]:
        image = self._images.image(disk, layer)
        chain = (self._images.folder / name for name in self._images.chain(image))
        name = console_path(self._images, disk, layer)

        def read() -> tuple[int, dict[int, int]]:
            with self._console.image(name) if opened is None else opened(disk):
                return _read(self._console)

        return disk_entry(*self._readings.read(image, chain, read))


def _read(console: Console) -> tuple[int, dict[int, int]]:
    size = console.size()
    return size, {block: console.read(block * BLOCK_STRIDE) for block in range(block_count(size))}


def console_path(images: Images, disk: str, layer: int) -> str:
    """The name of an image for a console that runs in the folder above the domain's."""
    return f"{images.folder.name}/{images.image(disk, layer)}"


def digests_of(images: Images, tools: Tools, layers: dict[str, int]) -> dict[str, dict[str, str]]:
    """SHA-256, in hexadecimal, of all bytes that a guest would read from each disk of these layers."""
    return {where: _digests(images, tools, layer) for where, layer in layers.items()}


def _digests(images: Images, tools: Tools, layer: int) -> dict[str, str]:
    files = {disk: images.image(disk, layer) for disk in images.disks}
    plain = {disk: images.folder / f"{file}.raw" for disk, file in files.items()}
    try:
        run([tools.raw(files[disk], plain[disk].name) for disk in files], images.folder)
        return {disk: _digest(path) for disk, path in plain.items()}
    finally:
        for path in plain.values():
            path.unlink(missing_ok=True)


def digest_of_export(tools: Tools, folder: Path, socket: str, export: str) -> str:
    """The same of an NBD export, whose socket is named relative to the folder."""
    source = f"driver=nbd,server.type=unix,server.path={socket},export={export}"
    plain = folder / f"{socket}.raw"
    try:
        run([[tools.qemu_img, "convert", "--image-opts", "-O", "raw", source, plain.name]], folder)
        return _digest(plain)
    finally:
        plain.unlink(missing_ok=True)


def _digest(path: Path) -> str:
    with path.open("rb") as content:
        return file_digest(content, "sha256").hexdigest()
