"""What the tour of a graph costs in driver calls, against the tour before every pattern was written.

    python benchmarks/tour_calls.py

The graph tree=4 on the simulator, once with ``write_blocks``, which counts as one call, and once without.
The gate: at most 1.3 times the calls of before with it, at most twice without. Exit code 1 if one fails.
"""

from __future__ import annotations

import sys
from typing import Final

from tables import print_table, print_title

from snaptree.conformance.drivers.simulator import SimulatedDomain, SimulatorDriver
from snaptree.conformance.engine.coverage import Tally
from snaptree.conformance.methods.exhaustive import Tour, chunks
from snaptree.conformance.methods.graph import graph_of
from snaptree.conformance.methods.method import Counts

BOUND: Final = 4

BEFORE: Final = 17_382
"""Driver calls of the same tour at bf24a40, observations included: 1,698 transitions, two writes a point."""


class SingleWrites(SimulatedDomain):
    """A domain without the optional call."""

    write_blocks = None  # type: ignore[assignment]  # absent, as the engine sees it


class SingleWriter(SimulatorDriver):
    """Opens domains without the optional call."""

    domain_class = SingleWrites


def calls_of_tour(driver: SimulatorDriver) -> tuple[int, int, int]:
    """Transitions, steps and calls of a tour over the whole graph, in its units of work."""
    graph, counts, tally = graph_of(driver.profile, BOUND, "tree"), Counts(), Tally()
    for unit in chunks(graph):
        for run in Tour.over(driver, graph, unit).walk(counts, tally, expired=lambda: False):
            raise SystemExit(f"the simulator deviates: {run.differences[0]}")
    return counts.covered, tally.steps, tally.calls


def main() -> int:
    print_title(f"Driver calls of the tour of tree={BOUND}; before: {BEFORE:,}")
    rows, missed = [], 0
    for name, driver, most in (
        ("with write_blocks", SimulatorDriver(), 1.3),
        ("without", SingleWriter(), 2.0),
    ):
        transitions, steps, calls = calls_of_tour(driver)
        missed += calls > most * BEFORE
        rows.append(
            (name, f"{transitions:,}", f"{steps:,}", f"{calls:,}", f"{calls / BEFORE:.2f}", f"{most:.1f}")
        )
    print_table(("driver", "transitions", "steps", "calls", "times before", "at most"), rows)
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
