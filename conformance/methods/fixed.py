"""Methods with a fixed list of sequences, dealt out to a few units of work."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar, Final

from snaptree.conformance.driver import CallBarred, Driver
from snaptree.conformance.methods.bounds import Bounds, Calls
from snaptree.conformance.methods.method import Ledger, Method, Part
from snaptree.conformance.methods.selecting import concerns
from snaptree.conformance.methods.witnesses import Begun
from snaptree.conformance.sequences.running import Run, run_sequence
from snaptree.spec.operations import Operation
from snaptree.spec.profiles import Profile

MOST_UNITS: Final = 8
"""Units of work that the sequences of one method are dealt out to."""


@dataclass(frozen=True)
class Share:
    """Of the sequences with one of the calls every ``every``-th, beginning with the one of this number."""

    part: str
    number: int
    every: int
    calls: Calls = None


class FixedSequences(Method[Share]):
    """A method that has a list of sequences for a profile.

    ``watches`` says whether the whole state is compared after each step, or only the answers.
    """

    title: ClassVar[str]
    watches: ClassVar[bool] = True

    @abstractmethod
    def sequences(self, profile: Profile) -> Sequence[tuple[Operation, ...]]:
        """All sequences for this profile."""

    def transient(self, profile: Profile) -> Sequence[tuple[Operation, ...]]:  # noqa: ARG002 - few have any
        """The sequences for this profile that begin with a transient domain; they come last."""
        return ()

    def applies(self, bounds: Bounds) -> bool:  # noqa: ARG002 - most methods apply under any bounds
        """Whether a run with these bounds includes the method."""
        return True

    def parts(self, profile: Profile, bounds: Bounds) -> Sequence[Part]:
        """One part, where there are any sequences for this profile."""
        total = len(self._all(profile, bounds.calls)) if self.applies(bounds) else 0
        return (Part(self.name, self.title, total),) if total else ()

    def units(self, profile: Profile, bounds: Bounds) -> Iterator[Share]:
        """The sequences, dealt out in turn."""
        for part in self.parts(profile, bounds):
            every = min(MOST_UNITS, part.total)
            yield from (Share(part.key, number, every, bounds.calls) for number in range(every))

    def perform(self, driver: Driver, unit: Share, ledger: Ledger) -> Iterator[Run]:
        """Run one sequence after the other, each on a fresh domain."""
        share = self._all(driver.profile, unit.calls)[unit.number :: unit.every]
        return play(share, ledger, lambda begun: self.run(driver, begun, ledger))

    def run(self, driver: Driver, begun: Begun, ledger: Ledger) -> Run:
        """Run one sequence. Raises CallBarred if it cannot be made."""
        return run_on_fresh_domain(driver, begun, ledger, watch=self.watches)

    def _all(self, profile: Profile, calls: Calls) -> list[Begun]:
        """Every sequence with one of the calls, and whether it begins with a persistent domain."""
        persistent = ((one, True) for one in self.sequences(profile))
        transient = ((one, False) for one in self.transient(profile))
        return [begun for begun in (*persistent, *transient) if concerns(begun[0], calls)]


def run_on_fresh_domain(driver: Driver, begun: Begun, ledger: Ledger, *, watch: bool = True) -> Run:
    """Run one sequence on a domain of its own. Raises CallBarred if it cannot be made."""
    sequence, persistent = begun
    return run_sequence(
        driver, sequence, tally=ledger.tally, persistent=persistent, finish=watch, watch=watch
    )


def play(sequences: Iterable[Begun], ledger: Ledger, run_one: Callable[[Begun], Run]) -> Iterator[Run]:
    """Run sequences by ``run_one`` until time is up; yields each run that deviated."""
    for begun in sequences:
        if ledger.expired():
            return
        try:
            run = run_one(begun)
        except CallBarred:
            ledger.counts.missed += 1
            continue
        if run.differences:
            ledger.counts.deviated += 1
            yield run
        else:
            ledger.counts.covered += 1
