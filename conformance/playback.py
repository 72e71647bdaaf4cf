"""A trace as a driver: it answers what was recorded, so that the engine can judge without a hypervisor."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from snaptree.conformance.answers import Declined, Failed
from snaptree.conformance.driver import DEFAULT_DISKS, Json, NotObserved
from snaptree.conformance.traces import RecordedStep, Trace
from snaptree.spec.operations import CALLS
from snaptree.spec.outcomes import REFUSALS, Refusal
from snaptree.spec.profiles import Profile


class Recorded(Exception):
    """An error that was recorded, raised again."""


class Playback:
    """Opens one domain that replays the answers and observations of a trace."""

    def __init__(self, trace: Trace, profile: Profile) -> None:
        self.name = trace.header.driver
        self.version = trace.header.driver_version
        self.profile = profile
        self._trace = trace

    def open(self, disks: Mapping[str, int] = DEFAULT_DISKS, *, persistent: bool = True) -> PlaybackDomain:  # noqa: ARG002 - what the trace was recorded on is in the trace
        """The domain of the trace, at its first step."""
        return PlaybackDomain(iter(self._trace.steps))

    def close(self) -> None:
        """Nothing to end."""


class PlaybackDomain:
    """Answers each call as it was answered when it was recorded."""

    def __init__(self, steps: Iterator[RecordedStep]) -> None:
        self._steps = steps
        self._seen: dict[str, Json] | None = None

    def __getattr__(self, call: str) -> Any:
        if call not in CALLS and call != "native_call":
            raise AttributeError(call)
        return self._answer

    def _answer(self, **_arguments: Json) -> Json:
        step = next(self._steps)
        self._seen = step.observation
        answer = step.answer
        if isinstance(answer, Failed):
            raise Recorded(answer.error)
        if isinstance(answer, Declined):
            kind = REFUSALS.get(answer.kind)
            if kind is None:
                raise Recorded(f"refused as {answer.kind}, which is no kind of refusal")
            refusal: Refusal = kind(answer.text, casualties=answer.casualties)
            refusal.native = None if answer.native is None else dict(answer.native)
            raise refusal
        return None if answer is None else answer.result

    def observe(self) -> dict[str, Json]:
        """What was recorded after the step; of a step without it, the outcome alone is judged."""
        if self._seen is None:
            raise NotObserved
        return self._seen

    def close(self) -> None:
        """Nothing to remove."""
