"""A call of a driver that ``Recovers``, recorded once: what every prefix of its effects leaves is judged.

What is found is confirmed by a live ``kill -9``.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from snaptree.conformance.driver import Domain as DriverDomain
from snaptree.conformance.driver import Driver
from snaptree.conformance.engine.coverage import Tally
from snaptree.conformance.engine.lockstep import Lockstep
from snaptree.conformance.methods.moments import Explored, Finding, Left, States
from snaptree.conformance.methods.opened import INSIDE, Files, Opened, Reopening
from snaptree.conformance.methods.scene import AFTER, BEFORE, Scene
from snaptree.conformance.sequences.interruption import AROUND, Moment, Neighbour
from snaptree.conformance.storage.effects import GROWS, SYNCS, Effect, Fault
from snaptree.conformance.storage.power import Outage, outages
from snaptree.conformance.storage.recorder import Recorder
from snaptree.conformance.storage.replay import Folder, check_replay, empty, states

KEPT_OUTSIDE: Final = "the call is seen though no file had changed: something is kept outside of the folder"

EVERY_KIND: Final = GROWS | SYNCS | {"unlink", "rmdir", "mode"}


@dataclass(frozen=True)
class _Case:
    """A moment to judge: the part that it is about, and whether only the state after the call is allowed."""

    part: str
    finished: bool
    moment: Moment
    words: str
    untouched: bool = False
    """Whether no effect had happened: then nothing of the call may be seen."""


class Recording:
    """One call, recorded, and every moment of it judged. ``scratch`` is a folder for what is opened again."""

    def __init__(self, driver: Driver, recorder: Recorder, scratch: Path) -> None:
        self._recorder = recorder
        self._opened = 0
        self.reopening = Reopening(driver, scratch)
        self.start = Folder()
        self.end = Folder()
        self.effects: list[Effect] = []

    @property
    def volatile(self) -> Sequence[str]:
        """The patterns of files that are no state."""
        return self.reopening.volatile

    @property
    def files(self) -> dict[str, tuple[str, ...]]:
        """The paths that belong to the state before the call and to the one after it."""
        return {BEFORE: tuple(sorted(self.start.names)), AFTER: tuple(sorted(self.end.names))}

    def open(self, state: Folder) -> DriverDomain:
        """A domain over a copy of a folder, where everything is recorded."""
        self.clear()
        state.write_out(self._recorder.store / INSIDE)
        return self.reopening.reopen(self._recorder.mount / INSIDE)

    def open_at(self, state: Folder) -> DriverDomain:
        """A domain over a copy of a whole recorded folder."""
        self.clear()
        state.write_out(self._recorder.store)
        return self.reopening.reopen(self._recorder.mount / INSIDE)

    def lift(self) -> None:
        """No fault strikes any more."""
        self._recorder.begin()

    def now(self) -> Folder:
        """What lies in the recorded folder at this moment."""
        return Folder.read(self._recorder.store)

    def placeless(self, text: str) -> str:
        """A text without the folders of this run, so that two runs say the same."""
        return self.reopening.placeless(text).replace(f"{self._recorder.mount}/", "")

    def clear(self) -> None:
        """Remove what was recorded."""
        empty(self._recorder.store)

    def begin(self, fault: Fault | None = None) -> None:
        """Record from here on."""
        self.start = Folder.read(self._recorder.store)
        self._recorder.begin(fault)

    def take(self) -> int:
        """End the recording; how often the fault struck. Raises ReplayFault if the log is not the truth."""
        self.effects, struck = self._recorder.take()
        self.end = Folder.read(self._recorder.store)
        check_replay(self.start, self.effects, self.end)
        return struck

    def explore(self, scene: Scene) -> Explored:
        """Judge every moment at which the recorded call could be killed."""
        return self._explore(scene, self._kills(scene))

    def lose_power(self, scene: Scene, *, tear: bool = False) -> Explored:
        """Judge what every loss of power may leave, in the model that the profile claims."""
        return self._explore(scene, self._outages(scene, tear=tear))

    def _kills(self, scene: Scene) -> Iterator[tuple[_Case, Folder]]:
        total = len(self.effects)
        for moment, folder in states(self.start, self.effects):
            finished = moment.last == total and not moment.reordered
            for ended in dict.fromkeys((finished, False) if not moment.last else (finished,)):
                if ended or scene.claim != "nothing":
                    told = self.moment(set(moment.done), moment.last, finished=ended)
                    words = self._words(moment.last, success=ended)
                    # In an unchanged folder nothing of the call can be seen, unless it is kept elsewhere.
                    untouched = not moment.last and not ended
                    part = "survival" if ended else "recovery"
                    yield _Case(part, ended, told, words, untouched=untouched), folder

    def _outages(self, scene: Scene, *, tear: bool) -> Iterator[tuple[_Case, Folder]]:
        model = scene.profile.power_loss
        if model == "none":
            return
        for outage, folder in outages(self.start, self.effects, model, tear=tear):
            returned = outage.last == outage.of
            if not returned and scene.claim == "nothing":
                continue
            done = set(range(1, outage.last + 1)) - {*outage.lost}
            # What was not flushed in order may be lost, also after success: the profile claims no more.
            finished = returned and model == "strict"
            moment = replace(self.moment(done, outage.last, finished=finished), kind="power")
            yield _Case("outage", finished, moment, self._lost(outage, model)), folder

    def _lost(self, outage: Outage, model: str) -> str:
        """The loss of power in words."""
        words = f"power lost after effect {outage.last} of {outage.of} ({model})"
        if outage.torn is not None:
            return f"{words}; of the last write only {outage.torn:,} bytes"
        first = "; ".join(f"{number}, {self.effects[number - 1].text}" for number in outage.lost[:2])
        more = f" and {len(outage.lost) - 2} more" if len(outage.lost) > 2 else ""
        return f"{words}; not on the disk: {first or 'nothing is missing'}{more}"

    def _explore(self, scene: Scene, cases: Iterable[tuple[_Case, Folder]]) -> Explored:
        """Judge each case; what was judged already is known by its digest."""
        explored = Explored()
        found: dict[tuple[str, str], Finding] = {}
        known: dict[bytes, States] = {}
        bad: set[tuple[str, bytes]] = set()
        opened, files = Opened(), self.files
        for case, folder in cases:
            explored.moments += 1
            allowed = tuple(scene.allowed(finished=case.finished))
            digest = folder.digest(self.volatile)
            if not set(allowed).isdisjoint(known.get(digest, ())) or (case.part, digest) in bad:
                continue
            finding, equal = self.reopening.judge_moment(folder, scene, case.part, allowed, files, opened)
            explored.looked = len(opened.states)
            if case.untouched and finding is None and BEFORE not in equal:
                finding = Finding(case.part, KEPT_OUTSIDE, "", allowed=(BEFORE,))
            if finding is not None:
                bad.add((case.part, digest))
                if finding.kind not in found:
                    left = Left(folder.copy(), files)
                    found[finding.kind] = replace(finding, words=case.words, moment=case.moment, left=left)
                continue
            explored.judged[case.part] += 1
            explored.judged["leftover"] += 1
            known[digest] = equal
        if found:
            explored.finding, *more = sorted(found.values(), key=lambda one: one.part == "leftover")
            explored.more = tuple(more)
        return explored

    def moment(self, done: set[int], last: int, *, finished: bool) -> Moment:
        """A moment with the effects around it."""
        first, end = max(1, last - AROUND + 1), min(len(self.effects), last + AROUND)
        around = tuple(
            Neighbour(number, self.effects[number - 1].text, number in done)
            for number in range(first, end + 1)
        )
        return Moment("kill", last, len(self.effects), around, finished=finished)

    def _words(self, last: int, *, success: bool) -> str:
        """The moment, with the effects around it."""
        if success:
            return f"killed after all {len(self.effects)} effects and success"
        done = self.effects[last - 1].text if last else "nothing"
        missed = self.effects[last].text if last < len(self.effects) else "only its return"
        return f"killed after effect {last} of {len(self.effects)}, {done}; missing: {missed}"

    def killed_live(self, scene: Scene, last: int) -> Finding | None:
        """Make the call once more in a process that is killed after an effect, and judge what is there."""
        target = self.reopening.kill_target()
        self._opened += 1
        files = self.files
        self.clear()
        name = f"live-{self._opened}"
        start = self.start
        start.write_out(self._recorder.store / name)
        if target is not None:
            before = self._kill_driver(self._recorder.mount / name / INSIDE, scene, target, last)
            return self._after_live_kill(scene, before, name, files)
        ready, go = os.pipe(), os.pipe()
        child = os.fork()
        if not child:
            self._be_killed(self._recorder.mount / name / INSIDE, scene, ready[1], go[0])
        os.close(ready[1])
        try:
            os.read(ready[0], 1)
            before = Folder.read(self._recorder.store)
            self._recorder.begin(Fault(frozenset(EVERY_KIND), last + 1, process=child))
            os.write(go[1], b"g")
        finally:
            os.waitpid(child, 0)
            for one in (ready[0], *go):
                os.close(one)
        return self._after_live_kill(scene, before, name, files)

    def _kill_driver(self, folder: Path, scene: Scene, target: Callable[[], int], last: int) -> Folder:
        """Kill a driver that has a process of its own; what lay there before the call."""
        domain = self.reopening.reopen(folder)
        lockstep = Lockstep(domain, scene.profile, tally=Tally())
        lockstep.resume(scene.before, scene.known)
        before = Folder.read(self._recorder.store)
        self._recorder.begin(Fault(frozenset(EVERY_KIND), last + 1, process=target()))
        with suppress(Exception):
            lockstep.do(scene.operation, look=False)
        with suppress(Exception):
            domain.close()
        return before

    def _after_live_kill(self, scene: Scene, before: Folder, name: str, files: Files) -> Finding | None:
        effects, struck = self._recorder.take()
        self._recorder.begin()
        now = Folder.read(self._recorder.store)
        check_replay(before, effects, now)
        if not struck:
            return None
        moved = Folder.read(self._recorder.store / name)
        allowed = tuple(scene.allowed(finished=False))
        finding, _ = self.reopening.judge_moment(moved, scene, "recovery", allowed, files, Opened())
        return finding

    def _be_killed(self, folder: Path, scene: Scene, ready: int, go: int) -> None:
        """The child: open, wait, call; it never returns."""
        try:
            domain = self.reopening.reopen(folder)
            lockstep = Lockstep(domain, scene.profile, tally=Tally())
            lockstep.resume(scene.before, scene.known)
            os.write(ready, b"r")
            os.read(go, 1)
            lockstep.do(scene.operation, look=False)
        finally:
            os._exit(0)
