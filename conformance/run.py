"""The main job: every method on one driver, in one process or in several.

Work is cut into units whose content depends on the seed and the bounds alone,
so that the same seed gives the same sequences under any number of jobs. Each
worker has a driver of its own; what comes back are tallies and deviations.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from time import monotonic
from typing import Final

from snaptree.conformance.crew import Job, crew
from snaptree.conformance.deviations import Deviation
from snaptree.conformance.driver import DriverOptions
from snaptree.conformance.methods.exhaustive import chunks
from snaptree.conformance.methods.graph import Scope
from snaptree.conformance.tally import Tally
from snaptree.conformance.units import GIVEN, Method, Report, Unit, graph_of
from snaptree.spec.profiles import Profile

GIVEN_UNITS: Final = 8
"""Units of work that the sequences of a method are dealt out to, where they are written down."""


@dataclass(frozen=True)
class Bounds:
    """How much is done. ``scopes`` are the graphs to be toured, each with its bound.

    ``sampling`` is in seconds for the sampled method. ``budget`` is in seconds for
    everything: the graphs then have to leave the sampled method its time, up to a
    third, and it goes on until the budget is used up. None is as long as the
    graphs take, and then ``sampling``. ``longest`` is the steps of a sampled
    sequence, ``batch`` how many sequences are one unit of work. ``limits`` says whether the
    profile's limits are gone to, which takes some hundred steps.
    """

    scopes: tuple[tuple[Scope, int], ...] = (("tree", 3), ("storage", 2))
    seed: int = 0
    sampling: float = 10.0
    budget: float | None = None
    longest: int = 50
    limits: bool = False
    batch: int = 100
    jobs: int = 1


@dataclass
class MethodResult:
    """What a method did: transitions of a graph, or sampled sequences.

    ``missed`` are transitions that are only reachable through one that deviates.
    """

    method: Method
    title: str
    total: int = 0
    covered: int = 0
    missed: int = 0
    deviated: int = 0
    states: int = 0
    sequences: int = 0

    @property
    def complete(self) -> bool:
        """Whether everything that it set out for was done, deviations included."""
        return self.method == "sampled" or self.covered + self.deviated + self.missed >= self.total


@dataclass
class Outcome:
    """What a whole run found: tallies, methods, deviations by id, errors of ours."""

    tally: Tally = field(default_factory=Tally)
    methods: dict[str, MethodResult] = field(default_factory=dict)
    deviations: dict[str, Deviation] = field(default_factory=dict)
    seconds: float = 0.0
    interrupted: bool = False


Progress = Callable[[Outcome, MethodResult], None]


def run_methods(
    name: str, options: DriverOptions, profile: Profile, bounds: Bounds, progress: Progress
) -> Outcome:
    """Run the exhaustive and the sampled method on a driver, and collect what they found.

    ``progress`` is called several times a second. Ctrl-C ends the run early; the
    outcome then holds what was found so far and says ``interrupted``.
    Raises DriverUnavailable when the driver cannot be brought up, and
    WorkerFailed for a fault that is not the driver's.
    """
    outcome = Outcome()
    started = monotonic()
    try:
        with crew(name, options, bounds.jobs) as workers:
            # One stream of work: nobody waits for the last unit of a method before the next begins.
            workers.work(_work(profile, bounds, started, outcome, progress))
    except KeyboardInterrupt:
        outcome.interrupted = True
    outcome.seconds = monotonic() - started
    return outcome


def _work(
    profile: Profile, bounds: Bounds, started: float, outcome: Outcome, progress: Progress
) -> Iterator[Job]:
    """Everything that there is to do, in order; a method begins when its first unit is asked for."""
    tours_until = None
    if bounds.budget is not None:
        tours_until = started + bounds.budget - min(bounds.sampling, bounds.budget / 3)
    results = [
        *_given(profile, limits=bounds.limits),
        *(_tour(profile, scope, bound) for scope, bound in bounds.scopes),
    ]
    for key, result, _ in results:
        outcome.methods[key] = result
    for _, result, units in results:
        heard = _listener(outcome, result, progress)
        for unit in units:
            yield Job(unit, tours_until, heard)
    if bounds.sampling > 0:
        until = monotonic() + bounds.sampling if bounds.budget is None else started + bounds.budget
        result = MethodResult("sampled", f"sequences of {bounds.longest} steps")
        outcome.methods["sampled"] = result
        heard = _listener(outcome, result, progress)
        for unit in _batches(profile, bounds, until):
            yield Job(unit, until, heard)


_TITLES: dict[Scope, str] = {
    "tree": "create, revert, merge, discard",
    "storage": "retire, reclaim, subtrees",
    "memory": "trees with memory",
    "cycles": "power states, memory written",
    "power": "power states",
    "configuration": "trees that differ in configuration",
    "libvirt": "libvirt's own calls",
}


def _tour(profile: Profile, scope: Scope, bound: int) -> tuple[str, MethodResult, list[Unit]]:
    graph = graph_of(profile, bound, scope)
    result = MethodResult(
        "exhaustive",
        f"{_TITLES[scope]}; {bound} snapshot{'s' if bound > 1 else ''}",
        graph.transitions,
        states=len(graph.edges),
    )
    units = [Unit("exhaustive", number, scope, bound) for number in range(len(chunks(graph)))]
    return f"{scope}-{bound}", result, units


_GIVEN_TITLES: Final[dict[Method, str]] = {
    "examples": "what the chapters show",
    "names": "names and texts that trip code up",
    "limits": "as deep and as many as claimed, and one more",
}


def _given(profile: Profile, *, limits: bool) -> Iterator[tuple[str, MethodResult, list[Unit]]]:
    """The methods whose sequences are written down, where there are any for this profile."""
    for method, sequences in GIVEN.items():
        total = len(sequences(profile)) if limits or method != "limits" else 0
        pieces = min(GIVEN_UNITS, total)
        if total:
            units = [Unit(method, number, sequences=pieces) for number in range(pieces)]
            yield method, MethodResult(method, _GIVEN_TITLES[method], total), units


def _batches(profile: Profile, bounds: Bounds, until: float) -> Iterator[Unit]:
    number = 0
    # libvirt's own calls have every other batch, where the driver has them.
    scopes: tuple[Scope, ...] = ("tree", "libvirt") if profile.libvirt else ("tree",)
    while monotonic() < until:
        # A large prime keeps the batches of neighbouring seeds apart.
        batch_seed = bounds.seed * 1_000_003 + number
        yield Unit(
            "sampled",
            number,
            scopes[number % len(scopes)],
            bound=bounds.longest,
            seed=batch_seed,
            sequences=bounds.batch,
        )
        number += 1


def _listener(outcome: Outcome, result: MethodResult, progress: Progress) -> Callable[[Report], None]:
    def heard(report: Report) -> None:
        result.covered += report.covered
        result.missed += report.missed
        result.deviated += report.deviated
        result.sequences += report.sequences
        if report.tally is not None:
            outcome.tally.add(report.tally)
        if report.deviation is not None:
            known = outcome.deviations.get(report.deviation.id)
            if known is None or len(report.deviation.sequence) < len(known.sequence):
                outcome.deviations[report.deviation.id] = report.deviation
        progress(outcome, result)

    return heard
