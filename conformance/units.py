"""A unit of work: what one worker does in one go, and what it reports.

A unit is small and says completely what is to be done, so that it can be sent
to another process, and is the same for any number of them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from time import monotonic
from typing import Final, Literal

from snaptree.conformance.deviations import Deviation, Sign, described, examine, sign_of
from snaptree.conformance.driver import Driver
from snaptree.conformance.methods.examples import example_sequences
from snaptree.conformance.methods.exhaustive import Tour, Toured, chunks
from snaptree.conformance.methods.graph import Graph, Scope, explore
from snaptree.conformance.methods.limits import limit_sequences
from snaptree.conformance.methods.names import name_sequences
from snaptree.conformance.methods.native import NativeDecoder
from snaptree.conformance.methods.sampled import sample
from snaptree.conformance.sequences import Run, run_sequence
from snaptree.conformance.tally import Tally
from snaptree.spec.operations import Operation
from snaptree.spec.profiles import Profile

Method = Literal["examples", "names", "limits", "exhaustive", "sampled"]

GIVEN: Final[Mapping[Method, Callable[[Profile], tuple[tuple[Operation, ...], ...]]]] = {
    "examples": example_sequences,
    "names": name_sequences,
    "limits": limit_sequences,
}
"""The methods whose sequences are written down, and not found on the way."""

HEARTBEAT: Final = 0.2
"""Seconds between two reports of progress."""


@dataclass(frozen=True)
class Unit:
    """A piece of work for one worker.

    ``bound`` is the most snapshots of the graph, or the most steps of a sampled sequence.
    ``sequences`` is how many are sampled, or of how many that are written down one is taken.
    """

    method: Method
    number: int
    scope: Scope = "tree"
    bound: int = 0
    seed: int = 0
    sequences: int = 0


@dataclass(frozen=True)
class Report:
    """What a worker says now and then: what was done since it last said something."""

    tally: Tally | None = None
    covered: int = 0
    missed: int = 0
    deviated: int = 0
    sequences: int = 0
    deviation: Deviation | None = None


@cache
def graph_of(profile: Profile, bound: int, scope: Scope) -> Graph:
    """The bounded state graph of a profile; computed once in each process."""
    return explore(profile, bound, scope)


def perform(
    driver: Driver,
    unit: Unit,
    deadline: float | None,
    known: set[Sign],
    say: Callable[[Report], None],
) -> None:
    """Do one unit of work, and say several times a second what was done.

    ``known`` are the signs of the deviations that this worker has examined; the
    same deviation in another place is counted there, not examined again.
    ``deadline`` is a reading of ``time.monotonic``, or None.
    """
    progress = _Progress(say)

    def expired() -> bool:
        progress.beat()
        return deadline is not None and monotonic() > deadline

    def deviated(run: Run) -> None:
        sign = sign_of(run, driver.profile)
        if sign not in known:
            known.add(sign)
            if unit.method == "limits":  # the way to a limit is as long as it has to be
                found = described(run, driver.profile, unit.method, flaky=False)
            else:
                found = examine(driver, run, unit.method)
            say(Report(deviation=found))

    if unit.method in GIVEN:
        for sequence in GIVEN[unit.method](driver.profile)[unit.number :: unit.sequences]:
            if expired():
                break
            watch = unit.method != "limits"
            run = run_sequence(driver, sequence, tally=progress.tally, finish=watch, watch=watch)
            progress.toured.covered += not run.differences
            progress.toured.deviated += bool(run.differences)
            if run.differences:
                deviated(run)
    elif unit.method == "exhaustive":
        graph = graph_of(driver.profile, unit.bound, unit.scope)
        progress.toured = Toured()
        tour = Tour.over(driver, graph, chunks(graph)[unit.number])
        for run in tour.walk(progress.toured, progress.tally, expired=expired):
            deviated(run)
    else:
        for run in sample(
            driver,
            unit.seed,
            longest=unit.bound,
            sequences=unit.sequences,
            tally=progress.tally,
            done=progress.sequence_done,
            expired=expired,
            decoder=NativeDecoder() if unit.scope == "libvirt" else None,
        ):
            deviated(run)
    progress.flush()


class _Progress:
    """What was done since the last report; the method adds to it, a heartbeat sends it."""

    def __init__(self, say: Callable[[Report], None]) -> None:
        self.tally = Tally()
        self.toured = Toured()
        self.sequences = 0
        self._say = say
        self._next = monotonic() + HEARTBEAT

    def sequence_done(self) -> None:
        self.sequences += 1

    def beat(self) -> None:
        if monotonic() >= self._next:
            self.flush()

    def flush(self) -> None:
        toured = self.toured
        self._say(Report(self.tally.taken(), toured.covered, toured.missed, toured.deviated, self.sequences))
        toured.covered = toured.missed = toured.deviated = self.sequences = 0
        self._next = monotonic() + HEARTBEAT
