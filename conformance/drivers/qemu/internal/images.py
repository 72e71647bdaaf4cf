"""The images of a domain that is off, one for each disk: qemu-img changes them, and their tables are read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import file_digest
from pathlib import Path

from snaptree.conformance.driver import Json
from snaptree.conformance.drivers.kit.blocks import block_value, disk_entry
from snaptree.conformance.drivers.kit.qemu_images.console import Console
from snaptree.conformance.drivers.kit.qemu_images.qcow2 import Inside, InternalSnapshot, read_snapshots
from snaptree.conformance.drivers.kit.qemu_images.tools import Tools, run
from snaptree.conformance.drivers.kit.readings import Readings
from snaptree.spec.outcomes import InvalidName
from snaptree.spec.state import BLOCK_STRIDE


@dataclass(frozen=True)
class Content:
    """What an image holds: the disk as it is now, and the snapshots in the order of its list."""

    now: Inside
    snapshots: tuple[InternalSnapshot, ...]

    def find(self, name: str) -> InternalSnapshot | None:
        """The first snapshot of that name: qemu-img takes the first as well."""
        return next((one for one in self.snapshots if one.name == name), None)

    def keeps_size(self, name: str) -> bool:
        """Whether the disk has the size that it has in the first snapshot of that name."""
        found = self.find(name)
        return found is not None and found.inside.size == self.now.size


class Images:
    """The images in one folder. Disks are numbered: no name becomes a file name."""

    def __init__(self, folder: Path, disks: Mapping[str, int], tools: Tools, console: Console) -> None:
        self.folder = folder
        self.files = {disk: f"{number}.qcow2" for number, disk in enumerate(disks)}
        self._tools, self._console = tools, console
        self._readings: Readings[Content] = Readings()
        folder.mkdir()
        for disk, size in disks.items():
            self._run(tools.create(self.files[disk], size=size))

    # --- snapshots --------------------------------------------------------------

    def create(self, name: str) -> None:
        """ "-c  Creates a snapshot", "snapshot: Is the name of the snapshot to create" (tools/qemu-img)."""
        self._snapshot("-c", name)

    def apply(self, name: str) -> None:
        """ "-a  Applies a snapshot (revert disk to saved state)" (tools/qemu-img)."""
        self._snapshot("-a", name)

    def delete(self, name: str) -> None:
        """ "-d  Deletes a snapshot" (tools/qemu-img)."""
        self._snapshot("-d", name)

    def _snapshot(self, option: str, name: str) -> None:
        _check_argument(name)
        for file in self.files.values():
            self._run([self._tools.qemu_img, "snapshot", "-q", option, name, file])

    # --- the disks as they are now ------------------------------------------------

    def write(self, disk: str, blocks: Mapping[int, int]) -> None:
        """Set blocks, each to one value."""
        self._readings.forget(disk)
        with self._console.image(f"{self.folder.name}/{self.files[disk]}", write=True):
            for block, value in blocks.items():
                self._console.write(block * BLOCK_STRIDE, value)

    def resize(self, disk: str, size: int) -> None:
        """ "Change the disk image as if it had been created with SIZE"; smaller wants ``--shrink``."""
        self._run(self._tools.resize(self.files[disk], size, was=self.content(disk).now.size))

    def sizes(self) -> dict[str, int]:
        """The size of each disk in bytes."""
        return {disk: self.content(disk).now.size for disk in self.files}

    # --- reading ------------------------------------------------------------------

    def content(self, disk: str) -> Content:
        """What the image of a disk holds, from its tables; kept until the file changes."""
        path = self.folder / self.files[disk]
        return self._readings.read(disk, [path], lambda: Content(*read_snapshots(path)))

    def digest(self, disk: str, snapshot: str | None = None) -> str:
        """SHA-256 of a whole disk as qemu-img converts it, now or in a snapshot.

        "Convert the disk image FILENAME or a snapshot SNAPSHOT_PARAM to disk image OUTPUT_FILENAME"
        (tools/qemu-img). The form with a key is the one that takes no name for an id.
        """
        plain = self.folder / f"{self.files[disk]}.raw"
        inside = [] if snapshot is None else ["-l", f"snapshot.name={snapshot.replace(',', ',,')}"]
        command = [self._tools.qemu_img, "convert", "-t", "unsafe", *inside, "-f", "qcow2", "-O", "raw"]
        try:
            self._run([*command, self.files[disk], plain.name])
            with plain.open("rb") as content:
                return file_digest(content, "sha256").hexdigest()
        finally:
            plain.unlink(missing_ok=True)

    def _run(self, command: list[str]) -> None:
        run([command], self.folder)


def entry(inside: Inside) -> dict[str, Json]:
    """A disk in the form of an observation. These images have no backing file: no cluster reads zero."""
    blocks = {block: block_value(content) for block, content in inside.blocks.items() if content is not None}
    return disk_entry(inside.size, blocks)


def _check_argument(name: str) -> None:
    """Raise InvalidName for what no command line carries. Everything else is for QEMU to judge."""
    try:
        carried = "\0" not in name and bool(name.encode() or True)
    except UnicodeEncodeError:
        carried = False
    if not carried:
        raise InvalidName("a command line carries neither NUL nor a lone surrogate")
