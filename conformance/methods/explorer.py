"""What the methods that kill calls and let storage fail have in common: scenes, and findings as runs.

A scene is an accepted transition of a graph. A driver that ``Recovers`` is brought to its state once; the
call is then made over a copy of the folder, where everything is recorded. A domain that ``Interrupts`` goes
there anew each time.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import ClassVar, Final

from snaptree.conformance.driver import DEFAULT_DISKS, CallBarred, Driver, interrupts, open_domain, recovers
from snaptree.conformance.engine.coverage import Tally
from snaptree.conformance.engine.lockstep import Lockstep, StepResult
from snaptree.conformance.methods.bounds import Bounds
from snaptree.conformance.methods.content import FreshContent
from snaptree.conformance.methods.graph import Graph, Label, Scope, carry_out, graph_of, moves, shape_in
from snaptree.conformance.methods.histories import Walked, cover
from snaptree.conformance.methods.method import Ledger, Method, Part
from snaptree.conformance.methods.moments import Explored
from snaptree.conformance.methods.recording import Recording
from snaptree.conformance.methods.scene import Scene
from snaptree.conformance.methods.telling import run_of
from snaptree.conformance.processes.reaper import WorkFolder
from snaptree.conformance.sequences.running import Run
from snaptree.conformance.storage.recorder import Recorder, why_not
from snaptree.conformance.storage.replay import Folder
from snaptree.spec.operations import Operation
from snaptree.spec.outcomes import Accepted
from snaptree.spec.profiles import Profile
from snaptree.spec.semantics import step
from snaptree.spec.shapes import Code
from snaptree.spec.state import blank_domain
from snaptree.spec.vocabulary import conditions_of, pairs

MOST_UNITS: Final = 8
"""Units of work of one graph: each sets a recorder up."""

OFF: Final[tuple[Scope, ...]] = ("tree", "storage")
"""The scopes that can be asked for: a kill of a domain that is off leaves its state as it is."""


@dataclass(frozen=True)
class Share:
    """One of ``every`` equal shares of the transitions of a graph; ``tear`` cuts writes as well."""

    scope: Scope
    bound: int
    number: int
    every: int
    method: str
    tear: bool = False

    @property
    def part(self) -> str:
        """Each graph is a part of its own."""
        return f"{self.method}-{self.scope}-{self.bound}"


@dataclass(frozen=True)
class Reached:
    """A state of the graph on a driver: the steps there, the pair of domains, and the folder."""

    walked: Walked
    steps: tuple[StepResult, ...]
    lockstep: Lockstep
    folder: Folder


def why_not_explored(driver: Driver) -> str:
    """Why the calls of a driver cannot be killed at every moment here; empty if they can be."""
    if recovers(driver):
        return why_not()
    return "" if interrupts(driver) else "the driver cannot open a domain again from a folder"


Prepared = Callable[[], Lockstep]
"""Makes a pair of domains that is ready for the call of a scene."""


class Explorer(Method[Share]):
    """A method that explores each accepted transition of some graphs by itself. ``title`` says how."""

    noun: ClassVar[str] = "transition"
    shrinks: ClassVar[bool] = False
    title: ClassVar[str]

    @abstractmethod
    def scopes(self, bounds: Bounds) -> tuple[tuple[Scope, int], ...]:
        """The graphs to explore."""

    @abstractmethod
    def in_memory(self, scene: Scene, prepared: Prepared) -> Explored:
        """Explore a scene of a domain that ``Interrupts``."""

    @abstractmethod
    def recorded(self, recording: Recording, scene: Scene, unit: Share) -> Explored:
        """Explore a scene that was just recorded."""

    def parts(self, profile: Profile, bounds: Bounds) -> Sequence[Part]:
        """One for each graph that is asked for."""
        return [
            Part(
                f"{self.name}-{scope}-{bound}",
                f"{self.title}; {scope}, {bound} snapshot{'s' if bound > 1 else ''}",
                len(transitions(profile, bound, scope)),
                len(graph_of(profile, bound, scope).edges),
            )
            for scope, bound in self.scopes(bounds)
        ]

    def units(self, profile: Profile, bounds: Bounds) -> Iterator[Share]:
        """The transitions of each graph, neighbours together."""
        for scope, bound in self.scopes(bounds):
            every = min(MOST_UNITS, len(transitions(profile, bound, scope)))
            yield from (Share(scope, bound, number, every, self.name) for number in range(every))

    def perform(self, driver: Driver, unit: Share, ledger: Ledger) -> Iterator[Run]:
        """Explore one transition after the other; of those with the same fault each is yielded."""
        every = transitions(driver.profile, unit.bound, unit.scope)
        share = every[unit.number * len(every) // unit.every : (unit.number + 1) * len(every) // unit.every]
        if not recovers(driver):
            yield from self._in_memory(driver, unit, share, ledger)
            return
        recorder = Recorder()
        try:
            scratch = WorkFolder(None, "snaptree-reopened-")
            try:
                recording = Recording(driver, recorder, scratch.path)
                yield from self._recorded(driver, unit, share, ledger, recording)
            finally:
                scratch.remove()
        finally:
            recorder.close()

    def _in_memory(
        self, driver: Driver, unit: Share, share: Sequence[tuple[Code, Label]], ledger: Ledger
    ) -> Iterator[Run]:
        graph = graph_of(driver.profile, unit.bound, unit.scope)
        for state, label in share:
            if ledger.expired():
                return
            ready = scene_in_memory(driver, _walk(graph, state, label).operations)
            if ready is None:
                ledger.counts.missed += 1
                continue
            scene, taken, prepared = ready
            yield from _count(self.in_memory(scene, prepared), scene, taken, ledger)

    def _recorded(
        self,
        driver: Driver,
        unit: Share,
        share: Sequence[tuple[Code, Label]],
        ledger: Ledger,
        recording: Recording,
    ) -> Iterator[Run]:
        graph = graph_of(driver.profile, unit.bound, unit.scope)
        reached: tuple[Code, Reached | None] | None = None
        for state, label in share:
            if ledger.expired():
                return
            if reached is None or reached[0] != state:
                reached = state, reach(driver, graph, state)
            ready = None if reached[1] is None else record(recording, driver, graph, reached[1], label)
            if ready is None:
                ledger.counts.missed += 1
                continue
            scene, taken = ready
            yield from _count(self.recorded(recording, scene, unit), scene, taken, ledger)


def _count(explored: Explored, scene: Scene, taken: StepResult, ledger: Ledger) -> Iterator[Run]:
    ledger.tally.moments += explored.moments
    ledger.tally.recovered += explored.looked
    if explored.finding is not None:
        ledger.counts.deviated += 1
        for finding in (explored.finding, *explored.more):
            yield run_of(scene, taken, finding)
        return
    if not explored.moments:
        ledger.counts.missed += 1
        return
    ledger.counts.covered += 1
    conditions = conditions_of(scene.before, scene.operation, scene.profile)
    for part, times in explored.judged.items():
        if times:
            key = scene.operation.call, "accepted", pairs(part, "domain"), conditions
            ledger.tally.coverage[key] += times


def scene_in_memory(
    driver: Driver, operations: Sequence[Operation]
) -> tuple[Scene, StepResult, Prepared] | None:
    """The last call of a sequence on a domain that ``Interrupts``; None if a call deviates already."""
    *way, operation = operations
    steps: list[StepResult] = []

    def prepared() -> Lockstep:
        lockstep = Lockstep(open_domain(driver), driver.profile, tally=Tally())
        steps[:] = [lockstep.do(one, look=False) for one in way]
        return lockstep

    lockstep = prepared()
    if any(taken.differences for taken in steps):
        return None
    before, known = lockstep.model, lockstep.identities.copy()
    taken = lockstep.do(operation, look=False)
    if taken.differences or not isinstance(taken.outcome, Accepted):
        return None
    profile = driver.profile
    scene = Scene(operation, before, lockstep.model, known, lockstep.identities, profile, tuple(steps))
    return scene, taken, prepared


@cache
def transitions(profile: Profile, bound: int, scope: Scope) -> list[tuple[Code, Label]]:
    """The accepted transitions of a graph, writes of content included, by the state where they begin."""
    graph = graph_of(profile, bound, scope)
    found: list[tuple[Code, Label]] = []
    for state in graph.edges:
        domain = _walk(graph, state, None).domain
        for move in moves(domain, shape_in(scope, domain), profile, bound, scope):
            operation = move.operation
            prepared = carry_out(domain, replace(move, operation=None), profile)
            if operation is None or isinstance(step(prepared, operation, profile), Accepted):
                found.append((state, move.label))
    return found


def _walk(graph: Graph, state: Code, label: Label | None) -> Walked:
    """The shortest way to a state, and the move that is explored there."""
    blank = Walked((), (), blank_domain(DEFAULT_DISKS), FreshContent(together=False))
    way = cover(graph.profile, graph.bound, graph.scope)[state]
    return blank.walk(graph, way if label is None else (*way, label))


def reach(driver: Driver, graph: Graph, state: Code) -> Reached | None:
    """Bring a fresh domain to a state, and take its folder; None if a call on the way deviates."""
    walked = _walk(graph, state, None)
    domain = open_domain(driver)
    try:
        lockstep = Lockstep(domain, driver.profile, tally=Tally())
        steps: list[StepResult] = []
        for operation in walked.operations:
            try:
                steps.append(lockstep.do(operation, look=False))
            except CallBarred:
                return None
            if steps[-1].differences:
                return None
        # One look learns what the driver generates: uuids and times of capture.
        lockstep.look_once()
        folder: Path = domain.folder  # type: ignore[attr-defined] # its driver says that it has it
        state_of_folder = Folder.read(folder)
        return Reached(walked, tuple(steps), lockstep, state_of_folder)
    finally:
        with suppress(Exception):
            domain.close()


def record(
    recording: Recording, driver: Driver, graph: Graph, reached: Reached, label: Label
) -> tuple[Scene, StepResult] | None:
    """Record one transition; None if a call deviates already."""
    walked = reached.walked.walk(graph, (label,))
    *preparations, operation = walked.operations[len(reached.walked.operations) :]
    domain = recording.open(reached.folder)
    try:
        lockstep = Lockstep(domain, driver.profile, tally=Tally())
        lockstep.resume(reached.lockstep.model, reached.lockstep.identities)
        # What opening again does to a time of capture is no matter of a kill inside a call.
        lockstep.identities.forget("captured")
        lockstep.look_once()
        steps = [*reached.steps]
        for one in preparations:
            steps.append(lockstep.do(one, look=False))
            if steps[-1].differences:
                return None
        before, known = lockstep.model, lockstep.identities.copy()
        recording.begin()
        try:
            taken = lockstep.do(operation, look=False)
        finally:
            recording.take()
        if taken.differences:
            return None
        after, profile = lockstep.model, driver.profile
        return Scene(operation, before, after, known, lockstep.identities, profile, tuple(steps)), taken
    except CallBarred:
        return None
    finally:
        with suppress(Exception):
            domain.close()
