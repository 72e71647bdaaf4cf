"""A finding as a run: it ends in the call that was killed, or that failed, with all that a trace needs."""

from __future__ import annotations

from snaptree.conformance.engine.answers import Failed, Returned
from snaptree.conformance.engine.differences import Difference
from snaptree.conformance.engine.lockstep import StepResult
from snaptree.conformance.methods.moments import Finding
from snaptree.conformance.methods.scene import Scene
from snaptree.conformance.sequences.interruption import Interruption
from snaptree.conformance.sequences.running import Run
from snaptree.conformance.storage.packed import MOST_PACKED, pack
from snaptree.spec.outcomes import Accepted

_LIVE = {True: "; a live kill -9 shows the same", False: "; a live kill -9 did not show it", None: ""}


def run_of(scene: Scene, taken: StepResult, finding: Finding) -> Run:
    """The run of a finding; ``taken`` is the step without interruption."""
    wrong = Difference(
        finding.part,
        "domain",
        "domain",
        _expected(scene, finding),
        f"{finding.wrong} ({finding.words}{_LIVE[finding.confirmed]})",
    )
    sight = finding.sight
    last = StepResult(
        scene.operation,
        scene.before,
        Accepted(None, scene.after),
        Failed(finding.words),
        None if sight is None else sight.observation,
        (wrong,),
        taken.sent,
    )
    return Run(
        (*scene.steps, last),
        (wrong,),
        dict(scene.identities.to_driver),
        interruption=_interruption(scene, taken, finding),
    )


def _expected(scene: Scene, finding: Finding) -> tuple[str, ...]:
    call = scene.operation.call
    if finding.part == "leftover":
        return ("nothing of the call or of what it deleted",)
    if finding.moment.finished:
        return (f"the state after {call}",)
    return f"the state before {call}", "the state after it"


def _interruption(scene: Scene, taken: StepResult, finding: Finding) -> Interruption:
    left = finding.left
    packed = None if left.folder is None else pack(left.folder)
    unplayed = left.unplayed
    if left.folder is not None and packed is None:
        unplayed = f"the folder has more than {MOST_PACKED:,} compressed bytes, and is not stored"
    answer = taken.answer
    learned = tuple((kind, name, value) for (kind, name), value in scene.known.learned.items())
    return Interruption(
        finding.moment,
        finding.words,
        finding.part,
        finding.wrong,
        finding.allowed,
        {} if finding.sight is None else finding.sight.against,
        answer.result if isinstance(answer, Returned) else None,
        learned,
        packed,
        left.files,
        unplayed or ("" if packed is not None or finding.moment.change is not None else "nothing was left"),
    )
