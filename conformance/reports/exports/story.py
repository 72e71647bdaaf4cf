"""A recorded trace as a story: every call with the tree around it, and what its last one showed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from snaptree.conformance.engine.answers import Declined, answer_text
from snaptree.conformance.judging.deviations import Deviation, deviation_of
from snaptree.conformance.reports.telling import allowed_words, seen_words
from snaptree.conformance.reports.words import call_text, plain
from snaptree.conformance.sequences.playback import Playback
from snaptree.conformance.sequences.running import run_sequence
from snaptree.conformance.sequences.traces import Trace
from snaptree.spec.operations import Operation
from snaptree.spec.profiles import Profile
from snaptree.spec.rules import rule
from snaptree.spec.state import Domain


@dataclass(frozen=True)
class Scene:
    """A call: the trees of the model before and after it, and what was answered.

    ``asked`` says whether the hypervisor was asked: an adapter may refuse by itself what the system would do.
    """

    number: int
    operation: Operation
    before: Domain
    after: Domain
    call: str
    answer: str
    asked: bool


@dataclass(frozen=True)
class Story:
    """A trace with its calls; ``found`` is the deviation that it ends in, None if it shows none."""

    trace: Trace
    profile: Profile
    scenes: tuple[Scene, ...]
    found: Deviation | None

    @property
    def disks(self) -> Mapping[str, int]:
        """The disks that the domain begins with, and their bytes."""
        return self.trace.header.disks

    @property
    def driver(self) -> str:
        """The driver and its version, as the trace names them."""
        header = self.trace.header
        return plain(f"{header.driver} {header.driver_version}".strip(), 200)

    @property
    def lines(self) -> tuple[str, ...]:
        """What it shows: the rule, what is allowed, what was seen. Each is one line of plain text."""
        if self.found is None:
            return (f"Recorded on {self.driver}. It shows no deviation.",)
        first = self.found.differences[0]
        broken = f"{self.found.rule}: {rule(self.found.rule).sentence}" if self.found.rules else "a fault"
        return (
            f"Recorded on {self.driver}.",
            f"Rule {plain(broken, 400)}",
            f"Allowed: {allowed_words(first)}",
            f"Seen: {seen_words(first)}",
        )


def story_of(trace: Trace, profile: Profile) -> Story:
    """Judge the trace, and keep every step of it. Steps after a difference are left out."""
    driver: Any = Playback(trace, profile)
    header = trace.header
    run = run_sequence(
        driver, trace.operations, header.disks, persistent=header.persistent, finish=False,
        start=header.started(),
    )  # fmt: skip
    scenes = tuple(
        Scene(
            number,
            taken.operation,
            taken.before,
            taken.after,
            call_text(taken.operation, taken.before),
            plain(answer_text(taken.answer), 200),
            not isinstance(taken.answer, Declined) or taken.answer.native is not None,
        )
        for number, taken in enumerate(run.steps, start=1)
    )
    found = deviation_of(run, profile, "export", flaky=False) if run.differences else None
    return Story(trace, profile, scenes, found)
