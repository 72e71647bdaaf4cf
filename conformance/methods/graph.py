"""The bounded state graph: every shape of up to N snapshots, and every move between them.

The model computes it. A move is an operation whose target is a place in the canonical order, so it means
the same in every domain of that shape. Every snapshot is a target, equal siblings too: what the graph leaves
out are other orders of creation of the same shape, which the scope ``ages`` has. Before each create, every
disk gets content (in the scope ``configuration``, an entry does); ``content`` decides which. No two points
are then equal, so a confusion of two points cannot stay hidden.
"""

from __future__ import annotations

import gc
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Final, Literal, get_args

from snaptree.conformance.driver import DEFAULT_DISKS
from snaptree.conformance.methods import stored_graphs
from snaptree.conformance.methods.content import Content, Kind, UnusedContent
from snaptree.conformance.methods.libvirt_calls import libvirt_operations
from snaptree.spec import operations as ops
from snaptree.spec.operations import Operation
from snaptree.spec.outcomes import Accepted
from snaptree.spec.profiles import Profile
from snaptree.spec.semantics import step
from snaptree.spec.shapes import Code, Shape, is_dirty, key_of, shape_of
from snaptree.spec.state import Domain, blank_domain

Label = tuple[Any, ...]
"""A move: the call, the place of its target, and what else it was asked."""

Scope = Literal["tree", "ages", "storage", "running", "memory", "cycles", "power", "configuration", "libvirt"]
"""``tree``: the powered-off graph. ``running``: the same of a domain that is started first, and again
after whatever turns it off. ``ages``: the same, each order in which the
snapshots can have been created being a state of its own. ``storage``: with retire, reclaim and
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
    """One way out of a state: what to write first, if anything, and the operation itself, if any."""

    label: Label
    operation: Operation | None = None
    writes: Kind | None = None

    def operations(self, domain: Domain, content: Content) -> tuple[Operation, ...]:
        """What to do on a domain, in order."""
        prepared = () if self.writes is None else content.writes(self.writes, domain)
        return prepared if self.operation is None else (*prepared, self.operation)


@dataclass(frozen=True)
class Graph:
    """States by key, each with its moves and the key that each leads to.

    The states are in the order of a search, breadth first, that takes the moves in the order of ``moves``:
    the place of a state is its number, the same for everyone under one version of the specification.
    """

    profile: Profile
    scope: Scope
    bound: int
    start: Code
    edges: dict[Code, dict[Label, Code]] = field(repr=False)

    @property
    def transitions(self) -> int:
        """The number of moves; preparations are not counted."""
        return sum(len([label for label in moves if label[0] != "write"]) for moves in self.edges.values())


AT_ONCE: Final = 50
"""States of a graph that is explored anew each time: that takes no longer than to look for a stored one."""


@cache
def graph_of(profile: Profile, bound: int, scope: Scope) -> Graph:
    """The bounded state graph of a profile: computed once in each process, or read where it was stored."""
    search = Search(profile, bound, scope)
    if search.run(AT_ONCE):
        return search.graph
    stored = stored_graphs.load(profile, bound, scope)
    if stored is not None:
        return Graph(profile, scope, bound, search.graph.start, stored)
    search.run()
    stored_graphs.store(profile, bound, scope, search.graph.edges)
    return search.graph


def explore(
    profile: Profile,
    bound: int,
    scope: Scope = "tree",
    *,
    found: Callable[[int], None] | None = None,
) -> Graph:
    """Every state that the model reaches with at most ``bound`` snapshots.

    ``found`` is called with the number of states now and then.
    """
    search = Search(profile, bound, scope)
    search.run(found=found)
    return search.graph


class Search:
    """A search of a bounded state graph, breadth first, that can stop and go on."""

    def __init__(self, profile: Profile, bound: int, scope: Scope) -> None:
        first = blank_domain(DEFAULT_DISKS)
        start = key_in(scope, first)
        self.graph = Graph(profile, scope, bound, start, {start: {}})
        """What was found so far; a state that was not visited yet has no moves."""
        self._waiting = deque([(start, first)])
        self._keys = {start: start}

    def run(self, states: int | None = None, *, found: Callable[[int], None] | None = None) -> bool:
        """Visit as many more states, or all; returns whether none is left."""
        collecting = gc.isenabled()
        gc.disable()  # nothing here is part of a cycle, and a collection looks at all that was found
        try:
            while self._waiting and states != 0:
                self._visit(*self._waiting.popleft())
                states = None if states is None else states - 1
                if found is not None and len(self.graph.edges) % 100 == 0:
                    found(len(self.graph.edges))
        finally:
            if collecting:
                gc.enable()
        return not self._waiting

    def _visit(self, key: Code, here: Domain) -> None:
        profile, scope, bound = self.graph.profile, self.graph.scope, self.graph.bound
        edges, keys = self.graph.edges, self._keys
        leaving = edges[key]
        for move in moves(here, shape_in(scope, here), profile, bound, scope):
            after = carry_out(here, move, profile)
            if after is here:
                leaving[move.label] = key
                continue
            reached = key_in(scope, after)
            # One object for each state: two equal keys are compared part by part.
            there = leaving[move.label] = keys.setdefault(reached, reached)
            if there is reached:
                edges[there] = {}
                self._waiting.append((there, after))


def shape_in(scope: Scope, domain: Domain) -> Shape:
    """The shape by which the graphs of a scope tell states apart."""
    return shape_of(domain, ages=scope == "ages")


def key_in(scope: Scope, domain: Domain) -> Code:
    """The key of that shape."""
    return key_of(domain, ages=scope == "ages")


UNUSED: Final = UnusedContent()


def carry_out(domain: Domain, move: Move, profile: Profile) -> Domain:
    """The domain after a move, preparation included."""
    for operation in move.operations(domain, UNUSED):
        outcome = step(domain, operation, profile)
        if isinstance(outcome, Accepted):
            domain = outcome.domain
    return domain


def moves(domain: Domain, shape: Shape, profile: Profile, bound: int, scope: Scope) -> Iterator[Move]:
    """Every move out of a state, the same ones for every domain of that shape."""
    if scope == "libvirt":
        yield from _libvirt_calls(domain, shape, profile, bound)
        return
    if scope == "running" and domain.active.power == "off":
        yield from _claimed(profile, ops.Start())
        return
    booted = domain.active.memory == "unspecified" and "write_memory" in profile.operations
    if booted and scope in ("memory", "cycles"):
        # What memory holds after a boot is the business of the other scope.
        yield from _memory_writes(domain)
        return
    writes = _writable(domain, profile, scope)
    if writes is not None and not is_dirty(domain):
        yield Move(("write",), writes=writes)
    if len(domain.snapshots) < bound:
        prepare = None if is_dirty(domain) else writes
        name = f"n{domain.serial + 1}"
        yield Move(("create",), ops.Create(name), prepare)
        if scope in ("memory", *_POWERED) and domain.active.power != "off" and profile.memory != "never":
            yield Move(("create", "memory"), ops.Create(name, memory=True), prepare)
    for place, snapshot in enumerate(shape.order):
        yield from _on_snapshot(snapshot, place, domain, profile, scope)
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


def _libvirt_calls(domain: Domain, shape: Shape, profile: Profile, bound: int) -> Iterator[Move]:
    """libvirt's calls. Fresh content needs a driver that can write in this state."""
    places = {snapshot: place for place, snapshot in enumerate(shape.order)}
    for place, call in libvirt_operations(domain, shape, profile, bound):
        arguments = [
            places.get(value, -1) if key == "parent" and value is not None else value
            for key, value in call.arguments().items()
            if key not in ("snapshot", "name")
        ]
        writes = call.creates and profile.claims("write_disk") and not is_dirty(domain)
        writes = writes and profile.allows_power("write_disk", domain.active.power)
        yield Move((call.call, place, *arguments), call, "disks" if writes else None)


def _on_snapshot(snapshot: str, place: int, domain: Domain, profile: Profile, scope: Scope) -> Iterator[Move]:
    stay_on: ops.ResumeAs | None = "running" if scope == "running" and profile.offers("resume_as") else None
    kinds: list[Operation] = [
        ops.Revert(snapshot, stay_on),
        ops.MergeIntoChildren(snapshot),
        ops.MergeIntoParent(snapshot),
        ops.MergeIntoParentForced(snapshot, stay_on),
        ops.Discard(snapshot),
        ops.DiscardForced(snapshot, stay_on),
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
        yield Move(("discard_forced", place, "running"), ops.DiscardForced(snapshot, "running"))


def _variant(operation: Operation) -> str:
    return "keep_root" if getattr(operation, "keep_root", False) else ""


def _claimed(profile: Profile, *operations: Operation) -> Iterator[Move]:
    for operation in operations:
        if profile.claims(operation.call):
            yield Move((operation.call,), operation)


def _memory_writes(domain: Domain) -> Iterator[Move]:
    if domain.active.memory == "unspecified":
        yield Move(("write_memory",), writes="memory")


def _writable(domain: Domain, profile: Profile, scope: Scope) -> Kind | None:
    """What can be written so that the active state differs from every point, among the profile's calls."""
    if domain.managed_save is not None:
        return None
    if scope == "configuration":
        return "configuration" if profile.claims("configure") else None
    return "disks" if profile.claims("write_disk") else None
