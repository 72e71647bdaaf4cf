"""Hunting: the suite against one hypervisor of the catalogue, until it is caught.

The same examples, tours and sampled sequences as in a run of the suite, in this
process and without reports. A hypervisor counts as caught when a deviation
names a rule that it was made to break: that something differed is not enough.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import count
from time import monotonic
from typing import Final

from snaptree.conformance.deviations import Deviation, examine, rules_broken
from snaptree.conformance.driver import Driver
from snaptree.conformance.methods.examples import example_sequences
from snaptree.conformance.methods.exhaustive import Tour, Toured, chunks
from snaptree.conformance.methods.graph import Scope
from snaptree.conformance.methods.native import NativeDecoder
from snaptree.conformance.methods.sampled import sample
from snaptree.conformance.mutants.driver import MutantDriver, options_for
from snaptree.conformance.mutants.mutant import Mutant
from snaptree.conformance.sequences import Run, run_sequence
from snaptree.conformance.tally import Tally
from snaptree.conformance.units import Method, graph_of

SCOPES: Final[tuple[tuple[Scope, int], ...]] = (("tree", 3), ("storage", 2))
NATIVE_SCOPES: Final[tuple[tuple[Scope, int], ...]] = (("libvirt", 1),)
LONGEST: Final = 50
BATCH: Final = 50

NAMED_FIRST: Final = 2
"""How many of the rules that a deviation names count: the two that speak of its first difference."""


@dataclass(frozen=True)
class Caught:
    """What became of a hunt. ``deviation`` is None if nothing was found to blame.

    ``seconds`` and ``steps`` are what it took, the making small included in the seconds only.
    """

    mutant: Mutant
    deviation: Deviation | None
    seconds: float
    steps: int

    @property
    def right(self) -> bool:
        """Whether the suite did right by it: a faulty one is caught, a correct one is not blamed."""
        return (self.deviation is None) == self.mutant.correct


def hunt(mutant: Mutant, *, seed: int = 0, limit: float = 10.0) -> Caught:
    """Look for a deviation that breaks a rule which the mutant is to be caught by.

    For a correct one, look for any deviation. Gives up after ``limit`` seconds.
    """
    driver = MutantDriver(options_for(mutant))
    started = monotonic()
    tally = Tally()
    deviation: Deviation | None = None
    try:
        for method, run in _deviating(driver, seed, tally, lambda: monotonic() > started + limit):
            # Making a run small takes many runs, so one that breaks other rules is not examined.
            if _wanted(mutant, rules_broken(run.steps[-1], run.differences, driver.profile)):
                found = examine(driver, run, method)
                if _wanted(mutant, found.rules):
                    deviation = found
                    break
    finally:
        driver.close()
    return Caught(mutant, deviation, monotonic() - started, tally.steps)


def _wanted(mutant: Mutant, broken: tuple[str, ...]) -> bool:
    return mutant.correct or not set(mutant.caught_by).isdisjoint(broken[:NAMED_FIRST])


def _deviating(
    driver: Driver, seed: int, tally: Tally, expired: Callable[[], bool]
) -> Iterator[tuple[Method, Run]]:
    """Every run that deviates, with how it was found, until time is up."""
    for sequence in example_sequences(driver.profile):
        if expired():
            return
        shown = run_sequence(driver, sequence, tally=tally)
        if shown.differences:
            yield "examples", shown
    scopes = (*SCOPES, *(NATIVE_SCOPES if driver.profile.libvirt else ()))
    for scope, bound in scopes:
        graph = graph_of(driver.profile, bound, scope)
        for transitions in chunks(graph):
            tour = Tour.over(driver, graph, transitions)
            for run in tour.walk(Toured(), tally, expired=expired):
                yield "exhaustive", run
    for number in count():
        if expired():
            return
        # The seeds of batches as the suite chooses them, so that a seed finds here what it finds there.
        batch_seed = seed * 1_000_003 + number
        for run in sample(
            driver,
            batch_seed,
            longest=LONGEST,
            sequences=BATCH,
            tally=tally,
            done=lambda: None,
            expired=expired,
            decoder=NativeDecoder() if driver.profile.libvirt and number % 2 else None,
        ):
            yield "sampled", run
