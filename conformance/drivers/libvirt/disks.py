"""The images of domains: made by qemu-img, written by qemu-io, read whether or not a QEMU holds them.

Which image a disk has now, and had when a snapshot was taken, is what libvirt's
documents say; here is what those images hold.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from snaptree.conformance.driver import Json
from snaptree.conformance.drivers.kit.blocks import block_value, disk_entry
from snaptree.conformance.drivers.kit.qemu_images.console import Console
from snaptree.conformance.drivers.kit.qemu_images.qcow2 import NotReadable, read_image
from snaptree.conformance.drivers.kit.qemu_images.tools import PATIENCE, Tools, run
from snaptree.conformance.drivers.libvirt.documents import Place
from snaptree.spec.state import BLOCK_STRIDE

OPEN_TO_OTHERS: Final = 0o777
"""A domain's folder may be another user's to write in: that of a daemon's QEMU. The
folder around it has a name that nobody knows and a list that nobody can read."""


class Images:
    """The images of one domain, in a folder of their own."""

    def __init__(self, folder: Path, disks: Mapping[str, int], tools: Tools, console: Console) -> None:
        self.sizes = dict(disks)
        self._tools = tools
        self.folder = folder
        self._console = console

    def path(self, disk: str) -> Path:
        """Where the first image of a disk lies."""
        return self.folder / f"{disk}.qcow2"

    def overlay(self, disk: str, number: int) -> Path:
        """Where an external snapshot puts what is written after it."""
        return self.folder / f"{disk}.{number}"

    def memory(self, number: int) -> Path:
        """Where an external snapshot puts the memory."""
        return self.folder / f"memory.{number}"

    def attach(self, number: int, size: int) -> Path:
        """A further image that reads zero; the number tells it from the other ones."""
        image = self.folder / f"attached.{number}.qcow2"
        self._run("create", image, str(size))
        return image

    def resize(self, image: Path, size: int) -> None:
        """Set the size in bytes. No QEMU may hold the image."""
        shrink = ["--shrink"] if size < self.size(image) else []
        self._run("resize", *shrink, image, str(size))

    def size(self, image: Path) -> int:
        """The size in bytes that a disk has now."""
        found = read_image(image)
        if found is None:
            raise NotReadable(f"{image} is gone")
        return found.size

    def write(self, image: Path, blocks: Mapping[int, int]) -> None:
        """Set blocks to their values. No QEMU may hold the image."""
        with self._console.image(self._name(image), write=True):
            for block, value in blocks.items():
                self._console.write(block * BLOCK_STRIDE, value)

    def read(self, image: Path, inside: str | None = None) -> dict[str, Json] | None:
        """A disk in the form of an observation, now or as a snapshot of that name holds it.

        None if there is no such image or snapshot.
        """
        found = read_image(image, inside)
        if found is None:
            return None
        values = {k: block_value(content) for k, content in found.blocks.items() if content is not None}
        if found.backing is not None and None in found.blocks.values():
            below = self.read(image.parent / found.backing)
            if below is None:
                raise NotReadable(f"{image} is backed by {found.backing}, which is gone")
            for block, content in found.blocks.items():
                if content is None:
                    values[block] = below["blocks"].get(str(block), 0)
        return disk_entry(found.size, values)

    def digest(self, image: Path) -> str:
        """SHA-256, in hexadecimal, of every byte of a disk as QEMU reads it, held by another one or not."""
        with TemporaryDirectory(dir=self.folder) as folder:
            plain = Path(folder, "plain")
            command: list[str | Path] = [
                self._tools.qemu_img,
                "convert",
                "-U",
                "-f",
                "qcow2",
                "-O",
                "raw",
                image,
                plain,
            ]
            subprocess.run(command, check=True, capture_output=True, timeout=PATIENCE)
            return sha256(plain.read_bytes()).hexdigest()

    def read_point(self, places: Mapping[str, Place]) -> dict[str, Json]:
        """The disks of a point. One whose image or snapshot is gone is not among them."""
        found = {}
        for disk, place in places.items():
            seen = self.read(place.image, place.inside)
            if seen is not None:
                found[disk] = seen
        return found

    def remove(self) -> None:
        """Remove the folder."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def _run(self, command: str, *arguments: str | Path) -> None:
        run([[self._tools.qemu_img, command, "-q", "-f", "qcow2", *map(str, arguments)]], self.folder)

    def _name(self, image: Path) -> str:
        return os.path.relpath(image, self.folder.parent)


class Disks:
    """Where images are made: once for each set of disks, and then copied.

    What they are copied from lies in ``models``.
    """

    def __init__(self, tools: Tools, folder: Path, models: Path) -> None:
        self._tools = tools
        self._folder = folder
        self._models = models
        self._console = Console(tools.qemu_io, folder)
        self._blanks: dict[int, Path] = {}

    def fresh(self, name: str, disks: Mapping[str, int]) -> Images:
        """Images that read zero, in a new folder of that name."""
        folder = self._folder / name
        folder.mkdir()
        folder.chmod(OPEN_TO_OTHERS)
        images = Images(folder, disks, self._tools, self._console)
        for disk, size in disks.items():
            shutil.copyfile(self._blank(size), images.path(disk))
        return images

    def again(self, folder: Path, sizes: Mapping[str, int]) -> Images:
        """The images that lie in a folder already."""
        return Images(folder, sizes, self._tools, self._console)

    def close(self) -> None:
        """End the qemu-io that is running."""
        self._console.close()

    def _blank(self, size: int) -> Path:
        blank = self._blanks.get(size)
        if blank is None:
            blank = self._models / f"blank-{size}.qcow2"
            subprocess.run(
                [self._tools.qemu_img, "create", "-q", "-f", "qcow2", blank, str(size)],
                check=True, capture_output=True, timeout=PATIENCE,
            )  # fmt: skip
            self._blanks[size] = blank
        return blank
