"""What is found at the moments of a call, and the moments of a domain in memory, which ``Interrupts``.

Such a domain makes the call once for each of its changes.
"""

from __future__ import annotations

import errno
import os
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from snaptree.conformance.driver import Domain as DriverDomain
from snaptree.conformance.driver import Killed, error_text
from snaptree.conformance.engine.lockstep import Lockstep
from snaptree.conformance.methods.scene import Scene, Sight, go_on, look
from snaptree.conformance.sequences.interruption import Moment
from snaptree.conformance.storage.replay import Folder

States = tuple[str, ...]
"""The names of allowed states."""


@dataclass(frozen=True)
class Left:
    """What a moment left, so that it can be opened again: the folder, and the files of each state.

    Without a folder, ``unplayed`` says why.
    """

    folder: Folder | None = None
    files: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    unplayed: str = ""


@dataclass(frozen=True)
class Finding:
    """A state that no kill may leave: the part that is wrong, in words what, and when the kill was."""

    part: str
    wrong: str
    words: str
    sight: Sight | None = None
    confirmed: bool | None = None
    moment: Moment = field(default_factory=Moment)
    allowed: States = ()
    left: Left = Left()

    @property
    def kind(self) -> tuple[str, str]:
        """The part, and what is wrong up to its details: the same fault shows at many moments."""
        return self.part, self.wrong.partition(":")[0]


@dataclass
class Explored:
    """What was done for one call: moments, and the different states that were looked at.

    ``finding`` is the first one, ``more`` are the first ones of other kinds.
    """

    moments: int = 0
    looked: int = 0
    finding: Finding | None = None
    more: tuple[Finding, ...] = ()
    judged: Counter[str] = field(default_factory=Counter)
    """How often each part was compared."""

    def count(self, part: str, finding: Finding | None) -> None:
        """Count a moment that was looked at by itself, and what was found."""
        self.moments += 1
        self.looked += 1
        self.finding = finding
        if finding is None:
            self.judged[part] += 1


def interrupted(scene: Scene, prepared: Callable[[], Lockstep], most: int = 10_000) -> Explored:
    """Kill a domain in memory before each of its changes; ``prepared`` makes one for the call."""
    explored = Explored()
    for change in range(most):
        finding, finished = killed_at(scene, prepared(), change)
        if finished is None:
            break
        if not finished and scene.claim == "nothing":
            explored.moments += 1
            explored.looked += 1
            continue
        explored.count("survival" if finished else "recovery", finding)
        if finished or finding is not None:
            break
    return explored


def killed_at(scene: Scene, lockstep: Lockstep, change: int) -> tuple[Finding | None, bool | None]:
    """Kill a domain before a change of the call; the finding, and whether the call had returned.

    None instead of the latter says that the call deviated by itself.
    """
    domain = lockstep.domain
    domain.interrupt_at(change)  # type: ignore[attr-defined] # its driver says that it has it
    try:
        try:
            taken = lockstep.do(scene.operation, look=False)
        except Killed:
            finished, words = False, f"killed before change {change + 1}"
        else:
            if taken.differences:
                return None, None
            finished, words = True, f"killed after all {change} changes and success"
        domain.interrupt_at(None)  # type: ignore[attr-defined]
        finding = _judged(domain, scene, words, finished=finished)
        moment = Moment("kill", change, change if finished else 0, (), change, finished)
        return finding and replace(finding, moment=moment), finished
    finally:
        domain.close()


def _judged(domain: DriverDomain, scene: Scene, words: str, *, finished: bool) -> Finding | None:
    part = "survival" if finished else "recovery"
    if not finished and scene.claim == "nothing":
        return None
    allowed = scene.allowed(finished=finished)
    try:
        domain.recover()  # type: ignore[attr-defined]
    except (Exception, SystemExit) as error:  # noqa: BLE001 - whatever a driver raises is a finding
        return Finding(part, f"not opened again: {error_text(error)}", words, allowed=tuple(allowed))
    sight = look(domain, scene, allowed)
    wrong = go_on(domain, scene, sight) if sight.states else sight.wrong
    return Finding(part, wrong, words, sight, allowed=tuple(allowed)) if wrong else None


def full() -> OSError:
    """The error of a full disk."""
    return OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
