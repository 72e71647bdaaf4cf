"""pairs: random sequences that draw the classes of arguments, and the pairs of classes, met least so far.

Each begins in a tree and a power state that the method ``sampled`` seldom draws. Two of three steps are drawn
by class, every third as in that method, so that the state moves on. A sequence ends with a sweep.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from random import Random
from typing import ClassVar, Final

from snaptree.conformance.driver import Driver
from snaptree.conformance.engine.lockstep import Lockstep, StepResult
from snaptree.conformance.methods.bounds import Bounds
from snaptree.conformance.methods.class_draws import ClassDraws, prelude
from snaptree.conformance.methods.method import Ledger, Method, Part
from snaptree.conformance.methods.sampled import (
    BYTES,
    MOST_SNAPSHOTS,
    Batch,
    Decoder,
    run_at_end,
    runs_of,
    runs_on_fresh_domain,
)
from snaptree.conformance.sequences.running import Run
from snaptree.spec.domains.situation import Situation
from snaptree.spec.operations import Operation
from snaptree.spec.profiles import Profile

SHARE: Final = 2
"""For so many sequences that the method ``sampled`` draws there is one of these."""

TRANSIENT: Final = 4
"""One in so many sequences is on a transient domain, where the profile has them."""


class Pairs(Method[Batch]):
    """Sequences drawn by class."""

    name: ClassVar[str] = "pairs"
    noun: ClassVar[str] = "sequence"

    def parts(self, profile: Profile, bounds: Bounds) -> Sequence[Part]:  # noqa: ARG002 - the same for all
        """One part, unless the bounds ask for no random sequences, or for no call."""
        number = 0 if bounds.calls == frozenset() else bounds.sequences // SHARE
        title = f"classes that meet, least met first; sequences of {bounds.longest} steps"
        return (Part(self.name, title, number),) if number else ()

    def units(self, profile: Profile, bounds: Bounds) -> Iterator[Batch]:
        """Batches of numbered sequences."""
        for part in self.parts(profile, bounds):
            for first in range(0, part.total, bounds.batch):
                size = min(bounds.batch, part.total - first)
                yield Batch(part.key, bounds.seed, first, size, bounds.longest)

    def perform(self, driver: Driver, unit: Batch, ledger: Ledger) -> Iterator[Run]:
        """Run one sequence after the other; what was met is counted within the unit."""
        draws, decoder = ClassDraws(driver.profile), Decoder(driver.profile)
        for number in range(unit.first, unit.first + unit.sequences):
            if ledger.expired():
                return
            drawn = Random(f"pairs:{unit.seed}:{number}").randbytes(unit.longest * BYTES)
            deviated = False
            for run in _PairSequence(driver, draws, decoder, drawn, ledger).runs():
                deviated = True
                yield run
            ledger.counts.sequences += 1
            ledger.counts.deviated += deviated
            ledger.counts.covered += not deviated


class _PairSequence:
    """One sequence on a fresh domain."""

    def __init__(
        self, driver: Driver, draws: ClassDraws, decoder: Decoder, drawn: bytes, ledger: Ledger
    ) -> None:
        self._driver = driver
        self._draws = draws
        self._decoder = decoder
        self._drawn = drawn
        self._ledger = ledger
        self._persistent = not driver.profile.offers("transient") or drawn[0] % TRANSIENT > 0

    def runs(self) -> Iterator[Run]:
        """The deviations, as long as both sides are in the same state."""
        return runs_on_fresh_domain(
            self._driver, self._runs_on, self._ledger.tally, persistent=self._persistent
        )

    def _runs_on(self, lockstep: Lockstep, steps: list[StepResult]) -> Iterator[Run]:
        places = range(-len(self._prelude), len(self._drawn) // BYTES)
        operations = (self._operation(lockstep, place) for place in places)
        yield from runs_of(lockstep, steps, operations, persistent=self._persistent)
        yield from run_at_end(lockstep, steps, persistent=self._persistent)

    @property
    def _prelude(self) -> tuple[Operation, ...]:
        return prelude(self._driver.profile, self._drawn[1])

    def _operation(self, lockstep: Lockstep, place: int) -> Operation:
        if place < 0:
            return self._prelude[place]
        draw = self._drawn[place * BYTES : (place + 1) * BYTES]
        if place % 3 == 1:
            return self._decoder.operation(lockstep.model, *draw)
        situation = Situation(lockstep.model, lockstep.profile, lockstep.history)
        return self._draws.operation(situation, draw, grows=len(lockstep.model.snapshots) < MOST_SNAPSHOTS)
