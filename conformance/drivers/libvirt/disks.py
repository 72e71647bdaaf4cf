"""The images of domains: made by qemu-img, written by qemu-io, read whether or not a QEMU holds them."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

from snaptree.conformance.driver import Json
from snaptree.conformance.drivers.qemu.console import MIXED, Console
from snaptree.conformance.drivers.qemu.tools import PATIENCE, Tools
from snaptree.spec.state import BLOCK_SIZE, BLOCK_STRIDE


class Images:
    """The images of one domain, in a folder of their own."""

    def __init__(self, folder: Path, disks: Mapping[str, int], tools: Tools, console: Console) -> None:
        self.sizes = dict(disks)
        self._folder = folder
        self._tools = tools
        self._console = console

    def path(self, disk: str) -> Path:
        """Where the image of a disk lies."""
        return self._folder / f"{disk}.qcow2"

    def write(self, disk: str, block: int, value: int) -> None:
        """Set one block. No QEMU may hold the image."""
        with self._console.image(f"{self._folder.name}/{disk}.qcow2", write=True):
            self._console.write(block * BLOCK_STRIDE, value)

    def read(self, *, held: bool) -> dict[str, Json]:
        """All disks in the form of an observation; ``held`` says that a QEMU has them open."""
        return {disk: self._held(disk) if held else self._free(disk) for disk in self.sizes}

    def remove(self) -> None:
        """Remove the folder."""
        shutil.rmtree(self._folder, ignore_errors=True)

    def _free(self, disk: str) -> dict[str, Json]:
        with self._console.image(f"{self._folder.name}/{disk}.qcow2"):
            size = self._console.size()
            values = {at // BLOCK_STRIDE: self._console.read(at) for at in _offsets(size)}
        return _seen(size, values)

    def _held(self, disk: str) -> dict[str, Json]:
        plain = self._folder / f"{disk}.raw"
        try:
            subprocess.run(
                [
                    self._tools.qemu_img, "convert", "-U", "-f", "qcow2", "-O", "raw",
                    self.path(disk), plain,
                ],
                check=True, capture_output=True, timeout=PATIENCE,
            )  # fmt: skip
            content = plain.read_bytes()
        finally:
            plain.unlink(missing_ok=True)
        return _seen(len(content), {at // BLOCK_STRIDE: _value(content, at) for at in _offsets(len(content))})


class Disks:
    """Where images are made: once for each set of disks, and then copied."""

    def __init__(self, tools: Tools, folder: Path) -> None:
        self._tools = tools
        self._folder = folder
        self._console = Console(tools.qemu_io, folder)
        self._blanks: dict[int, Path] = {}

    def fresh(self, name: str, disks: Mapping[str, int]) -> Images:
        """Images that read zero, in a new folder of that name."""
        folder = self._folder / name
        folder.mkdir()
        images = Images(folder, disks, self._tools, self._console)
        for disk, size in disks.items():
            shutil.copyfile(self._blank(size), images.path(disk))
        return images

    def close(self) -> None:
        """End the qemu-io that is running."""
        self._console.close()

    def _blank(self, size: int) -> Path:
        blank = self._blanks.get(size)
        if blank is None:
            blank = self._folder / f"blank-{size}.qcow2"
            subprocess.run(
                [self._tools.qemu_img, "create", "-q", "-f", "qcow2", blank, str(size)],
                check=True, capture_output=True, timeout=PATIENCE,
            )  # fmt: skip
            self._blanks[size] = blank
        return blank


def _offsets(size: int) -> range:
    return range(0, size - BLOCK_SIZE + 1, BLOCK_STRIDE)


def _value(content: bytes, at: int) -> int:
    block = content[at : at + BLOCK_SIZE]
    return block[0] if block == block[:1] * BLOCK_SIZE else MIXED


def _seen(size: int, values: Mapping[int, int]) -> dict[str, Json]:
    return {"size": size, "blocks": {str(block): value for block, value in values.items() if value}}
