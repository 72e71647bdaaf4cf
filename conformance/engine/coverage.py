"""Counts the steps that were taken and compared."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from snaptree.spec.domains.table import Answer, Classes

CoverageKey = tuple[str, str, int, frozenset[str]]

ClassKey = tuple[str, Answer, Classes]
"""A call, whether it was accepted, and the classes of its situation and its arguments."""


class Cell(NamedTuple):
    """What a call of one caller met that was made while the call ``held`` of another one was held inside.

    ``met`` is ``before`` or ``after`` for a look-up (``either`` where both look alike), ``done`` or
    ``refused`` for another call, and for each of them ``waited`` or ``Busy``.
    """

    held: str
    call: str
    met: str


@dataclass
class Tally:
    """Counts of work and comparisons, over many domains.

    ``coverage`` counts the steps without difference by (call, outcome, what they told of, conditions);
    what a step tells of is a set of bits, see ``snaptree.spec.vocabulary.telling``.
    ``classes`` counts the same steps by the classes of their arguments.
    ``documented`` counts those that the driver refused as its profile says it may, by (call, kind,
    condition); they count for no rule.
    ``driver_seconds`` is the time in driver calls, observations included; ``calls`` counts them.
    ``digests`` counts whole disks that were compared by digest, ``without_digest`` those that a driver which
    has digests left out. ``moments`` counts those at which a call was cut off, or an effect of it made to
    fail, ``recovered`` the different states afterwards: each was looked at once. ``meetings`` counts the
    calls that were held inside, ``cells`` what other callers met there. ``rounds`` counts those in which
    callers ran free, ``undecided`` the histories of several callers that the checker could not judge.
    """

    coverage: Counter[CoverageKey] = field(default_factory=Counter)
    classes: Counter[ClassKey] = field(default_factory=Counter)
    steps: int = 0
    calls: int = 0
    driver_seconds: float = 0.0
    documented: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    digests: int = 0
    without_digest: int = 0
    moments: int = 0
    recovered: int = 0
    meetings: int = 0
    rounds: int = 0
    undecided: int = 0
    cells: Counter[Cell] = field(default_factory=Counter)

    def add_step(self, driver_seconds: float, *, looks: int) -> None:
        """Count one call and the observations after it."""
        self.steps += 1
        self.calls += 1 + looks
        self.driver_seconds += driver_seconds

    def add_call(self, driver_seconds: float) -> None:
        """Count a call that is no step."""
        self.calls += 1
        self.driver_seconds += driver_seconds

    def add_digests(self, compared: int, omitted: int) -> None:
        """Count whole disks, compared and left out."""
        self.digests += compared
        self.without_digest += omitted

    def add(self, other: Tally) -> None:
        """Add the counts of another tally."""
        self.coverage.update(other.coverage)
        self.classes.update(other.classes)
        self.documented.update(other.documented)
        self.steps += other.steps
        self.calls += other.calls
        self.driver_seconds += other.driver_seconds
        self.add_digests(other.digests, other.without_digest)
        self.moments += other.moments
        self.recovered += other.recovered
        self.meetings += other.meetings
        self.rounds += other.rounds
        self.undecided += other.undecided
        self.cells.update(other.cells)

    def take_back(self, other: Tally) -> None:
        """Take away the counts of a tally that was added."""
        self.coverage = self.coverage - other.coverage  # what is left of nothing is left out
        self.classes = self.classes - other.classes
        self.steps -= other.steps
        self.calls -= other.calls
        self.driver_seconds -= other.driver_seconds
        self.moments -= other.moments
        self.recovered -= other.recovered
        self.meetings -= other.meetings
        self.rounds -= other.rounds
        self.undecided -= other.undecided
        self.cells = self.cells - other.cells

    def drain(self) -> Tally:
        """Return the counts so far and reset this tally."""
        so_far = replace(
            self,
            coverage=self.coverage.copy(),
            classes=self.classes.copy(),
            documented=self.documented.copy(),
            cells=self.cells.copy(),
        )
        self.coverage.clear()
        self.classes.clear()
        self.documented.clear()
        self.cells.clear()
        self.steps = self.calls = self.digests = self.without_digest = 0
        self.moments = self.recovered = self.meetings = self.rounds = self.undecided = 0
        self.driver_seconds = 0.0
        return so_far
