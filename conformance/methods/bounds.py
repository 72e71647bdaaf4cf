"""The bounds of a run: graphs, number of sequences, seconds.

Bounds are counts. Seconds only end a run early, and it is incomplete then.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal, get_args

from snaptree.conformance.driver import Pace
from snaptree.conformance.methods.graph import Scope

LooksAsked = Literal["none", "two"]
"""How often a tour looks at the state, beside once after each call: not between calls, or twice."""
LOOKS: Final[tuple[LooksAsked, ...]] = get_args(LooksAsked)

Calls = frozenset[str] | None
"""The calls whose steps a run is about; None for every call."""
CallersAsked = Literal["held", "together"]
"""The methods with several callers on one domain."""
CALLERS: Final[tuple[CallersAsked, ...]] = get_args(CallersAsked)


ROUNDS: Final[dict[Pace, int]] = {"fast": 200, "ordinary": 40, "slow": 10}
"""The default number of rounds of several callers, by the pace of a driver."""


@dataclass(frozen=True)
class Shard:
    """The ``number``-th of every ``of`` units of work, from 1: with one seed all shards add up to a run."""

    number: int = 1
    of: int = 1

    def __str__(self) -> str:
        return f"{self.number}/{self.of}"

    def holds(self, unit: int) -> bool:
        """Whether the unit at this place, counted from 0 over all methods, belongs to the shard."""
        return unit % self.of == self.number - 1


WHOLE: Final = Shard()
"""The only shard of a run that is not divided."""


@dataclass(frozen=True)
class Size:
    """The default size of the sampled method: ``sequences`` of ``longest`` steps, ``batch`` in one unit."""

    sequences: int
    longest: int
    batch: int


SIZES: Final[dict[Pace, Size]] = {
    "fast": Size(600, 50, 100),
    "ordinary": Size(100, 20, 4),
    "slow": Size(20, 20, 2),
}
"""The default sizes by the pace of a driver. No clock chooses one."""


@dataclass(frozen=True)
class Bounds:
    """The bounds of a run. ``scopes`` are the graphs to test, each with its bound.

    ``graphs_asked`` says that the user asked for these graphs: they are toured first. ``sequences`` is the
    number of sequences that the sampled method draws, each of ``longest`` steps; an ``endless`` one goes on
    until the budget ends. ``budget`` is in seconds for all methods, which share it by their worth.
    ``batch`` is the number of sequences in one unit of work. ``limits`` says whether to test the profile's
    limits, which takes some hundred steps. ``history`` is k: every k + 1 calls in a row are made in each
    state of ``history_scopes``; with 0 the graphs are toured only. The same graphs are toured with the
    ``looks`` that are listed. ``crash_scopes`` are the graphs whose transitions are killed at every moment,
    ``failure_scopes`` those whose effects are made to fail; where there are none, ``uncrashed`` says why.
    ``torn`` cuts the last write before a loss of power at each page.
    Of all units of work those of ``shard`` are done.
    ``methods`` are the names of those that run, all where it is None. ``calls`` are those that the chosen
    rules speak of: what makes none of them is left out.
    ``held`` says whether calls are held inside for other callers to meet, and ``unheld`` why they are not.
    ``rounds`` is the number of rounds in which callers run free against each other.
    """

    scopes: tuple[tuple[Scope, int], ...] = (("tree", 3), ("storage", 2))
    seed: int = 0
    sequences: int = 100
    budget: float | None = None
    longest: int = 50
    limits: bool = False
    batch: int = 100
    jobs: int = 1
    endless: bool = False
    graphs_asked: bool = False
    pace: Pace = "ordinary"
    history: int = 0
    history_scopes: tuple[tuple[Scope, int], ...] = ()
    crash_scopes: tuple[tuple[Scope, int], ...] = ()
    failure_scopes: tuple[tuple[Scope, int], ...] = ()
    uncrashed: str = ""
    held: bool = False
    unheld: str = ""
    rounds: int = 0
    torn: bool = False
    looks: tuple[LooksAsked, ...] = ()
    shard: Shard = WHOLE
    methods: tuple[str, ...] | None = None
    calls: Calls = None
