"""Histories: what several callers asked of one domain, when each call began and ended, and what they saw.

``begin`` and ``end`` are places in one order of events that all callers share: a counter, or a clock in whole
nanoseconds. A call comes before another only if it ended before the other began; equal numbers overlap.
Snapshots have the ids that the hypervisor issued: which of them came first is what a checker finds out.

What is no call of one caller is written as one. A job (a vSphere task, a block job) is one call from its
submission to the first look that showed its end, with the answer of the job. A recovery is a ``Crash`` from
the kill to the moment at which the domain can be used again. Several domains are several histories.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Final

from snaptree.conformance.driver import Json
from snaptree.conformance.engine.answers import Answer, Declined, Returned, answer_text
from snaptree.conformance.sequences.json_lines import (
    TraceError,
    answer_from,
    lines_of,
    record_at,
    write_lines,
)
from snaptree.conformance.sequences.traces import Header
from snaptree.schemas.wording import value
from snaptree.spec.json_text import InvalidJson, read_json
from snaptree.spec.libvirt.calls import ALL_OPERATIONS
from snaptree.spec.operations import Operation, operation_from_json
from snaptree.spec.outcomes import Accepted, Outcome, Refused
from snaptree.spec.profiles import Profile
from snaptree.spec.state import Domain

HISTORY_VERSION: Final = 1

BUSY: Final = "Busy"
"""The kind of a refusal that says that another call is in the way."""


@dataclass(frozen=True, slots=True)
class Observe(Operation):
    """A full look, where one call of the hypervisor shows it all; its result is an ``Observation``."""

    op: ClassVar[str] = "observe"
    call: ClassVar[str] = "observe"
    reads_only: ClassVar[bool] = True

    def outcome(self, domain: Domain, profile: Profile) -> Outcome:  # noqa: ARG002 - every profile has it
        """Accepted without a result: the checker compares the observation with the domain."""
        return Accepted(None, domain) if domain.defined else Refused(frozenset({"InvalidArgument"}))


OPERATIONS_OF_HISTORIES: Final[Mapping[str, type[Operation]]] = {**ALL_OPERATIONS, Observe.op: Observe}
"""The operations that a history may have, by their ``op``."""


@dataclass(frozen=True, slots=True)
class Call:
    """One call of one caller; ``operation`` names snapshots by the ids that the hypervisor issued.

    ``answer`` is None for a call without an answer: its caller gave up at ``end``, or the history ended first
    and ``end`` is None. Such a call may have its effect at any time after ``begin``, or never. A ``Failed``
    answer with a ``fault`` of the process counts as none.
    """

    caller: str
    operation: Operation
    begin: int
    end: int | None = None
    answer: Answer | None = None

    @property
    def is_answered(self) -> bool:
        """Whether the caller knows what became of the call."""
        return self.answer is not None and getattr(self.answer, "fault", None) is None

    def precedes(self, other: Call) -> bool:
        """Whether this call was over, with an answer, when the other one began."""
        return self.is_answered and self.end is not None and self.end < other.begin

    @property
    def changes(self) -> bool:
        """Whether it asks for a change."""
        return not self.operation.reads_only

    @property
    def is_busy(self) -> bool:
        """Whether it was refused as ``Busy``."""
        return isinstance(self.answer, Declined) and self.answer.kind == BUSY

    def overlaps(self, other: Call) -> bool:
        """Whether both calls may have been under way at one moment."""
        return not self.precedes(other) and not other.precedes(self)

    def to_json(self) -> dict[str, Json]:
        """The line of the call."""
        return {
            "caller": self.caller,
            "operation": self.operation.to_json(),
            "begin": self.begin,
            **({} if self.end is None else {"end": self.end}),
            **({} if not self.is_answered or self.answer is None else {"outcome": self.answer.to_json()}),
        }


@dataclass(frozen=True)
class History:
    """All calls of all callers on one domain, in the order in which they began.

    The header is that of a trace: ``start`` is the tree that the history begins with, in the hypervisor's
    ids. Raises ValueError for a call that ends before it begins, or has an answer and no end.
    """

    header: Header
    calls: tuple[Call, ...]

    def __post_init__(self) -> None:
        for call in self.calls:
            fault = _fault_of(call)
            if fault is not None:
                raise ValueError(fault)
        in_order = tuple(sorted(self.calls, key=lambda call: call.begin))
        object.__setattr__(self, "calls", in_order)

    @property
    def callers(self) -> tuple[str, ...]:
        """The callers, each at its first call."""
        return tuple(dict.fromkeys(call.caller for call in self.calls))

    def overlapping(self) -> tuple[Call, ...]:
        """The calls that overlap a call of another caller."""
        marked: set[int] = set()
        under_way: list[tuple[int, Call]] = []
        for number, call in enumerate(self.calls):
            under_way = [(place, other) for place, other in under_way if not other.precedes(call)]
            beside = [place for place, other in under_way if other.caller != call.caller]
            marked.update(beside, [number] if beside else [])
            under_way.append((number, call))
        return tuple(self.calls[number] for number in sorted(marked))


def _fault_of(call: Call) -> str | None:
    if call.end is not None and call.end < call.begin:
        return f"the call {call.operation.call} of {call.caller!r:.60} ends before it begins"
    if call.is_answered and call.end is None:
        return f"the call {call.operation.call} of {call.caller!r:.60} has an outcome and no end"
    return None


def write_history(path: Path, history: History) -> None:
    """Write a history; the file appears whole or not at all. Raises OSError."""
    header = {("history" if key == "trace" else key): one for key, one in history.header.to_json().items()}
    header["history"] = HISTORY_VERSION
    write_lines(path, [header, *(call.to_json() for call in history.calls)])


def is_history(path: Path) -> bool:
    """Whether the first line of a file is that of a history. Raises TraceError if there is none."""
    try:
        first = read_json(lines_of(path, "a trace")[0])
    except InvalidJson:
        return False
    return isinstance(first, dict) and "history" in first


def read_history(path: Path) -> History:
    """Read a history; its lines stand in any order.

    Raises TraceError, in one sentence, when the file is missing or malformed.
    """
    lines = lines_of(path, "a history")
    header = record_at(path, 1, lines[0], "history-header")
    if header["history"] != HISTORY_VERSION:
        raise TraceError(
            f"{path}: history format {header['history']}; this snaptree reads format {HISTORY_VERSION}"
        )
    calls = (
        _call(path, number, record_at(path, number, line, "history-call"))
        for number, line in enumerate(lines[1:], start=2)
        if line.strip()
    )
    return History(Header.from_json(header), tuple(calls))


def _call(path: Path, number: int, record: dict[str, Any]) -> Call:
    try:
        operation = operation_from_json(record["operation"], OPERATIONS_OF_HISTORIES)
    except (ValueError, TypeError) as error:
        raise TraceError(f"{path}:{number}: {error}") from None
    call = Call(
        record["caller"], operation, record["begin"], record.get("end"), answer_from(record.get("outcome"))
    )
    fault = _fault_of(call)
    if fault is not None:
        raise TraceError(f"{path}:{number}: {fault}")
    return call


def without(history: History, left_out: Iterable[Call]) -> History:
    """The history without some of its calls."""
    gone = {id(call) for call in left_out}
    return History(history.header, tuple(call for call in history.calls if id(call) not in gone))


def words_of(call: Call) -> str:
    """A call with its answer, in words."""
    given = call.operation.arguments().values()
    arguments = ", ".join(_short_json(one) for one in given if one not in (None, "", False))
    said = f"{call.caller}: {call.operation.call}({arguments})"
    if call.answer is None:
        return f"{said} without an answer"
    if isinstance(call.answer, Returned):
        result = call.answer.result
        shown = _shape(result) if isinstance(call.operation, Observe) else _short_json(result)
        return f"{said} returned {shown}" if result is not None else f"{said} returned"
    return f"{said} {answer_text(call.answer)}"


def _shape(seen: object) -> str:
    """The names that an observation lists, and which is current."""
    if not isinstance(seen, dict) or not isinstance(seen.get("snapshots"), list):
        return value(seen)
    names = [entry.get("name") for entry in seen["snapshots"] if isinstance(entry, dict)]
    return f"{_short_json(names)}, current {_short_json(seen.get('current'))}"


def _short_json(result: object) -> str:
    """A result as JSON, its first 200 characters."""
    text = json.dumps(result)
    return text if len(text) <= 200 else f"{text[:200]}…"
