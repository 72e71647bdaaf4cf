"""What was done and compared, counted."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

CoverageKey = tuple[str, str, int, frozenset[str]]


@dataclass
class Tally:
    """What was done and compared, over many domains.

    ``coverage`` counts the steps that were found equal by (call, outcome,
    relations present, conditions that held). ``driver_seconds`` is the time spent in driver calls,
    observations included; ``calls`` counts them.
    """

    coverage: Counter[CoverageKey] = field(default_factory=Counter)
    steps: int = 0
    calls: int = 0
    driver_seconds: float = 0.0

    def add(self, other: Tally) -> None:
        """Count what another tally counted as well."""
        self.coverage.update(other.coverage)
        self.steps += other.steps
        self.calls += other.calls
        self.driver_seconds += other.driver_seconds

    def taken(self) -> Tally:
        """What was counted so far; this tally begins again at nothing."""
        so_far = Tally(self.coverage.copy(), self.steps, self.calls, self.driver_seconds)
        self.coverage.clear()
        self.steps = self.calls = 0
        self.driver_seconds = 0.0
        return so_far
