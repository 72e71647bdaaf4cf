"""exhaustive: every transition of the bounded state graph, in few driver calls.

A tour walks the graph: it takes what is uncovered where it stands, then goes to
the nearest state that has something uncovered, or begins anew where that is
nearer. A transition that deviates is marked and not taken again; what is only
reachable through it is not observed, and the report says how many those are.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from snaptree.conformance.canonical import Code, shape_of
from snaptree.conformance.driver import Driver
from snaptree.conformance.lockstep import Lockstep, Taken
from snaptree.conformance.methods.graph import Graph, Label, Move, moves
from snaptree.conformance.methods.ways import NOWHERE, Ways
from snaptree.conformance.sequences import Run, opened_domain
from snaptree.conformance.tally import Tally

ANEW: Final = 2
"""How many steps a fresh domain costs, in the planning of the tour."""

LONGEST: Final = 400
"""Steps after which a domain is given up for a fresh one: a witness must stay readable."""

CHUNK: Final = 120
"""Fewest transitions in one unit of work."""

MOST_CHUNKS: Final = 16
"""Most units that one graph is cut into: the same for any number of jobs, and so few
that a tour seldom walks far through what belongs to another unit."""

Transition = tuple[Code, Label]


@dataclass
class Toured:
    """What a tour did. ``missed`` are transitions that it could not reach."""

    covered: int = 0
    missed: int = 0
    deviated: int = 0


def chunks(graph: Graph) -> list[list[Transition]]:
    """The transitions of a graph in units of work, neighbours together."""
    units: list[list[Transition]] = [[]]
    size = max(CHUNK, graph.transitions // MOST_CHUNKS)
    for state, leaving in graph.edges.items():
        if len(units[-1]) >= size:
            units.append([])
        units[-1].extend((state, label) for label in leaving if label[0] != "write")
    return [unit for unit in units if unit]


@dataclass
class Tour:
    """One walk on one driver over the transitions that it was given."""

    driver: Driver
    graph: Graph
    pending: dict[Code, dict[Label, None]]
    ways: Ways

    @classmethod
    def over(cls, driver: Driver, graph: Graph, transitions: list[Transition]) -> Tour:
        """A tour over some transitions of a graph."""
        pending: dict[Code, dict[Label, None]] = {}
        for state, label in transitions:
            pending.setdefault(state, {})[label] = None
        return cls(driver, graph, pending, Ways(graph))

    def walk(self, toured: Toured, tally: Tally, *, expired: Callable[[], bool]) -> Iterator[Run]:
        """Walk until nothing is left, or time is up; yields each run that deviated."""
        while self.pending and not expired():
            if self.ways.distance(self.graph.start, self._left) == NOWHERE:
                break
            yield from self._one_domain(toured, tally, expired)
        if not expired():
            toured.missed += sum(len(labels) for labels in self.pending.values())

    def _one_domain(self, toured: Toured, tally: Tally, expired: Callable[[], bool]) -> Iterator[Run]:
        with opened_domain(self.driver) as domain:
            lockstep = Lockstep(domain, self.driver.profile, tally=tally)
            driver_ids = lockstep.identities.to_driver
            steps: list[Taken] = []
            state = self.graph.start
            way: deque[Label] = deque()
            while self.pending and not expired() and len(steps) < LONGEST:
                if not way:
                    found = self._way(state, begun=bool(steps))
                    if found is None:
                        break
                    way.extend(found)
                label = way.popleft()
                move = self._move(lockstep, label)
                for operation in (*move.prepare, move.operation):
                    steps.append(lockstep.do(operation))
                    if steps[-1].differences:
                        break
                done = self._done((state, label))
                if steps[-1].differences:
                    self.ways.bar(state, label)
                    toured.deviated += done
                    yield Run(tuple(steps), steps[-1].differences, dict(driver_ids))
                    if lockstep.broken:
                        break
                    # The state is the one before, on both sides: what follows does without this step.
                    steps.pop()
                    way.clear()
                    continue
                toured.covered += done
                there = self.graph.edges[state][label]
                if self.graph.scope == "libvirt":
                    reached = shape_of(lockstep.model).key
                    if reached != there:  # the driver was free to refuse
                        self.ways.bar(state, label)
                        way.clear()
                        there = reached
                state = there
            if not lockstep.broken:
                differences = lockstep.finish(steps)
                if differences:
                    yield Run(tuple(steps), differences, driver_ids)

    def _done(self, transition: Transition) -> int:
        """Strike a transition off the list; how many that were: one or none."""
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
        """The states that have something pending that can be done."""
        return [state for state in self.pending if self._pending_at(state) is not None]

    def _way(self, state: Code, *, begun: bool) -> list[Label] | None:
        """The moves to the nearest pending one, that included; None if it is nearer from a fresh domain."""
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
        """A pending transition here; those that stay in place first, they cost no way back."""
        leaving = self.graph.edges[state]
        moving: Label | None = None
        for label in self.pending.get(state, ()):
            if not self.ways.barred(state, label):
                if leaving[label] == state:
                    return label
                moving = moving or label
        return moving

    def _move(self, lockstep: Lockstep, label: Label) -> Move:
        shape = shape_of(lockstep.model)
        here = moves(lockstep.model, shape, self.graph.profile, self.graph.bound, self.graph.scope)
        return next(move for move in here if move.label == label)
