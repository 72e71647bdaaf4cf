"""What a qcow2 image is backed by and what it holds, now and in each of its internal snapshots.

Nothing is reverted, and no process is run. qemu-io opens no snapshot inside an image,
and qemu-img copies a whole one, so the tables are followed here: of the header, the
list of snapshots, and the two levels that lead to a cluster. The format is that of
QEMU's ``docs/interop/qcow2.txt``. What a disk holds now is read in the same way, for
speed; drivers let QEMU itself read it once, at the end of a sequence.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from snaptree.conformance.drivers.kit.blocks import block_count
from snaptree.spec.state import BLOCK_SIZE, BLOCK_STRIDE

_HEADER_LENGTH: Final = 72
"""Bytes of the header of version 2, with which that of every later one begins."""
_CLUSTER_BITS: Final = range(9, 22)
_MAGIC: Final = b"QFI\xfb"
_OFFSET: Final = 0x00FF_FFFF_FFFF_FE00
_COMPRESSED: Final = 1 << 62
_ZERO: Final = 1


class NotReadable(ValueError):
    """The image is none that this can read; the text says why."""


@dataclass(frozen=True)
class Inside:
    """What a snapshot holds: the size of the disk, each addressable block, None where that is
    left to the ``backing`` file, which is as relative as the image says it."""

    size: int
    blocks: dict[int, bytes | None]
    backing: str | None


@dataclass(frozen=True)
class InternalSnapshot:
    """A snapshot in the list of an image; ``memory`` says whether the image has a machine's state for it."""

    name: str
    memory: bool
    inside: Inside


@dataclass(frozen=True)
class _Table:
    """The first level: of what is written now, or of a snapshot, with what the list says of that."""

    l1_offset: int
    l1_size: int
    disk_size: int | None
    name: str = ""
    memory: bool = False


class _Image:
    """An image that is open, whoever else has it open."""

    def __init__(self, path: Path) -> None:
        self._end = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        header = self._read(0, _HEADER_LENGTH)
        if header[:4] != _MAGIC or len(header) < _HEADER_LENGTH:
            self.close()
            raise NotReadable(f"{path} is no qcow2 image")
        bits = struct.unpack_from(">I", header, 20)[0]
        if bits not in _CLUSTER_BITS:
            self.close()
            raise NotReadable(f"{path} has clusters of 2 to the power of {bits} bytes, which QEMU has not")
        self.cluster = 1 << bits
        self.size: int = struct.unpack_from(">Q", header, 24)[0]
        self._count, self._table = struct.unpack_from(">IQ", header, 60)
        backing, length = struct.unpack_from(">QI", header, 8)
        self.backing = self._read(backing, length).decode("utf-8", "replace") if backing else None

    def close(self) -> None:
        os.close(self._end)

    def now(self) -> _Table:
        """What is written now."""
        l1_size, l1_offset = struct.unpack_from(">IQ", self._read(36, 12))
        return _Table(l1_offset, l1_size, self.size)

    def snapshots(self) -> Iterator[_Table]:
        """The snapshots in the order of the table."""
        at = self._table
        for _ in range(self._count):
            head = self._read(at, 40)
            l1_offset, l1_size, id_length, name_length = struct.unpack_from(">QIHH", head)
            state, extra = struct.unpack_from(">II", head, 32)
            memory, size = struct.unpack(">QQ", self._read(at + 40, 16)) if extra >= 16 else (state, None)
            name = self._read(at + 40 + extra + id_length, name_length).decode("utf-8", "replace")
            yield _Table(l1_offset, l1_size, size, name, memory > 0)
            at += (40 + extra + id_length + name_length + 7) & ~7

    def snapshot(self, name: str) -> _Table | None:
        """The first snapshot of that name."""
        return next((one for one in self.snapshots() if one.name == name), None)

    def block(self, table: _Table, offset: int) -> bytes | None:
        """The 512 bytes at an offset of the disk by this table; None where it has no cluster."""
        entries = self.cluster // 8
        number = offset // self.cluster
        first, second = divmod(number, entries)
        if first >= table.l1_size:
            return None
        below = self._word(table.l1_offset + 8 * first) & _OFFSET
        if not below:
            return None
        entry = self._word(below + 8 * second)
        if entry & _COMPRESSED:
            raise NotReadable("a compressed cluster, which nobody here writes")
        place = entry & _OFFSET
        if entry & _ZERO:
            return bytes(BLOCK_SIZE)
        if not place:
            return None
        return self._read(place + offset % self.cluster, BLOCK_SIZE).ljust(BLOCK_SIZE, b"\0")

    def inside(self, table: _Table) -> Inside:
        """The content by this table."""
        size = self.size if table.disk_size is None else table.disk_size
        numbers = range(block_count(size))
        blocks = {number: self.block(table, number * BLOCK_STRIDE) for number in numbers}
        return Inside(size, blocks, self.backing)

    def _word(self, at: int) -> int:
        word: int = struct.unpack(">Q", self._read(at, 8))[0]
        return word

    def _read(self, at: int, length: int) -> bytes:
        return os.pread(self._end, length, at)


def read_image(path: Path, name: str | None = None) -> Inside | None:
    """What the image holds now, or the snapshot of that name; None if there is no such snapshot or image.

    Raises NotReadable for what is no such image.
    """
    try:
        with closing(_Image(path)) as image:
            found = image.now() if name is None else image.snapshot(name)
            return None if found is None else image.inside(found)
    except FileNotFoundError:
        return None
    except struct.error as error:
        raise NotReadable(f"{path}: its tables end early: {error}") from None


def read_snapshots(path: Path) -> tuple[Inside, tuple[InternalSnapshot, ...]]:
    """What the image holds now, and its snapshots in the order of its list.

    Raises OSError where the image is not there, NotReadable for what is no such image.
    """
    try:
        with closing(_Image(path)) as image:
            return image.inside(image.now()), tuple(
                InternalSnapshot(one.name, one.memory, image.inside(one)) for one in image.snapshots()
            )
    except struct.error as error:
        raise NotReadable(f"{path}: its tables end early: {error}") from None


def backing_of(path: Path) -> str | None:
    """The backing file that the header of an image names, as relative as it says it, or None.

    Raises OSError where the image is not there, NotReadable for what is no such image.
    """
    with closing(_Image(path)) as image:
        return image.backing


def size_of(path: Path) -> int:
    """The size in bytes of the disk that an image holds, now. Raises what ``backing_of`` raises."""
    with closing(_Image(path)) as image:
        return image.size
