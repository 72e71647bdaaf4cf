"""looks: tours with no look between calls, and with two looks after each call.

A hypervisor that repairs itself when it is looked at would pass any number of tours that look after every
call, and one that a look harms would be blamed for the next call. ``none``: after a way to each state of a
graph, every two calls in a row, the first of which changes the state, and one look at the end. ``two``: a
tour of the same graph that looks twice after each call. What goes wrong with some looks and not with others
is a deviation of its own.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import ClassVar, Final

from snaptree.conformance.driver import Driver
from snaptree.conformance.methods.bounds import Bounds, Calls, LooksAsked
from snaptree.conformance.methods.exhaustive import Tour, chunks, transitions
from snaptree.conformance.methods.graph import Scope, graph_of
from snaptree.conformance.methods.histories import (
    MOST_UNITS,
    Histories,
    perform_tuples,
    reads_by_reverting,
    tuples,
)
from snaptree.conformance.methods.method import Ledger, Method, Part
from snaptree.conformance.methods.selecting import GraphShare
from snaptree.conformance.sequences.looking import run_unseen
from snaptree.conformance.sequences.running import Run
from snaptree.spec.profiles import Profile

IN_A_ROW: Final = 1
"""k of the tuples without a look: after a call that leaves something to repair, one that acts on it."""

TITLES: Final[dict[LooksAsked, str]] = {
    "none": "no look between two calls",
    "two": "two looks after each call",
}


class OtherLooks(Method[GraphShare]):
    """The graphs in the bounds, without looks and with two."""

    name: ClassVar[str] = "looks"
    noun: ClassVar[str] = "path"
    worth: ClassVar[int] = 2

    def parts(self, profile: Profile, bounds: Bounds) -> Sequence[Part]:
        """One for each graph and each way to look at it; none where the driver shows no tree."""
        parts = (
            Part(
                f"looks-{asked}-{scope}-{bound}",
                f"{TITLES[asked]}; {scope}, {bound} snapshot{'s' if bound > 1 else ''}",
                _total(asked, profile, scope, bound, bounds.calls),
                len(graph_of(profile, bound, scope).edges),
            )
            for asked, scope, bound in _asked(profile, bounds)
        )
        return [part for part in parts if part.total]

    def units(self, profile: Profile, bounds: Bounds) -> Iterator[GraphShare]:
        """The shares of each part, neighbours together."""
        calls = bounds.calls
        for asked, scope, bound in _asked(profile, bounds):
            prefix = f"looks-{asked}-"
            if asked == "two":
                every = len(chunks(graph_of(profile, bound, scope), calls))
                yield from (GraphShare(prefix, scope, bound, number, every, calls) for number in range(every))
                continue
            every = min(MOST_UNITS, _total(asked, profile, scope, bound, calls))
            for number in range(every):
                yield Histories(prefix, scope, bound, number, every, calls, IN_A_ROW, moving=True)

    def perform(self, driver: Driver, unit: GraphShare, ledger: Ledger) -> Iterator[Run]:
        """Perform one share."""
        if not isinstance(unit, Histories):
            graph = graph_of(driver.profile, unit.bound, unit.scope)
            tour = Tour.over(driver, graph, chunks(graph, unit.calls)[unit.number], twice=True)
            return tour.walk(ledger.counts, ledger.tally, expired=ledger.expired)
        finish = reads_by_reverting(driver)
        return perform_tuples(
            driver,
            unit,
            ledger,
            lambda operations, _: run_unseen(driver, operations, tally=ledger.tally, finish=finish),
        )


def _asked(profile: Profile, bounds: Bounds) -> list[tuple[LooksAsked, Scope, int]]:
    if not profile.can_observe("tree"):
        return []
    return [(asked, scope, bound) for asked in bounds.looks for scope, bound in bounds.history_scopes]


def _total(asked: LooksAsked, profile: Profile, scope: Scope, bound: int, calls: Calls) -> int:
    if asked == "two":
        return transitions(graph_of(profile, bound, scope), calls)
    return len(tuples(profile, bound, scope, IN_A_ROW, moving=True, calls=calls))
