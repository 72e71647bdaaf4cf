"""The record of a run before it is judged: work done, deviations, and why it ended."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

from snaptree.conformance.engine.coverage import Tally
from snaptree.conformance.engine.own_calls import OwnCall
from snaptree.conformance.judging.deviations import Deviation, Sign
from snaptree.conformance.sequences.running import Run

Why = Literal[
    "done", "budget", "shard", "undecided", "interrupted", "host gave out", "worker died", "processes ended"
]
"""``done``: all that was asked for was done. ``budget``: the seconds that were given were used up first.
``shard``: the units of other shards are missing, and nothing else. ``undecided``: the checker gave up on too
many histories of several callers. ``host gave out``: the driver said that its host cannot go on, or its
processes end before they begin.
``worker died``: a process that did the work failed by a fault of snaptree's. ``processes ended``: a piece
of work was given up, because it ended too many processes of the driver."""


def count_of(number: int, noun: str) -> str:
    """A number with its noun: ``1 step``, ``2,000 steps``, ``3 stories``."""
    return f"{number:,} {noun if number == 1 else plural(noun)}"


def plural(noun: str) -> str:
    """More than one of them: ``steps``, ``ways``, ``stories``."""
    return f"{noun[:-1]}ies" if noun.endswith("y") and noun[-2:-1] not in "aeou" else f"{noun}s"


@dataclass(frozen=True)
class Ending:
    """Why a run ended. ``text`` explains an early end, ``install`` is the command that would prevent it."""

    why: Why = "done"
    text: str = ""
    install: str | None = None


MOST_UNDECIDED: Final = 0.01
"""The share of histories of several callers that the checker may leave undecided."""


@dataclass
class MethodResult:
    """The result of a part of a method: transitions of one graph, or sequences; ``noun`` names one item.

    ``total`` is 0 if only time ends the part. ``closed_off`` are transitions that are only reachable
    through one that deviates, or that need a call which ended too many processes. ``name`` is how the
    command line names the part: the method, or the graph that was asked for.
    """

    method: str
    noun: str
    title: str
    total: int = 0
    name: str = ""
    covered: int = 0
    closed_off: int = 0
    deviated: int = 0
    states: int = 0
    sequences: int = 0

    @property
    def done(self) -> int:
        """How much of the total was done, unreachable items included."""
        return self.covered + self.deviated + self.closed_off

    @property
    def complete(self) -> bool:
        """Whether all its items were done, those that deviate or are closed off included."""
        return self.done >= self.total


def is_own(run: Run) -> bool:
    """Whether nothing but the end of a process is known of a run."""
    return len(run.steps) == 1 and isinstance(run.steps[0].operation, OwnCall)


def deviations_by_id(found: Mapping[Sign, Deviation]) -> dict[str, Deviation]:
    """The deviations of all signs, sorted by id. Of those with the same id the shortest one stays."""
    ordered = sorted(found.items(), key=lambda one: (is_own(one[1].run), len(one[1].sequence), one[0]))
    first: dict[str, Deviation] = {}
    for _, deviation in ordered:
        first.setdefault(deviation.id, deviation)
    return dict(sorted(first.items()))


@dataclass
class RunRecord:
    """The result of a whole run: tally, methods, deviations by id. ``seconds`` is wall-clock time.

    ``places`` are the deviations by what their runs have in common, each with the place of the unit of work
    that showed it first; ``deviations`` follow from them.
    """

    tally: Tally = field(default_factory=Tally)
    methods: dict[str, MethodResult] = field(default_factory=dict)
    deviations: dict[str, Deviation] = field(default_factory=dict)
    places: dict[Sign, tuple[int, Deviation]] = field(default_factory=dict)
    seconds: float = 0.0
    ending: Ending = field(default_factory=Ending)
    uncrashed: str = ""
    """Why no call was killed at every moment, where none was."""
    unheld: str = ""
    """Why no call was held inside for another caller to meet, where none was."""

    @property
    def complete(self) -> bool:
        """Whether every method was completed, nothing ended the run early, and histories were judged."""
        return self.ending.why == "done" and not self.unfinished and not self.too_many_undecided

    @property
    def too_many_undecided(self) -> bool:
        """Whether the checker gave up on more histories of several callers than a run may leave out."""
        judged = self.tally.meetings + self.tally.rounds
        return self.tally.undecided > MOST_UNDECIDED * judged

    @property
    def unfinished(self) -> list[MethodResult]:
        """The parts of methods that were not completed."""
        return [method for method in self.methods.values() if not method.complete]

    @property
    def closed_off(self) -> int:
        """The number of transitions that are closed off by a deviation."""
        return sum(method.closed_off for method in self.methods.values())
