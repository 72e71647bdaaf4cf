"""Hunting: the suite against one hypervisor of the catalogue, until it is caught.

The same examples, tours and sampled sequences as in a run of the suite, in this
process and without reports; or the one method that a hypervisor was made for. It
counts as caught when a deviation names a rule that it was made to break: that
something differed is not enough.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from time import monotonic
from typing import Any, Final

from snaptree.conformance.driver import Driver
from snaptree.conformance.engine.coverage import Tally
from snaptree.conformance.judging.deviations import Deviation, deviation_of, examine, rules_broken
from snaptree.conformance.methods.aspects import Aspects
from snaptree.conformance.methods.bounds import LOOKS, Bounds
from snaptree.conformance.methods.catalogue import METHODS as ALL_METHODS
from snaptree.conformance.methods.examples import Examples
from snaptree.conformance.methods.exhaustive import Exhaustive
from snaptree.conformance.methods.graph import Scope
from snaptree.conformance.methods.method import Ledger, Method
from snaptree.conformance.methods.sampled import Sampled
from snaptree.conformance.mutants.driver import MutantDriver, options_for
from snaptree.conformance.mutants.mutant import Mutant
from snaptree.conformance.sequences.running import Run

METHODS: Final[tuple[Method[Any], ...]] = (Examples(), Aspects(), Exhaustive(), Sampled())
SCOPES: Final[tuple[tuple[Scope, int], ...]] = (("tree", 3), ("storage", 2))
LIBVIRT_SCOPES: Final[tuple[tuple[Scope, int], ...]] = (("libvirt", 1),)
IN_A_ROW: Final[tuple[tuple[Scope, int], ...]] = (("tree", 2),)
"""The graph of which every two calls in a row are made, with looks, without, and with two."""
SEQUENCES: Final = 200
"""With ``LONGEST`` they are 10,000 steps: enough for a correct one whose graphs are small."""
LONGEST: Final = 50
BATCH: Final = 50

ROUNDS: Final = 400
"""Rounds of callers that run free, for what only they find."""

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

    @property
    def named_first(self) -> bool:
        """Whether the rule that the entry names first is the first that the deviation names."""
        return self.deviation is not None and self.deviation.rules[0] == self.mutant.caught_by[0]


RANDOM: Final = frozenset({"pairs", "sampled"})
"""The methods whose sequences depend on the seed."""


def hunt(
    mutant: Mutant,
    *,
    seed: int = 0,
    limit: float | None = None,
    steps: int | None = None,
    only: Collection[str] | None = None,
) -> Caught:
    """Look for a deviation that breaks a rule which the mutant is to be caught by.

    For a correct one, look for any deviation. Gives up when the methods are done, or after the sequence or
    transition that reaches ``steps``. A clock has a say only where ``limit``, in seconds, gives it one.
    ``only`` are the names of the methods that are left where others have been tried.
    """
    driver = MutantDriver(options_for(mutant))
    started = monotonic()
    tally = Tally()
    deviation: Deviation | None = None

    def expired() -> bool:
        late = limit is not None and monotonic() > started + limit
        return late or (steps is not None and tally.steps >= steps)

    try:
        for method, run in _deviating(driver, seed, tally, expired, _methods_for(mutant, only)):
            # Making a run small takes many runs, so one that breaks other rules is not examined.
            if _wanted(mutant, rules_broken(run.steps[-1], run.differences, driver.profile)):
                found = _examined(driver, run, method)
                if _wanted(mutant, found.rules):
                    deviation = found
                    break
    finally:
        driver.close()
    return Caught(mutant, deviation, monotonic() - started, tally.steps)


def _examined(driver: Driver, run: Run, method: Method[Any]) -> Deviation:
    """What a run shows. What only its method makes happen again is not made small by its sequence."""
    if method.shrinks:
        return examine(driver, run, method.name)
    return deviation_of(run, driver.profile, method.name, flaky=False)


def _wanted(mutant: Mutant, broken: tuple[str, ...]) -> bool:
    return mutant.correct or not set(mutant.caught_by).isdisjoint(broken[:NAMED_FIRST])


def _methods_for(mutant: Mutant, only: Collection[str] | None) -> list[Method[Any]]:
    """The one method that it was made for, else those of every hunt."""
    meant = [one for one in ALL_METHODS if one.name == mutant.found_by]
    methods = meant or (ALL_METHODS if mutant.found_by else METHODS)
    return [one for one in methods if only is None or one.name in only]


def _deviating(
    driver: Driver, seed: int, tally: Tally, expired: Callable[[], bool], methods: Sequence[Method[Any]]
) -> Iterator[tuple[Method[Any], Run]]:
    """Every run that deviates, with how it was found, until time is up."""
    profile = driver.profile
    bounds = Bounds(
        (*SCOPES, *(LIBVIRT_SCOPES if profile.libvirt else ())),
        seed,
        sequences=SEQUENCES,
        longest=LONGEST,
        batch=BATCH,
        limits=True,
        pace="fast",
        history=1,
        history_scopes=IN_A_ROW,
        looks=LOOKS,
        held=True,
        rounds=ROUNDS if [one.name for one in methods] == ["together"] else 0,
    )
    ledger = Ledger(tally, expired=expired)
    for method in methods:
        for unit in method.units(profile, bounds):
            if expired():
                return
            for run in method.perform(driver, unit, ledger):
                yield method, run
