"""Traces: a run of operations as JSON lines, to be replayed or judged for ever.

The first line is the header; every other line is one step with the operation in
the model's ids, the call in the driver's, the answer and the observation. The
format is ours, so that a trace survives every upgrade of the tools around it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Self

from snaptree.conformance.driver import DEFAULT_DISKS, Json, Observation
from snaptree.conformance.engine.answers import Answer
from snaptree.conformance.engine.lockstep import StepResult
from snaptree.conformance.sequences.interruption import Interruption, interruption_from
from snaptree.conformance.sequences.json_lines import (
    TraceError,
    answer_from,
    lines_of,
    record_at,
    write_lines,
)
from snaptree.conformance.sequences.running import Looks
from snaptree.conformance.sequences.start import Start, StartFault, start_of
from snaptree.spec.libvirt.calls import ALL_OPERATIONS
from snaptree.spec.operations import COMBINED, Operation, operation_from_json
from snaptree.spec.profiles import (
    Profile,
    ProfileError,
    profile_from,
    record_of,
    shipped_profile,
    shipped_profiles,
)
from snaptree.spec.rules import specification_version

TRACE_VERSION: Final = 1


@dataclass(frozen=True)
class Header:
    """What a trace was recorded on. ``disks`` maps disk ids to bytes.

    ``claims`` is the profile in full, where it is not a shipped one. ``start`` is an observation of the
    tree that the recording begins with, None for a fresh domain. ``looks`` says how often the recording
    looked at the state after each call.
    """

    driver: str
    driver_version: str
    profile: str
    disks: Mapping[str, int]
    seed: int | None = None
    note: str = ""
    persistent: bool = True
    claims: Mapping[str, Json] | None = None
    start: Observation | None = None
    looks: Looks = "one"

    @classmethod
    def of(cls, driver: str, driver_version: str, profile: Profile, **rest: Any) -> Self:
        """The header for a driver, which carries its profile unless it is a shipped one."""
        return cls(driver, driver_version, profile.name, claims=_own_claims(profile), **rest)

    def judged_by(self) -> Profile:
        """The profile of the recording: the record that it carries, or a shipped one. Raises ProfileError."""
        try:
            return profile_from(self.profile if self.claims is None else self.claims, "the trace")
        except ProfileError as error:
            raise ProfileError(f"{error}; --profile FILE takes the place of what the trace says") from None

    def started(self) -> Start | None:
        """The tree that the recording begins with. Raises TraceError for one that is no tree."""
        if self.start is None:
            return None
        try:
            return start_of(self.start, self.disks, persistent=self.persistent)
        except StartFault as error:
            raise TraceError(f"the start of the trace: {error}") from None

    def to_json(self) -> dict[str, Json]:
        """The first line."""
        return {
            "trace": TRACE_VERSION,
            "specification": specification_version,
            "driver": self.driver,
            "driver_version": self.driver_version,
            "profile": self.profile if self.claims is None else dict(self.claims),
            "disks": dict(self.disks),
            "seed": self.seed,
            "note": self.note,
            "persistent": self.persistent,
            **({} if self.start is None else {"start": self.start}),
            **({} if self.looks == "one" else {"looks": self.looks}),
        }

    @classmethod
    def from_json(cls, record: Mapping[str, Any]) -> Self:
        """The header that a first line of the right form states."""
        profile = record["profile"]
        claims = profile if isinstance(profile, dict) else None
        return cls(
            driver=record["driver"],
            driver_version=record["driver_version"],
            profile=profile if claims is None else claims["name"],
            disks=record.get("disks", dict(DEFAULT_DISKS)),
            seed=record.get("seed"),
            note=record.get("note", ""),
            persistent=record.get("persistent", True),
            claims=claims,
            start=record.get("start"),
            looks=record.get("looks", "one"),
        )


def _own_claims(profile: Profile) -> dict[str, Json] | None:
    """The record of a profile, None if it is that of a shipped one."""
    record = record_of(profile)
    shipped = profile.name in shipped_profiles() and record_of(shipped_profile(profile.name)) == record
    return None if shipped else record


@dataclass(frozen=True)
class RecordedStep:
    """One line: the operation, and what was answered and seen if the trace holds it."""

    operation: Operation
    answer: Answer | None
    observation: Observation | None
    observed: bool = False
    """Whether the driver was asked what it shows; what it showed may be null."""
    interruption: Interruption | None = None
    """Where the call was cut off, and what that left."""


@dataclass(frozen=True)
class Trace:
    """A header and its steps."""

    header: Header
    steps: tuple[RecordedStep, ...]

    @property
    def interruption(self) -> Interruption | None:
        """Where its last call was cut off, if it was."""
        return self.steps[-1].interruption if self.steps else None

    @property
    def operations(self) -> list[Operation]:
        """The operations alone."""
        return [step.operation for step in self.steps]


def write_trace(
    path: Path,
    header: Header,
    steps: Iterable[StepResult],
    _driver_ids: Mapping[str, str] | None = None,
    *,
    interruption: Interruption | None = None,
) -> None:
    """Write a trace; the file appears whole or not at all.

    The fourth argument is for older callers: each step knows what it sent. ``interruption`` says where the
    last call was cut off.
    """
    lines = [header.to_json()]
    for number, taken in enumerate(steps, start=1):
        lines.append(
            {
                "step": number,
                "operation": taken.operation.to_json(),
                "call": {"name": _name_of_call(taken.operation), "arguments": taken.sent},
                "outcome": taken.answer.to_json(),
                **_shown(taken),
            }
        )
    if interruption is not None:
        lines[-1]["interruption"] = interruption.to_json()
    write_lines(path, lines)


def write_recorded(path: Path, header: Header, steps: Iterable[RecordedStep]) -> None:
    """Write a trace of answers that somebody recorded, without what the driver showed. Raises OSError."""
    lines = [header.to_json()]
    for number, one in enumerate(steps, start=1):
        call = {"name": _name_of_call(one.operation), "arguments": one.operation.arguments()}
        answer = None if one.answer is None else one.answer.to_json()
        lines.append(
            {"step": number, "operation": one.operation.to_json(), "call": call, "outcome": answer,
             "observation": None}
        )  # fmt: skip
    write_lines(path, lines)


def _name_of_call(operation: Operation) -> str:
    return operation.op if operation.op in COMBINED else operation.call


def _shown(taken: StepResult) -> dict[str, Json]:
    """What the driver showed; null says that nothing was shown, unless ``observed`` says that it was null."""
    if not taken.malformed:
        return {"observation": taken.observation}
    return {"observation": taken.malformed[0], "observed": True}


def read_trace(path: Path) -> Trace:
    """Read a trace.

    Raises TraceError, in one sentence, when the file is missing or malformed.
    """
    lines = lines_of(path, "a trace")
    header = record_at(path, 1, lines[0], "trace-header")
    if header["trace"] != TRACE_VERSION:
        raise TraceError(
            f"{path}: trace format {header['trace']}; this snaptree reads format {TRACE_VERSION}"
        )
    steps = [
        _step(path, number, record_at(path, number, line, "trace-step", any_form="observation"))
        for number, line in enumerate(lines[1:], start=2)
        if line.strip()
    ]
    for number, one in enumerate(steps[:-1], start=2):
        if one.interruption is not None:
            raise TraceError(f"{path}:{number}: only the last step of a trace can be interrupted")
    return Trace(Header.from_json(header), tuple(steps))


def _step(path: Path, number: int, record: dict[str, Any]) -> RecordedStep:
    try:
        operation = operation_from_json(record["operation"], ALL_OPERATIONS)
    except (ValueError, TypeError) as error:
        raise TraceError(f"{path}:{number}: {error}") from None
    seen = record.get("observation")
    observed = bool(record.get("observed", seen is not None))
    cut_off = record.get("interruption")
    interruption = None if cut_off is None else interruption_from(cut_off)
    return RecordedStep(operation, answer_from(record.get("outcome")), seen, observed, interruption)
