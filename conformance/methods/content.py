"""Content that tells points apart: what is written into the active state before it is captured.

**Fresh.** A walk never writes a value again into the same block of the same disk of a domain, whatever has
become of the point that held it, nor one that another disk has had in that block. Content that comes back
from something removed, or from another disk, is then seen. A byte is enough: the n-th write to block b of
disk i of k sets 1 + (n k + i + 17 b) mod 255. A domain in which a count would come round is ``spent``.

**Every pattern.** A layer is what a snapshot, or the active state, has of its own; a pattern is the set of
layers that wrote a block. Each new layer writes half of the blocks of every pattern. Sixteen blocks of a
disk then have all sixteen patterns of the first four layers, as if the layer at depth L wrote the blocks
whose number has bit L. Siblings are layers too, and after a merge the patterns that are left are split again.

*Lemma.* Where an operation computes each block by itself, from who wrote that block and by the same rule
for all blocks, one block for each set of layers shows whatever the rule can do: two blocks of one pattern
get the same answer. Real systems break the premise at clusters (a write to one block copies its neighbours:
blocks are 64 KiB apart for that reason), at the ends of a disk, and where disks change size. The graphs say
nothing about those: digests of whole disks, examples and sampled sequences look there.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from itertools import count
from typing import Final, Literal, Protocol

from snaptree.conformance.driver import DEFAULT_DISKS
from snaptree.spec.operations import Configure, Operation, WriteBlocks, WriteDisk, WriteMemory
from snaptree.spec.state import Domain, Point

Kind = Literal["disks", "configuration", "memory"]
"""What is written: blocks of every disk, one entry of the configuration, or the marker in memory."""

VALUES: Final = 255
"""Values of a block or marker that are not zero."""

TOGETHER: Final = 16
"""Blocks of each disk in use where one call writes several: all patterns of four layers on each disk."""

SINGLY: Final = 4
"""Blocks of each disk in use where each is a call: all patterns of three layers on two disks together."""

Place = tuple[str, int]
"""A block of a disk."""


class Content(Protocol):
    """Decides what a preparation writes."""

    def writes(self, kind: Kind, domain: Domain) -> tuple[Operation, ...]:
        """Operations that make the active state differ from every point."""


class UnusedContent:
    """Content that no point of the domain has now: what the model alone needs, since it forgets nothing."""

    def writes(self, kind: Kind, domain: Domain) -> tuple[Operation, ...]:
        """The first disk in the same block each time, the last one in a block of its own."""
        if kind == "memory":
            return (WriteMemory(1 + domain.serial % VALUES),)
        if kind == "configuration":
            used = {point.configuration.get("content") for point in _points(domain)}
            value = next(number for number in count(1) if str(number) not in used)
            return (Configure("content", str(value)),)
        return tuple(_unused_blocks(domain))


class FreshContent:
    """Content that one domain of a driver never had. It counts the writes of each block.

    ``together`` says whether a call writes several blocks.
    """

    def __init__(self, *, together: bool, disks: int = len(DEFAULT_DISKS)) -> None:
        self._together = together
        self._disks = disks
        self._written: Counter[Place | Kind] = Counter()

    @property
    def spent(self) -> bool:
        """Whether the next write might repeat a value."""
        return any((times + 1) * self._disks > VALUES for times in self._written.values())

    def copy(self) -> FreshContent:
        """The same counts, for another walk that began alike."""
        other = FreshContent(together=self._together, disks=self._disks)
        other._written = self._written.copy()
        return other

    def writes(self, kind: Kind, domain: Domain) -> tuple[Operation, ...]:
        """Half of the blocks of every pattern, each with a value that it never had."""
        if kind == "memory":
            return (WriteMemory(1 + self._written["memory"] % VALUES),)
        if kind == "configuration":
            return (Configure("content", str(1 + self._written["configuration"])),)
        chosen = half_of_every_pattern(domain, TOGETHER if self._together else SINGLY)
        operations: list[Operation] = []
        for number, disk in enumerate(sorted(domain.base.disks)):
            pairs = tuple((block, self._value(disk, block, number)) for one, block in chosen if one == disk)
            together = WriteBlocks(disk, pairs)
            if pairs:
                operations += [together] if self._together else together.single_writes()
        return tuple(operations)

    def record(self, operation: Operation) -> None:
        """Count an operation that was made on the domain."""
        if isinstance(operation, WriteBlocks):
            self._written.update((operation.disk, block) for block, _ in operation.blocks)
        elif isinstance(operation, WriteDisk):
            self._written[operation.disk, operation.block] += 1
        elif isinstance(operation, WriteMemory):
            self._written["memory"] += 1
        elif isinstance(operation, Configure):
            self._written["configuration"] += 1

    def _value(self, disk: str, block: int, number: int) -> int:
        return 1 + (self._written[disk, block] * self._disks + number + 17 * block) % VALUES


def half_of_every_pattern(domain: Domain, blocks: int) -> list[Place]:
    """Of the first blocks of each disk, half of those that were written by the same layers; at least one of
    each disk.
    """
    patterns: dict[tuple[bool, ...], list[Place]] = {}
    layers = tuple(_layers(domain))
    for disk, held in sorted(domain.active.disks.items()):
        both = [(_blocks(upper, disk), _blocks(lower, disk)) for upper, lower in layers]
        for block in filter(held.holds, range(blocks)):
            text = str(block)
            pattern = tuple([upper.get(text) != lower.get(text) for upper, lower in both])
            patterns.setdefault(pattern, []).append((disk, block))
    chosen: list[Place] = []
    first = 0
    for _, alike in sorted(patterns.items()):
        # The half begins in turn with the first and the second, so that no disk is left out for long.
        chosen += alike[first::2]
        first = 1 - first
    missing = {disk for disk in domain.active.disks if disk not in {one for one, _ in chosen}}
    return sorted([*chosen, *((disk, 0) for disk in missing)])


def _layers(domain: Domain) -> Iterator[tuple[Point, Point]]:
    """The point of every snapshot, retired ones included, with the point under it."""
    known = {**domain.snapshots, **domain.retired}
    for snapshot in sorted(known.values(), key=lambda one: one.serial):
        under = known.get(snapshot.parent or "")
        yield snapshot.point, domain.base if under is None else under.point


def _blocks(point: Point, disk: str) -> Mapping[str, int]:
    """The blocks of a disk as they are observed, which the comparison of a step needs anyway."""
    held = point.disks.get(disk)
    return {} if held is None else held.seen["blocks"]


def _unused_blocks(domain: Domain) -> Iterator[Operation]:
    disks = sorted(domain.active.disks)
    for number, disk in enumerate(disks):
        used = _values(domain, disk)
        value = next(candidate for candidate in range(1, VALUES + 1) if candidate not in used)
        block = value % 16 if number == len(disks) - 1 else 0
        yield WriteDisk(disk, block, value)


def _values(domain: Domain, disk: str) -> set[int]:
    points = [point for point in _points(domain) if disk in point.disks]
    return {value for point in points for value in point.disks[disk].blocks.values()}


def _points(domain: Domain) -> Iterable[Point]:
    return [domain.base, domain.active, *(snapshot.point for snapshot in domain.snapshots.values())]
