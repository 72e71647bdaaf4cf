"""Blocks as the suite writes and sees them: 512 bytes of one value, 64 KiB apart."""

from __future__ import annotations

from collections.abc import Container, Mapping
from typing import Final

from snaptree.conformance.driver import Json
from snaptree.spec.outcomes import InvalidArgument
from snaptree.spec.state import BLOCK_SIZE, BLOCK_STRIDE

MIXED: Final = -1
"""The value of a block whose bytes are not all the same: no ``write_disk`` leaves that."""

MOST_DIGITS: Final = 9
"""Digits in the number of a block: no disk has more blocks."""


def block_value(content: bytes) -> int:
    """The value of the 512 bytes of a block, or MIXED; also for what is shorter or longer."""
    return content[0] if content and content == content[:1] * BLOCK_SIZE else MIXED


def is_byte(value: object) -> bool:
    """Whether this is a number from 0 to 255. ``True`` is none, although Python counts with it."""
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= 255


def block_count(size: int) -> int:
    """How many blocks can be addressed on a disk of so many bytes: those that lie inside it as a whole."""
    return max(0, (size - BLOCK_SIZE) // BLOCK_STRIDE + 1)


def has_block(size: int, block: object) -> bool:
    """Whether the disk has a block of that number."""
    return isinstance(block, int) and not isinstance(block, bool) and 0 <= block < block_count(size)


def check_disk(disks: Container[str], disk: object) -> None:
    """Raise InvalidArgument for an id that no disk of the active state has."""
    if not isinstance(disk, str) or disk not in disks:
        raise InvalidArgument(f"no disk {disk!r:.100}")


def check_size(size: object) -> None:
    """Raise InvalidArgument for what is no size of a disk."""
    if not isinstance(size, int) or isinstance(size, bool) or size <= 0 or size % BLOCK_STRIDE:
        raise InvalidArgument(f"{size!r:.100} is no positive multiple of {BLOCK_STRIDE} bytes")


def check_byte(value: object) -> None:
    """Raise InvalidArgument for what is no value of a block or of the marker in memory."""
    if not is_byte(value):
        raise InvalidArgument(f"{value!r:.100} is not a number from 0 to 255")


def check_write(sizes: Mapping[str, int], disk: object, block: object, value: object) -> None:
    """Raise InvalidArgument for a write that no domain with disks of these sizes can carry out."""
    size = sizes.get(disk) if isinstance(disk, str) else None
    if size is None:
        raise InvalidArgument(f"no disk {disk!r:.100}; there are {', '.join(sizes) or 'none'}")
    if not has_block(size, block):
        raise InvalidArgument(f"{disk} has the blocks 0 to {block_count(size) - 1}, not {block!r:.100}")
    check_byte(value)


def check_writes(sizes: Mapping[str, int], disk: object, blocks: object) -> dict[int, int]:
    """What ``write_blocks`` got, values by block. Raises InvalidArgument if one cannot be written."""
    if not isinstance(blocks, Mapping) or not blocks:
        raise InvalidArgument(f"blocks are an object from block to value, not {blocks!r:.100}")
    numbers: dict[int, int] = {}
    for text, value in blocks.items():
        if not (isinstance(text, str) and text.isascii() and text.isdigit() and len(text) <= MOST_DIGITS):
            raise InvalidArgument(f"{text!r:.100} is no number of a block")
        check_write(sizes, disk, int(text), value)
        numbers[int(text)] = value
    return numbers


def disk_entry(size: int, values: Mapping[int, int]) -> dict[str, Json]:
    """A disk in the form of an observation, from the values of its blocks by number."""
    return {"size": size, "blocks": {str(block): value for block, value in values.items() if value}}
