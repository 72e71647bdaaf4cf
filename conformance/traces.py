"""Traces: a run of operations as JSON lines, to be replayed or judged for ever.

The first line is the header; every other line is one step with the operation in
the model's ids, the call in the driver's, the answer and the observation. The
format is ours, so that a trace survives every upgrade of the tools around it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from snaptree.conformance.answers import Answer, Declined, Failed, Returned
from snaptree.conformance.driver import DEFAULT_DISKS, Json
from snaptree.conformance.lockstep import Taken
from snaptree.schemas import SchemaViolation, check_against
from snaptree.spec.bindings.libvirt_calls import ALL_OPERATIONS
from snaptree.spec.operations import Operation, operation_from_json
from snaptree.spec.rules import specification_version

TRACE_VERSION: Final = 1


class TraceError(ValueError):
    """A trace that cannot be read; the text names file, line and reason."""


@dataclass(frozen=True)
class Header:
    """What a trace was recorded on. ``disks`` maps disk ids to bytes."""

    driver: str
    driver_version: str
    profile: str
    disks: Mapping[str, int]
    seed: int | None = None
    note: str = ""
    persistent: bool = True

    def to_json(self) -> dict[str, Json]:
        """The first line."""
        return {
            "trace": TRACE_VERSION,
            "specification": specification_version,
            "driver": self.driver,
            "driver_version": self.driver_version,
            "profile": self.profile,
            "disks": dict(self.disks),
            "seed": self.seed,
            "note": self.note,
            "persistent": self.persistent,
        }


@dataclass(frozen=True)
class RecordedStep:
    """One line: the operation, and what was answered and seen if the trace holds it."""

    operation: Operation
    answer: Answer | None
    observation: dict[str, Json] | None


@dataclass(frozen=True)
class Trace:
    """A header and its steps."""

    header: Header
    steps: tuple[RecordedStep, ...]

    @property
    def operations(self) -> list[Operation]:
        """The operations alone."""
        return [step.operation for step in self.steps]


def write_trace(path: Path, header: Header, steps: Iterable[Taken], driver_ids: Mapping[str, str]) -> None:
    """Write a trace; the file appears whole or not at all."""
    lines = [header.to_json()]
    for number, taken in enumerate(steps, start=1):
        arguments = taken.operation.arguments()
        if arguments.get("snapshot") is not None:
            arguments["snapshot"] = driver_ids.get(arguments["snapshot"], arguments["snapshot"])
        lines.append(
            {
                "step": number,
                "operation": taken.operation.to_json(),
                "call": {"name": taken.operation.call, "arguments": arguments},
                "outcome": taken.answer.to_json(),
                "observation": taken.observation,
            }
        )
    # Escaped, so that a name with half a character in it does not stop the report about it.
    text = "".join(json.dumps(line, ensure_ascii=True) + "\n" for line in lines)
    write_whole(path, text.encode("ascii"))


def write_whole(path: Path, content: bytes) -> None:
    """A file appears whole or not at all, also where the disk is full. Raises OSError."""
    partial = path.with_name(path.name + ".partial")
    try:
        partial.write_bytes(content)
        partial.replace(path)
    except OSError:
        partial.unlink(missing_ok=True)
        raise


def read_trace(path: Path) -> Trace:
    """Read a trace.

    Raises TraceError, in one sentence, when the file is missing or malformed.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise TraceError(f"{path}: {error.strerror or 'cannot be read'}") from None
    except UnicodeDecodeError:
        raise TraceError(f"{path}: not a trace: it is not UTF-8 text") from None
    if not lines:
        raise TraceError(f"{path}: not a trace: the file is empty")
    header = _record(path, 1, lines[0], "trace-header")
    if header["trace"] != TRACE_VERSION:
        raise TraceError(
            f"{path}: trace format {header['trace']}; this snaptree reads format {TRACE_VERSION}"
        )
    steps = [
        _step(path, number, _record(path, number, line, "trace-step"))
        for number, line in enumerate(lines[1:], start=2)
        if line.strip()
    ]
    return Trace(
        Header(
            driver=header["driver"],
            driver_version=header["driver_version"],
            profile=header["profile"],
            disks=header.get("disks", dict(DEFAULT_DISKS)),
            seed=header.get("seed"),
            note=header.get("note", ""),
            persistent=header.get("persistent", True),
        ),
        tuple(steps),
    )


def _record(path: Path, number: int, line: str, schema: str) -> dict[str, Any]:
    try:
        record = json.loads(line)
        check_against(schema, record)
    except json.JSONDecodeError as error:
        raise TraceError(f"{path}:{number}: not JSON: {error.msg} at column {error.colno}") from None
    except (SchemaViolation, RecursionError) as error:
        raise TraceError(f"{path}:{number}: {error}") from None
    assert isinstance(record, dict), "the schema says so"
    return record


def _step(path: Path, number: int, record: dict[str, Any]) -> RecordedStep:
    try:
        operation = operation_from_json(record["operation"], ALL_OPERATIONS)
    except (ValueError, TypeError) as error:
        raise TraceError(f"{path}:{number}: {error}") from None
    return RecordedStep(operation, _answer(record.get("outcome")), record.get("observation"))


def _answer(outcome: dict[str, Any] | None) -> Answer | None:
    if outcome is None:
        return None
    if "accepted" in outcome:
        return Returned(outcome["accepted"])
    if "error" in outcome:
        return Failed(outcome["error"])
    refused = outcome["refused"]
    return Declined(
        refused["kind"], refused.get("casualties"), refused.get("native"), refused.get("text", "")
    )
