"""The bounded state graph: every shape of up to N snapshots, and every move between them.

The model computes it. A move is an operation with its target given by its place
in the canonical order, so that it means the same in every domain of that shape.
Before each create, every disk gets fresh content (in the scope ``configuration``,
an entry does): no two points are then alike, and a mistake about which one is
which cannot hide.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import count
from typing import Any, Final, Literal, get_args

from snaptree.conformance.canonical import Code, Shape, is_dirty, shape_of
from snaptree.conformance.driver import DEFAULT_DISKS
from snaptree.conformance.methods.native import native_operations
from snaptree.spec import operations as ops
from snaptree.spec.bindings.libvirt_calls import any_step
from snaptree.spec.operations import Operation
from snaptree.spec.outcomes import Accepted
from snaptree.spec.profiles import Profile
from snaptree.spec.state import Domain, Point, blank_domain

Label = tuple[Any, ...]
"""A move: the call, the place of its target, and what else it was asked."""

Scope = Literal["tree", "storage", "memory", "cycles", "power", "configuration", "libvirt"]
"""``tree``: the powered-off graph. ``storage``: with retire, reclaim and
remove_subtree. ``memory``: the tree of a domain that is on or off, with snapshots
that hold memory or none. ``power``: with everything that power can be. ``cycles``: the
same in a third of the transitions, for drivers that take long to boot: memory is
written as soon as there is some. ``configuration``: the powered-off graph again, where
what differs from point to point is the configuration: the only content that some
hypervisors show. ``libvirt``: the same as ``power`` in libvirt's own calls."""

SCOPES: Final[tuple[Scope, ...]] = get_args(Scope)

_POWERED: Final = ("cycles", "power")

MOST_RETIRED: Final = 1


@dataclass(frozen=True)
class Move:
    """One way out of a state: preparation (writes), and the operation itself."""

    label: Label
    operation: Operation
    prepare: tuple[Operation, ...] = ()


@dataclass(frozen=True)
class Graph:
    """States by key, each with its moves and the key that each leads to."""

    profile: Profile
    scope: Scope
    bound: int
    start: Code
    edges: dict[Code, dict[Label, Code]] = field(repr=False)

    @property
    def transitions(self) -> int:
        """How many moves there are; preparations are not counted."""
        return sum(len([label for label in moves if label[0] != "write"]) for moves in self.edges.values())


def explore(
    profile: Profile,
    bound: int,
    scope: Scope = "tree",
    *,
    found: Callable[[int], None] | None = None,
) -> Graph:
    """Every state that the model reaches with at most ``bound`` snapshots.

    ``found`` is told the number of states now and then.
    """
    first = blank_domain(DEFAULT_DISKS)
    start = shape_of(first).key
    waiting = deque([first])
    edges: dict[Code, dict[Label, Code]] = {start: {}}
    while waiting:
        here = waiting.popleft()
        shape = shape_of(here)
        leaving = edges[shape.key]
        for move in moves(here, shape, profile, bound, scope):
            after = carry_out(here, move, profile)
            key = shape_of(after).key
            leaving[move.label] = key
            if key not in edges:
                edges[key] = {}
                waiting.append(after)
        if found is not None and len(edges) % 100 == 0:
            found(len(edges))
    return Graph(profile, scope, bound, start, edges)


def carry_out(domain: Domain, move: Move, profile: Profile) -> Domain:
    """The domain after a move, preparation included."""
    for operation in (*move.prepare, move.operation):
        outcome = any_step(domain, operation, profile)
        if isinstance(outcome, Accepted):
            domain = outcome.domain
    return domain


def moves(domain: Domain, shape: Shape, profile: Profile, bound: int, scope: Scope) -> Iterator[Move]:
    """Every move out of a state, the same ones for every domain of that shape."""
    if scope == "libvirt":
        yield from _native(domain, shape, profile, bound)
        return
    booted = domain.active.memory == "unspecified" and "write_memory" in profile.operations
    if booted and scope in ("memory", "cycles"):
        # What memory holds after a boot is the business of the other scope.
        yield from _memory_writes(domain)
        return
    fresh = tuple(_fresh_content(domain, profile, scope))
    if fresh and not is_dirty(domain):
        yield Move(("write",), fresh[-1], fresh[:-1])
    if len(domain.snapshots) < bound:
        prepare = () if is_dirty(domain) else fresh
        name = f"n{domain.serial + 1}"
        yield Move(("create",), ops.Create(name), prepare)
        if scope in ("memory", *_POWERED) and domain.active.power != "off" and profile.memory != "never":
            yield Move(("create", "memory"), ops.Create(name, memory=True), prepare)
    for place in shape.distinct:
        yield from _on_snapshot(shape.order[place], place, domain, profile, scope)
    if scope == "storage":
        for retired in sorted(domain.retired):
            yield Move(("reclaim", "retired"), ops.Reclaim(retired))
    if scope == "memory":
        yield from _claimed(profile, ops.Start(), ops.Stop(), ops.Crash())
    if scope in _POWERED:
        yield from _claimed(
            profile, ops.Start(), ops.Stop(), ops.Pause(), ops.Resume(),
            ops.ManagedSave(), ops.ManagedSaveRemove(), ops.Crash(),
        )  # fmt: skip
        yield from _memory_writes(domain)


def _native(domain: Domain, shape: Shape, profile: Profile, bound: int) -> Iterator[Move]:
    """libvirt's calls. Fresh content comes only from a driver that can write as things are."""
    places = {snapshot: place for place, snapshot in enumerate(shape.order)}
    for place, call in native_operations(domain, shape, profile, bound):
        arguments = [
            places.get(value, -1) if key == "parent" and value is not None else value
            for key, value in call.arguments().items()
            if key not in ("snapshot", "name")
        ]
        writes = call.creates and profile.claims("write_disk") and not is_dirty(domain)
        writes = writes and profile.allows_power("write_disk", domain.active.power)
        yield Move((call.call, place, *arguments), call, tuple(_fresh_writes(domain)) if writes else ())


def _on_snapshot(snapshot: str, place: int, domain: Domain, profile: Profile, scope: Scope) -> Iterator[Move]:
    kinds: list[Operation] = [
        ops.Revert(snapshot),
        ops.MergeIntoChildren(snapshot),
        ops.MergeIntoParent(snapshot),
        ops.MergeIntoParent(snapshot, forced=True),
        ops.Discard(snapshot),
        ops.Discard(snapshot, forced=True),
    ]
    if scope == "storage":
        if len(domain.retired) < MOST_RETIRED:
            kinds.append(ops.Retire(snapshot))
        kinds += [
            ops.Reclaim(snapshot),
            ops.RemoveSubtree(snapshot),
            ops.RemoveSubtree(snapshot, keep_root=True),
        ]
    for operation in kinds:
        yield Move((operation.call, place, _variant(operation)), operation)
    if scope in _POWERED and profile.offers("resume_as"):
        for resume_as in ops.RESUME_AS:
            yield Move(("revert", place, resume_as), ops.Revert(snapshot, resume_as))
        yield Move(
            ("discard_forced", place, "running"), ops.Discard(snapshot, forced=True, resume_as="running")
        )


def _variant(operation: Operation) -> str:
    return "keep_root" if getattr(operation, "keep_root", False) else ""


def _claimed(profile: Profile, *operations: Operation) -> Iterator[Move]:
    for operation in operations:
        if profile.claims(operation.call):
            yield Move((operation.call,), operation)


def _memory_writes(domain: Domain) -> Iterator[Move]:
    if domain.active.memory == "unspecified":
        yield Move(("write_memory",), ops.WriteMemory(1 + domain.serial % 255))


def _fresh_content(domain: Domain, profile: Profile, scope: Scope) -> Iterator[Operation]:
    """What makes the active state differ from every point, as far as the profile has calls for it."""
    if domain.managed_save is not None:
        return
    if scope == "configuration":
        if profile.claims("configure"):
            yield _fresh_entry(domain)
    elif profile.claims("write_disk"):
        yield from _fresh_writes(domain)


def _fresh_entry(domain: Domain) -> Operation:
    """One entry of the configuration with a value that no point of this domain has there."""
    used = {point.configuration.get("content") for point in _points(domain)}
    value = next(number for number in count(1) if str(number) not in used)
    return ops.Configure("content", str(value))


def _fresh_writes(domain: Domain) -> Iterator[Operation]:
    """One write to each disk with a value that no point of this domain has there.

    The first disk is written in the same block each time, so that deltas
    overlap; the last one in a block of its own, so that a lost delta shows.
    """
    disks = sorted(domain.active.disks)
    for number, disk in enumerate(disks):
        used = _values(domain, disk)
        value = next(candidate for candidate in range(1, 256) if candidate not in used)
        block = value % 16 if number == len(disks) - 1 else 0
        yield ops.WriteDisk(disk, block, value)


def _values(domain: Domain, disk: str) -> set[int]:
    points = [point for point in _points(domain) if disk in point.disks]
    return {value for point in points for value in point.disks[disk].blocks.values()}


def _points(domain: Domain) -> list[Point]:
    return [domain.base, domain.active, *(snapshot.point for snapshot in domain.snapshots.values())]
