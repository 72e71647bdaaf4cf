"""histories: after a way to each state of a graph, every tuple of k + 1 calls.

A tour shows each transition after one history. A system may have hidden state that an earlier call left: a
lock, a cache, a flag. If what is hidden depends on the last k calls alone, then every tuple of k + 1 calls
after a cover of the states shows it: these are the k-complete tests of F. Vaandrager and I. Melse, "New
Fault Domains for Conformance Testing of Finite State Machines", CONCUR 2025. k = 0 is the tour.

Each tuple is a sequence of its own on a fresh domain. The way is the shortest one in the graph; of its calls
the answers alone are compared, because the tour looks after each of them. What deviates is done again, looked
at after every call, and once without a look before the last: a look may be what harms.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import ClassVar, Final

from snaptree.conformance.driver import (
    DEFAULT_DISKS,
    CallBarred,
    DomainFault,
    Driver,
    WritesBlocks,
    opened_domain,
)
from snaptree.conformance.methods.bounds import Bounds, Calls
from snaptree.conformance.methods.content import FreshContent
from snaptree.conformance.methods.graph import Graph, Label, Scope, graph_of, moves, shape_in
from snaptree.conformance.methods.method import Ledger, Method, Part
from snaptree.conformance.methods.selecting import GraphShare, makes
from snaptree.conformance.sequences.looking import compared
from snaptree.conformance.sequences.running import Run, run_sequence
from snaptree.spec.operations import Operation
from snaptree.spec.outcomes import Accepted
from snaptree.spec.profiles import Profile
from snaptree.spec.semantics import step
from snaptree.spec.shapes import Code
from snaptree.spec.state import Domain, blank_domain

MOST_UNITS: Final = 16
"""Units of work of one graph."""

Way = tuple[Label, ...]


@dataclass(frozen=True)
class Histories(GraphShare):
    """An equal share of the tuples of ``k`` + 1 calls in one graph.

    With ``moving`` only those whose calls before the last lead to another state.
    """

    k: int = 1
    moving: bool = False


class AllHistories(Method[Histories]):
    """Every tuple of k + 1 calls of the graphs in the bounds."""

    name: ClassVar[str] = "histories"
    noun: ClassVar[str] = "tuple"
    worth: ClassVar[int] = 4

    def parts(self, profile: Profile, bounds: Bounds) -> Sequence[Part]:
        """One for each graph, unless k is 0."""
        parts: list[Part] = []
        for scope, bound in bounds.history_scopes if bounds.history else ():
            total = len(tuples(profile, bound, scope, bounds.history, calls=bounds.calls))
            if not total:
                continue
            snapshots = f"{bound} snapshot{'s' if bound > 1 else ''}"
            title = f"{bounds.history + 1} calls in a row (k = {bounds.history}); {scope}, {snapshots}"
            states = len(graph_of(profile, bound, scope).edges)
            parts.append(Part(f"histories-{scope}-{bound}", title, total, states))
        return parts

    def units(self, profile: Profile, bounds: Bounds) -> Iterator[Histories]:
        """The tuples of each graph, neighbours together."""
        for scope, bound in bounds.history_scopes if bounds.history else ():
            total = len(tuples(profile, bound, scope, bounds.history, calls=bounds.calls))
            every = min(MOST_UNITS, total)
            for number in range(every):
                yield Histories("histories-", scope, bound, number, every, bounds.calls, bounds.history)

    def perform(self, driver: Driver, unit: Histories, ledger: Ledger) -> Iterator[Run]:
        """Run one tuple after the other; what begins with a call that deviated is not reached."""

        def carry_out(operations: tuple[Operation, ...], begun: int) -> Run:
            run = run_sequence(driver, operations, tally=ledger.tally, finish=finish, unwatched=begun)
            if not run.differences:
                return run
            again = run_sequence(driver, operations, tally=ledger.tally, finish=finish)
            if not again.differences:
                return run
            return compared(again, run_sequence(driver, operations, looks="none", finish=finish))

        finish = reads_by_reverting(driver)
        yield from perform_tuples(driver, unit, ledger, carry_out)


def reads_by_reverting(driver: Driver) -> bool:
    """Whether content is only seen at the end of a sequence."""
    return driver.profile.observes.get("disks") == "by-reverting"


def perform_tuples(
    driver: Driver, unit: Histories, ledger: Ledger, carry_out: Callable[[tuple[Operation, ...], int], Run]
) -> Iterator[Run]:
    """Run the tuples of a unit, each by ``carry_out``, which gets its operations and how many lead to it."""
    graph = graph_of(driver.profile, unit.bound, unit.scope)
    ways = cover(driver.profile, unit.bound, unit.scope)
    blank = Walked((), (), blank_domain(DEFAULT_DISKS), FreshContent(together=_writes_together(driver)))
    closed: set[Way] = set()
    every = tuples(driver.profile, unit.bound, unit.scope, unit.k, moving=unit.moving, calls=unit.calls)
    share = every[unit.number * len(every) // unit.every : (unit.number + 1) * len(every) // unit.every]
    last: tuple[Code, Walked] | None = None
    for state, labels in share:
        if ledger.expired():
            return
        whole = (*ways[state], *labels)
        if any(whole[:end] in closed for end in range(len(whole) + 1)):
            ledger.counts.missed += 1
            continue
        if last is None or last[0] is not state:
            last = state, blank.walk(graph, ways[state])
        walked = last[1].walk(graph, labels)
        ends = walked.ends
        try:
            run = carry_out(walked.operations, ends[len(ways[state]) - 1] - 1 if ways[state] else 0)
        except CallBarred:
            ledger.counts.missed += 1
            continue
        if run.differences:
            ledger.counts.deviated += 1
            reached = (number for number, end in enumerate(ends, 1) if len(run.steps) <= end)
            closed.add(whole[: next(reached, len(ends))])
            yield run
        else:
            ledger.counts.covered += 1


@dataclass(frozen=True)
class Walked:
    """What to do for some moves on a fresh domain: operations, how many come up to the end of each move, the
    domain after them, and the content so far.
    """

    operations: tuple[Operation, ...]
    ends: tuple[int, ...]
    domain: Domain
    content: FreshContent

    def walk(self, graph: Graph, labels: Way) -> Walked:
        """The same with more moves."""
        domain, content = self.domain, self.content.copy()
        operations, ends = [*self.operations], [*self.ends]
        for label in labels:
            shape = shape_in(graph.scope, domain)
            here = moves(domain, shape, graph.profile, graph.bound, graph.scope)
            move = next(one for one in here if one.label == label)
            for operation in move.operations(domain, content):
                content.record(operation)
                operations.append(operation)
                outcome = step(domain, operation, graph.profile)
                domain = outcome.domain if isinstance(outcome, Accepted) else domain
            ends.append(len(operations))
        return Walked(tuple(operations), tuple(ends), domain, content)


@cache
def cover(profile: Profile, bound: int, scope: Scope) -> dict[Code, Way]:
    """A shortest way from the start of a graph to each of its states."""
    graph = graph_of(profile, bound, scope)
    ways: dict[Code, Way] = {graph.start: ()}
    waiting = deque([graph.start])
    while waiting:
        here = waiting.popleft()
        for label, there in graph.edges[here].items():
            if there not in ways:
                ways[there] = (*ways[here], label)
                waiting.append(there)
    return ways


@cache
def tuples(
    profile: Profile, bound: int, scope: Scope, k: int, *, moving: bool = False, calls: Calls = None
) -> list[tuple[Code, Way]]:
    """Every state of a graph, with every k + 1 moves from there in a row, whose last makes one of the calls.

    With ``moving`` every move but the last leads to another state: what is refused leaves nothing behind.
    """
    graph = graph_of(profile, bound, scope)
    every: list[tuple[Code, Way]] = []
    for state in graph.edges:
        rows: list[tuple[Code, Way]] = [(state, ())]
        for left in range(k, -1, -1):
            rows = [
                (there, (*way, label))
                for here, way in rows
                for label, there in graph.edges[here].items()
                if (not (moving and left) or there != here) and (left or makes(label, calls))
            ]
        every += [(state, way) for _, way in rows]
    return every


def _writes_together(driver: Driver) -> bool:
    """Whether the driver's domains write several blocks in one call."""
    try:
        with opened_domain(driver) as domain:
            return isinstance(domain, WritesBlocks)
    except DomainFault:
        return False
