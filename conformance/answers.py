"""What a driver did with a call: it returned, it refused, or it did neither."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from snaptree.conformance.driver import Json


@dataclass(frozen=True, slots=True)
class Returned:
    """The driver accepted the call and returned this."""

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
    """The driver did neither: an exception that is no refusal, with its text."""

    error: str

    def to_json(self) -> dict[str, Json]:
        """The form in traces."""
        return {"error": self.error}


Answer = Returned | Declined | Failed


def said(answer: Answer) -> str:
    """An answer in words, for a report."""
    if isinstance(answer, Returned):
        return "accepted"
    if isinstance(answer, Failed):
        return f"failed with {answer.error}"
    return f"refused as {answer.kind}" + (f" ({answer.text})" if answer.text else "")
