"""A trace as a driver: it gives the recorded answers, so the engine can judge without a hypervisor."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, cast

from snaptree.conformance.driver import DEFAULT_DISKS, Json, NotObserved, Observation
from snaptree.conformance.engine.answers import Declined, Failed
from snaptree.conformance.sequences.traces import RecordedStep, Trace
from snaptree.spec.operations import CALLS, COMBINED
from snaptree.spec.outcomes import REFUSALS, Refusal
from snaptree.spec.profiles import Profile


class RecordedFailure(Exception):
    """A recorded error, raised again."""


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
    """Answers each call with its recorded answer."""

    def __init__(self, steps: Iterator[RecordedStep]) -> None:
        self._steps = steps
        self._seen: Observation | None = None
        self._observed = False

    def __getattr__(self, call: str) -> Any:
        if call not in (*CALLS, *COMBINED, "native_call"):
            raise AttributeError(call)
        return self._answer

    def _answer(self, **_arguments: Json) -> Json:
        step = next(self._steps)
        self._seen, self._observed = step.observation, step.observed
        answer = step.answer
        if isinstance(answer, Failed):
            raise RecordedFailure(answer.error)
        if isinstance(answer, Declined):
            kind = REFUSALS.get(answer.kind)
            if kind is None:
                raise RecordedFailure(f"refused as {answer.kind}, which is no kind of refusal")
            refusal: Refusal = kind(answer.text, casualties=answer.casualties)
            refusal.native = None if answer.native is None else dict(answer.native)
            raise refusal
        return None if answer is None else answer.result

    def observe(self) -> Observation:
        """The observation recorded after the step; without one, only the answer is judged."""
        if not self._observed:
            raise NotObserved
        return cast("Observation", self._seen)  # whatever it is, the engine judges it

    def close(self) -> None:
        """Nothing to remove."""
