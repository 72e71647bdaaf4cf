"""own-calls: each of libvirt's own calls with each set of flags, once, where the whole graph takes too long.

The operations of the specification hide what libvirt does with a flag that no adapter sets. A fast driver
tours the graph of these calls. One that boots a QEMU would need many minutes for its thousands of
transitions: here each call is made with each set of flags in the first state that allows it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from typing import ClassVar, Final

from snaptree.conformance.driver import Driver
from snaptree.conformance.methods.bounds import Bounds, Calls
from snaptree.conformance.methods.exhaustive import Tour, Transition
from snaptree.conformance.methods.graph import Label, graph_of
from snaptree.conformance.methods.method import Ledger, Method, Part
from snaptree.conformance.methods.selecting import GraphShare, makes
from snaptree.conformance.sequences.running import Run
from snaptree.spec.profiles import Profile

BOUND: Final = 1
"""Snapshots of the states in which the calls are made."""

UNITS: Final = 4


class OwnCalls(Method[GraphShare]):
    """libvirt's calls, each with each set of flags."""

    name: ClassVar[str] = "own-calls"
    noun: ClassVar[str] = "call"

    def parts(self, profile: Profile, bounds: Bounds) -> Sequence[Part]:
        """One part for a driver of libvirt's that does not tour the graph of these calls, in a whole run."""
        total = sum(len(self._share(profile, unit)) for unit in self.units(profile, bounds))
        title = "libvirt's own calls, each with each set of flags once"
        return (Part(f"own-calls-libvirt-{BOUND}", title, total),) if total else ()

    def units(self, profile: Profile, bounds: Bounds) -> Iterator[GraphShare]:
        """The transitions, neighbours together."""
        if profile.libvirt and bounds.limits and "libvirt" not in dict(bounds.scopes):
            for number in range(UNITS):
                yield GraphShare("own-calls-", "libvirt", BOUND, number, UNITS, bounds.calls)

    def perform(self, driver: Driver, unit: GraphShare, ledger: Ledger) -> Iterator[Run]:
        """Tour the transitions of one unit."""
        graph = graph_of(driver.profile, BOUND, "libvirt")
        tour = Tour.over(driver, graph, self._share(driver.profile, unit))
        return tour.walk(ledger.counts, ledger.tally, expired=ledger.expired)

    @staticmethod
    def _share(profile: Profile, unit: GraphShare) -> list[Transition]:
        chosen = _each_once(profile, unit.calls)
        size = -(-len(chosen) // unit.every)
        return chosen[unit.number * size : (unit.number + 1) * size]


@cache
def _each_once(profile: Profile, calls: Calls) -> list[Transition]:
    """The first transition of each call with each set of flags."""
    first: dict[Label, Transition] = {}
    for state, leaving in graph_of(profile, BOUND, "libvirt").edges.items():
        for label in leaving:
            if label[0] != "write" and makes(label, calls):
                call, _, *arguments = label
                first.setdefault((call, *arguments), (state, label))
    return [*first.values()]
