"""The model of the specification, walked by this script's own moves and told in lines of text.

The walk shares nothing with the graph method of the suite: neither its moves, nor its writes, nor the
key by which it tells states apart.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from record import BASE, CALLS, KINDS, NEW, RETIRED

from snaptree.spec import operations as ops
from snaptree.spec.operations import Operation
from snaptree.spec.outcomes import Accepted, Outcome, Refused
from snaptree.spec.profiles import Profile
from snaptree.spec.state import BLOCK_STRIDE, Disk, Domain, Point, blank_domain

Step = Callable[[Domain, Operation, Profile], Outcome]

BLOCKS: Final = (("vda", 0), ("vdb", 3))
"""Where the two blocks of a line are: on two disks, in different places."""

_SIZES: Final = {"vda": 4 * BLOCK_STRIDE, "vdb": 4 * BLOCK_STRIDE}


@dataclass(frozen=True, slots=True)
class Naming:
    """How a line calls snapshots, captures and contents: by what was there before the move."""

    labels: dict[str, str]
    captures: dict[int, str]
    contents: tuple[dict[int, int], dict[int, int]]

    @classmethod
    def of(cls, domain: Domain) -> Naming:
        order = domain.in_order()
        labels = {snapshot.id: str(place) for place, snapshot in enumerate(order)}
        labels.update(dict.fromkeys(domain.retired, RETIRED))
        naming = cls(labels, {one.captured: str(place) for place, one in enumerate(order)}, ({}, {}))
        for point in (domain.base, *(one.point for one in order), domain.active):
            naming.holds(point)
        return naming

    def again(self) -> Naming:
        """The same naming for another move: what one move shows first is unknown to the next."""
        return Naming(self.labels, self.captures, (self.contents[0].copy(), self.contents[1].copy()))

    def holds(self, point: Point) -> str:
        """The content of the two blocks; ``!`` if a point has anything beside them."""
        text = ""
        for (disk, block), numbers in zip(BLOCKS, self.contents, strict=True):
            value = point.disks[disk].blocks.get(block, 0) if disk in point.disks else -1
            text += str(numbers.setdefault(value, len(numbers)))
        return text if _is_plain(point) else text + "!"

    def state(self, domain: Domain) -> str:
        """A state as record.py describes it."""
        parents: dict[str | None, str] = {None: BASE, **self.labels}
        snapshots = "".join(
            self.labels.get(one.id, NEW)
            + (parents.get(one.parent, NEW) if one.parent in domain.snapshots or one.parent is None else "!")
            + self.captures.get(one.captured, NEW)
            + self.holds(one.point)
            for one in domain.in_order()
        )
        retired = "".join(sorted(self.labels.get(one, NEW) for one in domain.retired))
        active = parents.get(domain.current, NEW) + self.holds(domain.active)
        return f"{snapshots}/{active}/{self.holds(domain.base)}/{retired}"


def _is_plain(point: Point) -> bool:
    return (
        len(point.disks) == len(BLOCKS)
        and all(_is_plain_disk(point.disks.get(disk), _SIZES[disk], block) for disk, block in BLOCKS)
        and (point.memory, point.power, len(point.configuration)) == (None, "off", 0)
    )


def _is_plain_disk(disk: Disk | None, size: int, block: int) -> bool:
    return disk is not None and disk.size == size and len(disk.blocks) == (block in disk.blocks)


def walk(
    step: Step, profile: Profile, bound: int, *, storage: bool, equal: bool, patterns: bool
) -> Iterator[str]:
    """Every move out of every state with at most ``bound`` listed snapshots, as lines."""
    first = blank_domain(_SIZES)
    waiting = deque([first])
    seen = {_hidden(first)}
    while waiting:
        here = waiting.popleft()
        known = Naming.of(here)
        before = known.state(here)
        for call, target, operations in _moves(here, bound, storage=storage, equal=equal, patterns=patterns):
            after = here
            for operation in operations:
                asked, outcome = after, step(after, operation, profile)
                after = outcome.domain if isinstance(outcome, Accepted) else after
            yield f"{before} {CALLS.index(call)} {target} {_answer(outcome, known.again(), asked)}"
            if after is here:
                continue
            key = _hidden(after)
            if key not in seen and len(after.snapshots) <= bound:
                seen.add(key)
                waiting.append(after)


def _answer(outcome: Outcome, naming: Naming, before: Domain) -> str:
    if isinstance(outcome, Refused):
        kinds = sum(KINDS.get(kind, 8) for kind in outcome.kinds)
        lost = outcome.casualties
        shown = "" if lost is None else "".join(naming.labels.get(one, "!") for one in lost.snapshots)
        return f"{kinds} {shown}{'a' if lost is not None and lost.active else ''}"
    made = set(outcome.domain.snapshots) - set(before.snapshots)
    wrong = "" if made == ({outcome.result} - {None}) else "!"
    return f"0 {wrong} {naming.state(outcome.domain)}"


def _hidden(domain: Domain) -> tuple[str, tuple[tuple[str | None, str], ...]]:
    """What tells states apart here: all that shows, and what is known of retired ones."""
    naming = Naming.of(domain)
    state = naming.state(domain)
    retired = tuple(
        (naming.labels.get(one.parent, "-") if one.parent is not None else None, naming.holds(one.point))
        for one in domain.retired.values()
    )
    return state, retired


def _moves(
    domain: Domain, bound: int, *, storage: bool, equal: bool, patterns: bool
) -> Iterator[tuple[str, int, list[Operation]]]:
    current = domain.base if domain.current is None else domain.snapshots[domain.current].point
    clean = domain.active.disks == current.disks
    if clean:
        writes = list(_writes(domain))
        yield "write", 1, writes
        if patterns:
            yield "write", 0, writes[:1]
    if len(domain.snapshots) < bound and (equal or not clean):
        yield "create", 0, [ops.Create(f"n{domain.serial + 1}")]
    targets = [(place, one.id) for place, one in enumerate(domain.in_order())]
    targets += [(bound, retired) for retired in domain.retired]
    targets += [(bound + 1, "nobody")]
    for place, target in targets:
        yield "revert", place, [ops.Revert(target)]
        yield "merge_into_children", place, [ops.MergeIntoChildren(target)]
        yield "merge_into_parent", place, [ops.MergeIntoParent(target)]
        yield "merge_into_parent_forced", place, [ops.MergeIntoParentForced(target)]
        yield "discard", place, [ops.Discard(target)]
        yield "discard_forced", place, [ops.DiscardForced(target)]
        if storage:
            if not domain.retired:
                yield "retire", place, [ops.Retire(target)]
            yield "reclaim", place, [ops.Reclaim(target)]
            yield "remove_subtree", place, [ops.RemoveSubtree(target)]
            yield "remove_subtree, keep_root", place, [ops.RemoveSubtree(target, keep_root=True)]


def _writes(domain: Domain) -> Iterator[Operation]:
    """One write to each block, of a value that nothing of this domain has there, retired or not."""
    known = (*domain.snapshots.values(), *domain.retired.values())
    points = (domain.base, domain.active, *(one.point for one in known))
    for disk, block in BLOCKS:
        used = {point.disks[disk].blocks.get(block, 0) for point in points if disk in point.disks}
        yield ops.WriteDisk(disk, block, next(value for value in range(1, 256) if value not in used))
