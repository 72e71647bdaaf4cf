"""exhaustive: every transition of the bounded state graph, in few driver calls.

A tour walks the graph. It takes the uncovered transitions of the present state, then goes to the nearest
state with an uncovered one, or starts again on a fresh domain if that is nearer. It does not repeat a
transition that deviates. What is only reachable through it in the graph is reached through larger trees where
those lead around it. The rest is closed off, and the report gives its number. In each state every look-up is
made once, also of what is gone.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import ClassVar, Final

from snaptree.conformance.driver import (
    DEFAULT_DISKS,
    CallBarred,
    DomainFault,
    Driver,
    WritesBlocks,
    opened_domain,
)  # fmt: skip
from snaptree.conformance.engine.coverage import Tally
from snaptree.conformance.engine.lockstep import Lockstep, StepResult
from snaptree.conformance.engine.own_calls import domain_fault_step
from snaptree.conformance.methods.bounds import Bounds, Calls
from snaptree.conformance.methods.content import FreshContent
from snaptree.conformance.methods.graph import Graph, Label, Move, Scope, graph_of, moves, shape_in
from snaptree.conformance.methods.method import Counts, Ledger, Method, Part
from snaptree.conformance.methods.selecting import GraphShare, makes
from snaptree.conformance.methods.sweep import LOOK_UPS, sweep
from snaptree.conformance.methods.ways import NOWHERE, Ways
from snaptree.conformance.sequences.running import Looks, Run
from snaptree.spec.profiles import Profile
from snaptree.spec.shapes import Code
from snaptree.spec.state import blank_domain

ANEW: Final = 2
"""How many steps a fresh domain costs, in the planning of the tour."""

LONGEST: Final = 400
"""Steps after which a domain is given up for a fresh one: a witness must stay readable."""

CHUNK: Final = 120
"""Fewest transitions in one unit of work."""

MOST_CHUNKS: Final = 16
"""Most units that one graph is cut into: the same for any number of jobs, and so few
that a tour seldom walks far through what belongs to another unit."""

WIDER: Final[frozenset[Scope]] = frozenset({"tree", "ages", "storage", "configuration"})
"""Graphs in which a way around a deviation is looked for among trees with one snapshot more. The others would
be too large with one more."""

MOST_LOST: Final = 50
"""Deviations on ways around another one, after which a tour looks for no more of them."""

Transition = tuple[Code, Label]

TITLES: Final[dict[Scope, str]] = {
    "tree": "create, revert, merge, discard",
    "ages": "each order of creation",
    "storage": "retire, reclaim, subtrees",
    "running": "the same while it runs",
    "memory": "trees with memory",
    "cycles": "power states, memory written",
    "power": "power states",
    "configuration": "trees that differ in configuration",
    "libvirt": "libvirt's own calls",
}


class Exhaustive(Method[GraphShare]):
    """Every transition of the graphs in the bounds."""

    name: ClassVar[str] = "exhaustive"
    noun: ClassVar[str] = "transition"
    worth: ClassVar[int] = 4

    def parts(self, profile: Profile, bounds: Bounds) -> Sequence[Part]:
        """One for each graph that has anything to do."""
        graphs = (graph_of(profile, bound, scope) for scope, bound in bounds.scopes)
        parts = (_part(graph, bounds.calls, by_name=bounds.graphs_asked) for graph in graphs)
        return [part for part in parts if part.total]

    def units(self, profile: Profile, bounds: Bounds) -> Iterator[GraphShare]:
        """The chunks of one graph after the other."""
        for scope, bound in bounds.scopes:
            every = len(chunks(graph_of(profile, bound, scope), bounds.calls))
            yield from (GraphShare("", scope, bound, number, every, bounds.calls) for number in range(every))

    def asked_for(self, bounds: Bounds) -> bool:
        """Whether the user asked for the graphs."""
        return bounds.graphs_asked

    def perform(self, driver: Driver, unit: GraphShare, ledger: Ledger) -> Iterator[Run]:
        """Tour the transitions of one chunk."""
        graph = graph_of(driver.profile, unit.bound, unit.scope)
        swept = unit.calls is None or not unit.calls.isdisjoint(LOOK_UPS)
        tour = Tour.over(driver, graph, chunks(graph, unit.calls)[unit.number], swept=swept)
        return tour.walk(ledger.counts, ledger.tally, expired=ledger.expired)


def _part(graph: Graph, calls: Calls, *, by_name: bool) -> Part:
    snapshots = f"{graph.bound} snapshot{'s' if graph.bound > 1 else ''}"
    title = f"{TITLES[graph.scope]}; {snapshots}"
    name = f"{graph.scope}={graph.bound}" if by_name else ""
    return Part(f"{graph.scope}-{graph.bound}", title, transitions(graph, calls), len(graph.edges), name)


def transitions(graph: Graph, calls: Calls) -> int:
    """The number of transitions that make one of the calls."""
    return sum(len(chunk) for chunk in chunks(graph, calls))


def chunks(graph: Graph, calls: Calls = None) -> list[list[Transition]]:
    """The transitions of a graph that make one of the calls, in units of work, neighbours together."""
    units: list[list[Transition]] = [[]]
    size = max(CHUNK, graph.transitions // MOST_CHUNKS)
    for state, leaving in graph.edges.items():
        if len(units[-1]) >= size:
            units.append([])
        units[-1].extend((state, label) for label in leaving if label[0] != "write" and makes(label, calls))
    return [unit for unit in units if unit]


@dataclass
class Tour:
    """One walk on one driver over the given transitions.

    ``graph`` is where the walk may go: that of the transitions, or a larger one where these are closed off.
    """

    driver: Driver
    graph: Graph
    pending: dict[Code, dict[Label, None]]
    ways: Ways
    twice: bool = False
    unswept: set[Code] = field(default_factory=set)
    """States in which every look-up is still to be made, once in each."""
    barred: list[Transition] = field(default_factory=list)
    lost: int | None = None
    """Deviations on the ways around others; None before there are such ways."""

    @classmethod
    def over(
        cls,
        driver: Driver,
        graph: Graph,
        transitions: list[Transition],
        *,
        twice: bool = False,
        swept: bool = False,
    ) -> Tour:
        """A tour over some transitions of a graph; ``twice`` looks two times after each call.

        With ``swept`` every look-up is made in each state of these transitions.
        """
        pending: dict[Code, dict[Label, None]] = {}
        for state, label in transitions:
            pending.setdefault(state, {})[label] = None
        return cls(driver, graph, pending, Ways(graph), twice, {*pending} if swept else set())

    def walk(self, counts: Counts, tally: Tally, *, expired: Callable[[], bool]) -> Iterator[Run]:
        """Walk until no transition is left, or time is up; yields each run that deviated."""
        while self.pending and not expired():
            if self.ways.distance(self.graph.start, self._left) == NOWHERE:
                if not self._widen():
                    break
                continue
            if self.lost is not None and self.lost >= MOST_LOST:
                break
            yield from self._one_domain(counts, tally, expired)
        if not expired():
            counts.missed += sum(len(labels) for labels in self.pending.values())

    def _widen(self) -> bool:
        """Look for ways through trees with one snapshot more; returns whether that is new."""
        graph = self.graph
        if self.lost is not None or not self.barred or graph.scope not in WIDER:
            return False
        self.graph = graph_of(graph.profile, graph.bound + 1, graph.scope)
        self.ways = Ways(self.graph)
        self.lost = 0
        for state, label in self.barred:
            self.ways.bar(state, label)
        return True

    def _bar(self, state: Code, label: Label, done: int) -> None:
        """Take a move no more. If it was no pending one, it was on a way."""
        self.ways.bar(state, label)
        self.barred.append((state, label))
        if self.lost is not None and not done:
            self.lost += 1

    def _one_domain(self, counts: Counts, tally: Tally, expired: Callable[[], bool]) -> Iterator[Run]:
        steps: list[StepResult] = []
        deviates = False
        try:
            with opened_domain(self.driver) as domain:
                lockstep = Lockstep(domain, self.driver.profile, tally=tally)
                for run in self._walk_on(lockstep, steps, counts, expired):
                    deviates = True
                    yield run
        except DomainFault as fault:
            if not deviates:  # what the walk itself showed comes first
                before = steps[-1].after if steps else blank_domain(DEFAULT_DISKS)
                last = domain_fault_step(before, fault)
                yield Run((*steps, last), last.differences, {})
            if fault.call == "open":
                counts.missed += sum(len(labels) for labels in self.pending.values())
                self.pending.clear()

    def _walk_on(
        self, lockstep: Lockstep, steps: list[StepResult], counts: Counts, expired: Callable[[], bool]
    ) -> Iterator[Run]:
        """Walk on one domain, until a difference breaks it or nothing is near."""
        driver_ids = lockstep.identities.to_driver
        content = FreshContent(together=isinstance(lockstep.domain, WritesBlocks))
        state = self.graph.start
        way: deque[Label] = deque()
        while self.pending and not expired() and len(steps) < LONGEST and not content.spent:
            if self._sweeps(state, lockstep, steps):
                yield Run(tuple(steps), steps[-1].differences, dict(driver_ids))
                break
            if not way:
                found = self._way(state, begun=bool(steps))
                if found is None:
                    break
                way.extend(found)
            label = way.popleft()
            move = self._move(lockstep, label)
            barred = self._take(move, lockstep, content, steps)
            done = self._done((state, label))
            if barred:
                self._bar(state, label, done)
                counts.missed += done
                break
            if steps[-1].differences:
                self._bar(state, label, done)
                counts.deviated += done
                looks: Looks = "two" if self.twice else "one"
                yield Run(tuple(steps), steps[-1].differences, dict(driver_ids), looks=looks)
                if lockstep.broken:
                    break
                # Both sides are where they were before this step, and what follows does without it. What was
                # written before it stays.
                steps.pop()
                state = shape_in(self.graph.scope, lockstep.model).key
                way.clear()
                if state not in self.graph.edges:
                    break
                continue
            counts.covered += done
            state, as_planned = self._arrival(state, label, lockstep, steps[-1])
            if not as_planned:
                way.clear()
        if not lockstep.broken:
            differences = lockstep.finish(steps)
            if differences:
                yield Run(tuple(steps), differences, driver_ids)

    def _arrival(self, state: Code, label: Label, lockstep: Lockstep, taken: StepResult) -> tuple[Code, bool]:
        """The state after a move, and whether it is that of the graph: a driver may be free to refuse."""
        there = self.graph.edges[state][label]
        if self.graph.scope != "libvirt" and taken.documented is None:
            return there, True
        reached = shape_in(self.graph.scope, lockstep.model).key
        if reached != there:
            self.ways.bar(state, label)
        return reached, reached == there

    def _sweeps(self, state: Code, lockstep: Lockstep, steps: list[StepResult]) -> bool:
        """Make every look-up where that is still to be done; returns whether one was answered wrong."""
        if state not in self.unswept:
            return False
        self.unswept.discard(state)
        asked = len(steps)
        sweep(lockstep, steps)
        return len(steps) > asked

    def _take(self, move: Move, lockstep: Lockstep, content: FreshContent, steps: list[StepResult]) -> bool:
        """Take a move up to its first difference; returns whether one of its calls is not made any more."""
        try:
            for operation in move.operations(lockstep.model, content):
                content.record(operation)
                steps.append(lockstep.do(operation, twice=self.twice))
                if steps[-1].differences or steps[-1].documented is not None:
                    break
        except CallBarred:
            return True
        return False

    def _done(self, transition: Transition) -> int:
        """Remove a transition from the pending ones; returns how many that were: one or none."""
        state, label = transition
        labels = self.pending.get(state)
        if labels is None or label not in labels:
            return 0
        del labels[label]
        if self._pending_at(state) is None:
            self.ways.changed()
        if not labels:
            del self.pending[state]
        return 1

    def _left(self) -> list[Code]:
        """The states with a pending transition that can be taken."""
        return [state for state in self.pending if self._pending_at(state) is not None]

    def _way(self, state: Code, *, begun: bool) -> list[Label] | None:
        """The moves to the nearest pending transition, with the transition; None if it is nearer from a
        fresh domain.
        """
        distance = self.ways.distance(state, self._left)
        if distance == NOWHERE:
            return None
        if begun and distance > ANEW:
            fresh = self.ways.distance(self.graph.start, self._left)
            if fresh != NOWHERE and fresh + ANEW < distance:
                return None
        way = self.ways.way(state, self._left)
        for label in way:
            state = self.graph.edges[state][label]
        pending = self._pending_at(state)
        assert pending is not None, "it was counted as left"
        return [*way, pending]

    def _pending_at(self, state: Code) -> Label | None:
        """A pending transition here; first those that stay in place, since they need no way back."""
        leaving = self.graph.edges[state]
        moving: Label | None = None
        for label in self.pending.get(state, ()):
            if not self.ways.barred(state, label):
                if leaving[label] == state:
                    return label
                moving = moving or label
        return moving

    def _move(self, lockstep: Lockstep, label: Label) -> Move:
        shape = shape_in(self.graph.scope, lockstep.model)
        here = moves(lockstep.model, shape, self.graph.profile, self.graph.bound, self.graph.scope)
        return next(move for move in here if move.label == label)
