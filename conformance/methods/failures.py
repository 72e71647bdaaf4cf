"""failures: every accepted transition of a graph, with effects of its call that fail.

A full disk is full from an effect on, and for ever; another error strikes one effect. A call that then raises
an error has to leave the state before it or the one after it, one that returns the one after it: as the same
object shows it, and as it is found when the folder is opened again. Then work goes on.
"""

from __future__ import annotations

import errno
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import ClassVar, Final

from snaptree.conformance.driver import Domain as DriverDomain
from snaptree.conformance.driver import ProcessFault, error_text
from snaptree.conformance.engine.lockstep import Lockstep
from snaptree.conformance.methods.bounds import Bounds
from snaptree.conformance.methods.explorer import Explorer, Prepared, Share
from snaptree.conformance.methods.graph import Scope
from snaptree.conformance.methods.moments import Explored, Finding, Left, States, full
from snaptree.conformance.methods.opened import Files, left_over
from snaptree.conformance.methods.recording import EVERY_KIND, Recording
from snaptree.conformance.methods.scene import BEFORE, Scene, Sight, go_on, look
from snaptree.conformance.sequences.interruption import Moment
from snaptree.conformance.storage.effects import GROWS, Effect, Fault
from snaptree.conformance.storage.replay import Folder

FEW: Final = 12
"""Effects of which each fails in turn; of more, the first and the last of each kind on each file."""

SAME_PROCESS: Final = "wrong in the same process, "
OPENED_AGAIN: Final = "wrong when opened again, "
LEFT_AFTER_ERROR: Final = "left after an error: "
"""How the words of a finding begin."""

READS: Final = (1, 2, 4, 8, 16)
"""The reads and the openings of a file that fail, by number."""


class Failures(Explorer):
    """Errors of storage in every accepted transition."""

    name: ClassVar[str] = "failures"
    title: ClassVar[str] = "errors of storage"

    def scopes(self, bounds: Bounds) -> tuple[tuple[Scope, int], ...]:
        """The graphs of the bounds."""
        return bounds.failure_scopes

    def in_memory(self, scene: Scene, prepared: Prepared) -> Explored:
        """Let each change of a domain in memory fail."""
        explored = Explored()
        for change in range(10_000):
            finding, ended = failed_at(scene, prepared(), change)
            if ended:
                break
            explored.count("failure", finding)
            if finding is not None:
                break
        return explored

    def recorded(self, recording: Recording, scene: Scene, unit: Share) -> Explored:  # noqa: ARG002 - the same in every share
        """Make the call again and again, each time with another effect that fails."""
        explored = Explored()
        start, effects, files = recording.start, list(recording.effects), recording.files
        unmoved = start.digest(recording.volatile)
        for fault, words, place in _faults(effects):
            domain = recording.open_at(start)
            try:
                recording.begin(fault)
                answer = _answer(domain, scene)
                struck = recording.take()
                recording.lift()
                if not struck:
                    continue
                words = f"{words}; the call {_told(answer)}"
                sight, finding = _same_object(domain, scene, answer, words)
                left = recording.now()
                if finding is None and sight is not None:
                    if fault.error == errno.ENOSPC and answer is not None and BEFORE in sight.states:
                        finding = _left(left, files, sight, recording.volatile)
                    if finding is None and left.digest(recording.volatile) != unmoved:
                        with suppress(Exception):
                            domain.release()  # type: ignore[attr-defined] # its driver recovers
                        finding = _opened_again(recording, left, files, scene, sight)
                explored.count("failure", finding)
                if finding is not None:
                    recording.effects = effects
                    moment = recording.moment(set(range(1, place)), place, finished=answer is None)
                    explored.finding = replace(
                        finding,
                        words=words,
                        wrong=recording.placeless(finding.wrong),
                        moment=replace(moment, kind="error"),
                    )
                    break
            finally:
                with suppress(Exception):
                    domain.close()
        return explored


def failed_at(scene: Scene, lockstep: Lockstep, change: int) -> tuple[Finding | None, bool]:
    """Let a change of the call fail; the finding, and whether the call has no such change."""
    domain = lockstep.domain
    try:
        domain.interrupt_at(change, full())  # type: ignore[attr-defined] # its driver says that it has it
        answer = _answer(domain, scene)
        domain.interrupt_at(None)  # type: ignore[attr-defined]
        words = f"change {change + 1} failed: no space left; the call {_told(answer)}"
        sight, finding = _same_object(domain, scene, answer, words)
        if finding is None and sight is not None:
            domain.recover()  # type: ignore[attr-defined]
            finding = opened_after_error(domain, scene, sight.states)
        moment = Moment("error", change, 0, (), change, answer is None)
        found = finding and replace(finding, words=words, moment=moment)
        return found, answer is None and finding is None
    finally:
        domain.close()


def _left(left: Folder, files: Files, sight: Sight, volatile: Sequence[str]) -> Finding | None:
    more = left_over(left, files, sight.states, volatile)
    if not more:
        return None
    why = "the running process left it, before it was opened again"
    kept = Left(left, files, why)
    return Finding("leftover", f"{LEFT_AFTER_ERROR}{more}", "", sight, allowed=sight.states, left=kept)


def _opened_again(
    recording: Recording, left: Folder, files: Files, scene: Scene, first: Sight
) -> Finding | None:
    finding = recording.reopening.judge(
        left, "failure", lambda domain: opened_after_error(domain, scene, first.states)
    )
    return finding and replace(finding, allowed=first.states, left=Left(left, files))


def _answer(domain: DriverDomain, scene: Scene) -> str | None:
    """Make the call; the error that it raised, None for none."""
    method, keywords = scene.operation.request(scene.known.copy().arguments_of(scene.operation, scene.before))
    try:
        getattr(domain, method)(**keywords)
    except ProcessFault:
        raise
    except (Exception, SystemExit) as error:  # noqa: BLE001 - whatever a driver raises is an error here
        return error_text(error)
    return None


def _told(answer: str | None) -> str:
    return "returned" if answer is None else "raised an error"


def _same_object(
    domain: DriverDomain, scene: Scene, answer: str | None, words: str
) -> tuple[Sight | None, Finding | None]:
    allowed = scene.allowed(finished=answer is None)
    sight = look(domain, scene, allowed)
    if sight.states:
        return sight, None
    wrong, kept = (
        f"{SAME_PROCESS}{sight.wrong}",
        Left(unplayed="only the running process showed it"),
    )
    return None, Finding("failure", wrong, words, sight, allowed=tuple(allowed), left=kept)


def opened_after_error(domain: DriverDomain, scene: Scene, first: States) -> Finding | None:
    """Look at a domain that was opened again, which has to show a state that the first one showed; go on."""
    states = scene.allowed(finished=False)
    sight = look(domain, scene, {name: states[name] for name in first if name in states})
    if not sight.states:
        return Finding("failure", f"{OPENED_AGAIN}{sight.wrong}", "", sight, allowed=first)
    wrong = go_on(domain, scene, sight)
    return Finding("failure", wrong, "", sight, allowed=first) if wrong else None


def _faults(effects: Sequence[Effect]) -> Iterator[tuple[Fault, str, int]]:
    """The errors to put in, in words, and at which effect, 0 where it is none.

    A disk that is full from an effect on, one error, files that cannot be read.
    """
    for number, effect in _chosen([one for one in effects if one.kind in GROWS]):
        yield (
            Fault(GROWS, number, errno.ENOSPC, for_ever=True),
            f"no space left from effect {number} that needs some, {effect.text}",
            1 + next(place for place, one in enumerate(effects) if one is effect),
        )
    kinds = frozenset(EVERY_KIND)
    for number, effect in _chosen(effects):
        yield Fault(kinds, number, errno.EIO), f"an error of effect {number}, {effect.text}", number
    for kind in ("open", "read"):
        for number in READS:
            yield (
                Fault(frozenset([kind]), number, errno.EIO, for_ever=kind == "read"),
                f"an error of the {kind} of a file, number {number}",
                0,
            )


def _chosen(effects: Sequence[Effect]) -> list[tuple[int, Effect]]:
    """Effects by number, all of a few; else the first and the last of each kind on each file."""
    numbered = list(enumerate(effects, 1))
    if len(numbered) <= FEW:
        return numbered
    first: dict[tuple[str, str], tuple[int, Effect]] = {}
    last: dict[tuple[str, str], tuple[int, Effect]] = {}
    for number, effect in numbered:
        first.setdefault((effect.kind, effect.path), (number, effect))
        last[effect.kind, effect.path] = number, effect
    return sorted({number: (number, effect) for number, effect in (*first.values(), *last.values())}.values())
