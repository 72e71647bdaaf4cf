"""Disks: their ids, blocks, values and sizes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from rpds import HashTrieMap

from snaptree.spec.domains.argument import Argument, Chosen
from snaptree.spec.domains.situation import Situation
from snaptree.spec.profiles import Profile
from snaptree.spec.semantics.active_state import disk_of, is_captured, is_size
from snaptree.spec.state import BLOCK_STRIDE, Disk

DISKS: Final[dict[str, str]] = {
    "first": "the one that every code path knows",
    "further": "forgotten where the first is taken for all",
    "attached later": "no point before it has it",
    "independent": "no point may hold it or take it back",
    "back again": "an id that came back must not bring back old content",
    "detached": "gone from the active state; points may have it",
    "unknown": "an id that no disk ever had",
    "empty": "no id",
}

NEW_DISKS: Final[dict[str, str]] = {
    "fresh": "an id that no disk ever had",
    "in use": "the id of a disk of the active state",
    "in use by an independent one": "the id of a disk that no point has",
    "detached, held by a point": "a revert would bring back another disk of this id",
    "detached, held by none": "an id that came back must not bring back old content",
    "empty": "no id",
}

BLOCKS: Final[dict[str, str]] = {
    "first": "the head of the disk, which formats and probes read",
    "inside": "any other",
    "last": "the end of the disk",
    "grown": "beyond the end that the disk had at first: an overlay may be longer than what is under it",
    "cut off once": "beyond the end that the disk had for a while: what was there must not come back",
    "one beyond": "one more than the disk holds",
    "far beyond": "an offset of more than 32 bits",
    "beyond 32 bits": "a number of which 32 bits are a block that is there",
    "negative": "an offset before the disk",
}

VALUES: Final[dict[str, str]] = {
    "zero": "taken for a hole",
    "least": "the smallest content",
    "other": "any other",
    "most": "all bits: read as a sign or an end",
    "negative": "no byte",
    "too large": "no byte",
    "beyond 32 bits": "no byte, though 32 bits of it are",
}

SIZES: Final[dict[str, str]] = {
    "the same": "nothing changes",
    "smaller": "what is cut off is lost for good",
    "larger": "what is new reads zero",
    "once cut off": "larger than it once was: what was cut off must not come back",
    "least": "one block",
    "no multiple": "not a multiple of 64 KiB",
    "zero": "no size",
    "negative": "no size",
    "beyond the limit": "larger than the profile says a disk can be",
}

FAR: Final = 1 << 40
WRAP: Final = 1 << 32
UNKNOWN: Final = "vdz"
ATTACHED: Final = ("vdc", "vdd", "vde", "vdf")


def _disk_class(name: str, situation: Situation, chosen: Chosen) -> str:
    domain, history = situation.domain, situation.history
    if not name:
        return "empty"
    if name in domain.independent:
        return "independent"
    if name in domain.active.disks:
        if name in history.disks:
            return "back again"
        if name not in domain.base.disks:
            return "attached later"
        return "first" if name == min(domain.base.disks) else "further"
    return "detached" if name in history.disks else "unknown"


def _disks(situation: Situation, chosen: Chosen) -> Iterator[str]:
    domain, history = situation.domain, situation.history
    yield from sorted(domain.active.disks)
    yield from sorted(domain.independent)
    yield from sorted(history.disks)
    yield from (UNKNOWN, "")


def _new_class(name: str, situation: Situation, chosen: Chosen) -> str:
    domain, history = situation.domain, situation.history
    if not name:
        return "empty"
    if name in domain.independent:
        return "in use by an independent one"
    if name in domain.active.disks:
        return "in use"
    if is_captured(domain, name):
        return "detached, held by a point"
    return "detached, held by none" if name in history.disks else "fresh"


def _new_disks(situation: Situation, chosen: Chosen) -> Iterator[str]:
    yield from (name for name in ATTACHED if _new_class(name, situation, chosen) == "fresh")
    domain, history = situation.domain, situation.history
    yield from sorted({*domain.active.disks, *domain.independent, *history.disks, *domain.base.disks})
    for one in domain.snapshots.values():
        yield from sorted(one.point.disks)
    yield ""


def _disk(situation: Situation, chosen: Chosen) -> Disk:
    """The disk that was chosen, or the first one of the base, to measure by."""
    domain = situation.domain
    chosen_disk = disk_of(domain, chosen.get("disk", ""))
    if chosen_disk is not None:
        return chosen_disk
    disks = domain.active.disks or domain.base.disks
    return disks[min(disks)] if disks else Disk(16 * BLOCK_STRIDE, HashTrieMap())


def _block_class(block: int, situation: Situation, chosen: Chosen) -> str:
    disk = _disk(situation, chosen)
    last = (disk.size - 1) // BLOCK_STRIDE
    if block < 0:
        return "negative"
    if block >= WRAP and block % WRAP <= last:
        return "beyond 32 bits"
    if block > last:
        return "one beyond" if block == last + 1 else "far beyond"
    if block == 0:
        return "first"
    history, name = situation.history, chosen.get("disk", "")
    if block * BLOCK_STRIDE >= history.original.get(name, disk.size):
        return "grown"
    if block * BLOCK_STRIDE >= history.shortest.get(name, disk.size):
        return "cut off once"
    return "last" if block == last else "inside"


def _blocks(situation: Situation, chosen: Chosen) -> Iterator[int]:
    disk = _disk(situation, chosen)
    last = (disk.size - 1) // BLOCK_STRIDE
    yield from (0, min(5, last), last // 2, last)
    history, name = situation.history, chosen.get("disk", "")
    for size in (history.shortest.get(name, disk.size), history.original.get(name, disk.size)):
        if size < disk.size:
            yield from (size // BLOCK_STRIDE, (size // BLOCK_STRIDE + last) // 2)
    yield from (last + 1, FAR // BLOCK_STRIDE, WRAP + last // 2, -1)


def _value_class(value: int, situation: Situation, chosen: Chosen) -> str:
    named = {0: "zero", 1: "least", 255: "most"}
    if value < 0:
        return "negative"
    if value >= WRAP and value % WRAP <= 255:
        return "beyond 32 bits"
    return "too large" if value > 255 else named.get(value, "other")


def _some_values(profile: Profile) -> tuple[int, ...]:
    return (7, 0, 1, 255, 127, 128, 254, -1, 256, WRAP + 7)


def _size_class(size: int, situation: Situation, chosen: Chosen) -> str:
    if size <= 0:
        return "zero" if size == 0 else "negative"
    if not is_size(size):
        return "no multiple"
    most = situation.profile.limits.disk_size
    if most is not None and size > most:
        return "beyond the limit"
    now = _disk(situation, chosen).size
    if size == now:
        return "the same"
    if size > now:
        shortest = situation.history.shortest.get(chosen.get("disk", ""), now)
        longest = situation.history.longest.get(chosen.get("disk", ""), now)
        return "once cut off" if shortest <= now < longest else "larger"
    return "least" if size == BLOCK_STRIDE else "smaller"


def _sizes(situation: Situation, chosen: Chosen) -> Iterator[int]:
    now = _disk(situation, chosen).size
    yield from (now, now + 4 * BLOCK_STRIDE, now + BLOCK_STRIDE, max(BLOCK_STRIDE, now - 4 * BLOCK_STRIDE))
    yield from (max(BLOCK_STRIDE, now // (2 * BLOCK_STRIDE) * BLOCK_STRIDE), BLOCK_STRIDE)
    yield from (now + 512, 0, -BLOCK_STRIDE)
    most = situation.profile.limits.disk_size
    if most is not None:
        yield most // BLOCK_STRIDE * BLOCK_STRIDE + BLOCK_STRIDE


DISK: Final = Argument("disk", DISKS, _disk_class, _disks)
NEW_DISK: Final = Argument("disk", NEW_DISKS, _new_class, _new_disks)
BLOCK: Final = Argument("block", BLOCKS, _block_class, _blocks, after="disk")
VALUE: Final = Argument("value", VALUES, _value_class, fixed=_some_values)
SIZE: Final = Argument("size", SIZES, _size_class, _sizes, after="disk")

_NEW_SIZES: Final = {name: why for name, why in SIZES.items() if name != "once cut off"}
NEW_SIZE: Final = Argument("size", _NEW_SIZES, _size_class, _sizes)
