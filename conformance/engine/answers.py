"""The answer of a driver to a call: it returned, it refused, or it failed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from snaptree.conformance.driver import FaultKind, Json
from snaptree.spec.operations import Operation
from snaptree.spec.outcomes import Outcome
from snaptree.spec.state import Domain


@dataclass(frozen=True, slots=True)
class Returned:
    """The driver accepted the call and returned this value."""

    result: Json

    def to_json(self) -> dict[str, Json]:
        """The form in traces."""
        return {"accepted": self.result}


@dataclass(frozen=True, slots=True)
class Declined:
    """The driver refused the call; casualties are driver ids and ``active``, or None."""

    kind: str
    casualties: list[str] | None = None
    native: Mapping[str, Json] | None = None
    text: str = ""

    def to_json(self) -> dict[str, Json]:
        """The form in traces."""
        refused: dict[str, Json] = {"kind": self.kind, "text": self.text}
        if self.casualties is not None:
            refused["casualties"] = self.casualties
        if self.native is not None:
            refused["native"] = dict(self.native)
        return {"refused": refused}


@dataclass(frozen=True, slots=True)
class Failed:
    """The driver neither returned nor refused: an exception that is no refusal, with its text.

    ``fault`` is what the driver's process did, None if it goes on.
    """

    error: str
    fault: FaultKind | None = None

    def to_json(self) -> dict[str, Json]:
        """The form in traces."""
        return {"error": self.error}


Answer = Returned | Declined | Failed


def in_kinds(
    operation: Operation, before: Domain, outcome: Outcome, answer: Answer
) -> tuple[Outcome, Answer]:
    """The expected outcome, and the answer as a kind of refusal.

    A call of libvirt's returns the code of an error. If the documentation lists the code for none of the
    allowed refusals, the answer is a failure: a caller cannot act on it.
    """
    if not isinstance(answer, Declined):
        return outcome, answer
    outcome, kind = operation.read_refusal(before, outcome, answer.kind, answer.native)
    if kind is None:
        code = None if answer.native is None else answer.native.get("code")
        return outcome, Failed(f"error {code}, documented for no such refusal: {answer.text}"[:2000])
    return outcome, answer if kind == answer.kind else replace(answer, kind=kind)


def answer_text(answer: Answer) -> str:
    """An answer in words, for a report."""
    if isinstance(answer, Returned):
        return "accepted"
    if isinstance(answer, Failed):
        return f"failed with {answer.error}"
    return f"refused as {answer.kind}" + (f" ({answer.text})" if answer.text else "")
