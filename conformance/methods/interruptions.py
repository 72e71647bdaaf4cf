"""Plays a stored interruption again without a recorder, or judges what was seen of it without a driver.

The steps before are taken from the trace: they give both allowed states, and the ids of the recording.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

from snaptree.conformance.driver import Driver, Observation, interrupts, recovers
from snaptree.conformance.engine.answers import Returned
from snaptree.conformance.engine.coverage import Tally
from snaptree.conformance.engine.lockstep import Lockstep, StepResult
from snaptree.conformance.methods.explorer import scene_in_memory
from snaptree.conformance.methods.failures import (
    LEFT_AFTER_ERROR,
    OPENED_AGAIN,
    SAME_PROCESS,
    failed_at,
    opened_after_error,
)
from snaptree.conformance.methods.moments import Finding, killed_at
from snaptree.conformance.methods.opened import Opened, Reopening, left_over
from snaptree.conformance.methods.scene import Scene, look
from snaptree.conformance.methods.telling import run_of
from snaptree.conformance.processes.reaper import WorkFolder
from snaptree.conformance.sequences.interruption import Interruption
from snaptree.conformance.sequences.playback import Playback
from snaptree.conformance.sequences.running import Run
from snaptree.conformance.sequences.traces import Trace
from snaptree.conformance.storage.packed import PackFault, unpack
from snaptree.conformance.storage.replay import Folder
from snaptree.spec.outcomes import Accepted
from snaptree.spec.profiles import Profile

OTHER_WAY: Final = "this driver keeps its domains in another way than the one of the recording"


BEGINNINGS: Final = (SAME_PROCESS, OPENED_AGAIN)
"""How a finding of an error begins, which says where it showed."""


class NotPlayed(Exception):
    """An interruption that cannot be shown again in this way; the text gives the reason."""


def play_interruption(driver: Driver, trace: Trace) -> Run:
    """Show the interruption of a trace again on a driver. Raises NotPlayed."""
    cut_off = _interruption(trace)
    if cut_off.moment.change is not None:
        if not interrupts(driver):
            raise NotPlayed(OTHER_WAY)
        return _played_in_memory(driver, trace, cut_off, cut_off.moment.change)
    if cut_off.unplayed:
        raise NotPlayed(f"{cut_off.unplayed}; 'snaptree judge' needs no driver")
    if not recovers(driver):
        raise NotPlayed(OTHER_WAY)
    scene, taken = _scene(trace, cut_off, driver.profile)
    scratch = WorkFolder(None, "snaptree-reopened-")
    try:
        finding = _opened(Reopening(driver, scratch.path), scene, cut_off)
    finally:
        scratch.remove()
    return _run(scene, taken, cut_off, finding)


def attempt_interruption(driver: Driver, trace: Trace) -> Run | str:
    """``play_interruption``, whose reason not to play is a text: it comes from another process."""
    try:
        return play_interruption(driver, trace)
    except NotPlayed as error:
        return str(error)


def judge_interruption(trace: Trace, profile: Profile) -> Run:
    """Judge what was seen after the interruption of a trace. Raises NotPlayed."""
    cut_off = _interruption(trace)
    scene, taken = _scene(trace, cut_off, profile)
    seen = trace.steps[-1].observation
    if cut_off.part == "leftover":
        finding = _left(cut_off)
    elif seen is None:
        # The driver could not open or show it: that is what it did.
        finding = Finding(cut_off.part, cut_off.wrong, "")
    else:
        states = scene.allowed(finished=False)
        domain: Any = _Seen(seen)
        sight = look(domain, scene, {name: states[name] for name in cut_off.allowed if name in states})
        if sight.states:
            raise NotPlayed(
                f"what was seen equals the state {sight.states[0]}: the fault showed when work went on "
                f"({cut_off.wrong:.200}); 'snaptree replay' goes on again"
            )
        wrong = next(
            (f"{one}{sight.wrong}" for one in BEGINNINGS if cut_off.wrong.startswith(one)), sight.wrong
        )
        finding = Finding(cut_off.part, wrong, "", sight)
    return _run(scene, taken, cut_off, finding)


class _Seen:
    """A domain that shows one observation."""

    def __init__(self, seen: Observation) -> None:
        self._seen = seen

    def observe(self) -> Observation:
        """It."""
        return self._seen


def _interruption(trace: Trace) -> Interruption:
    cut_off = trace.interruption
    assert cut_off is not None, "the caller looks"
    return cut_off


def _scene(trace: Trace, cut_off: Interruption, profile: Profile) -> tuple[Scene, StepResult]:
    """The call as it goes without interruption, from the recorded answers."""
    last = replace(trace.steps[-1], answer=Returned(cut_off.returned), interruption=None)
    driver: Any = Playback(replace(trace, steps=(*trace.steps[:-1], last)), profile)
    lockstep = Lockstep(driver.open(), profile, trace.header.disks, tally=Tally())
    steps = [lockstep.do(one, look=False) for one in trace.operations[:-1]]
    lockstep.identities.learned.update({(kind, name): value for kind, name, value in cut_off.learned})
    before, known = lockstep.model, lockstep.identities.copy()
    taken = lockstep.do(last.operation, look=False)
    for number, one in enumerate((*steps, taken), start=1):
        if one.differences:
            raise NotPlayed(f"step {number} deviates already: {one.differences[0].observed:.200}")
    if not isinstance(taken.outcome, Accepted):
        raise NotPlayed("the call that was cut off is refused by this profile")
    scene = Scene(last.operation, before, lockstep.model, known, lockstep.identities, profile, tuple(steps))
    return scene, taken


def _opened(reopening: Reopening, scene: Scene, cut_off: Interruption) -> Finding | None:
    folder = _folder(cut_off)
    if cut_off.moment.kind == "error":
        return reopening.judge(
            folder, "failure", lambda domain: opened_after_error(domain, scene, cut_off.allowed)
        )
    part = "survival" if cut_off.moment.finished else "recovery"
    if cut_off.moment.kind == "power":
        part = "outage"
    finding, _ = reopening.judge_moment(folder, scene, part, cut_off.allowed, cut_off.files, Opened())
    return finding


def _folder(cut_off: Interruption) -> Folder:
    if cut_off.folder is None:
        raise NotPlayed(cut_off.unplayed or "no folder is stored")
    try:
        return unpack(cut_off.folder)
    except PackFault as error:
        raise NotPlayed(str(error)) from None


def _left(cut_off: Interruption) -> Finding | None:
    if cut_off.moment.kind != "error":
        raise NotPlayed("what a recovery leaves shows only after one; 'snaptree replay' makes it again")
    more = left_over(_folder(cut_off), cut_off.files, cut_off.allowed, ())
    return Finding("leftover", f"{LEFT_AFTER_ERROR}{more}", "") if more else None


def _played_in_memory(driver: Driver, trace: Trace, cut_off: Interruption, change: int) -> Run:
    ready = scene_in_memory(driver, trace.operations)
    if ready is None:
        raise NotPlayed("a call deviates already where nothing cuts it off; 'snaptree check' reports it")
    scene, taken, prepared = ready
    if cut_off.moment.kind == "error":
        finding, _ = failed_at(scene, prepared(), change)
    else:
        finding, _ = killed_at(scene, prepared(), change)
    return _run(scene, taken, cut_off, finding)


def _run(scene: Scene, taken: StepResult, cut_off: Interruption, finding: Finding | None) -> Run:
    if finding is None:
        return Run((*scene.steps, taken), (), dict(scene.identities.to_driver))
    told = replace(
        finding, words=cut_off.words, moment=cut_off.moment, allowed=finding.allowed or cut_off.allowed
    )
    run = run_of(scene, taken, told)
    return replace(run, interruption=replace(cut_off, wrong=finding.wrong, part=finding.part))
