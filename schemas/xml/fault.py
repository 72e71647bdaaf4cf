"""A fault of a document and its place, in text that is safe to print."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault and its place: line and column count from 1.

    ``element`` is the path of names from the root, with ``@name`` at its end for an attribute; it is empty
    before the first element.
    """

    line: int
    column: int
    element: str
    rule: str
    message: str

    def __str__(self) -> str:
        return f"line {self.line}, column {self.column}: {self.message} ({self.rule})"


class MalformedXml(ValueError):
    """A document that is not XML, or that the reader refuses; ``fault`` has place and reason."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(str(fault))
        self.fault = fault


def place_of(data: bytes, offset: int) -> tuple[int, int]:
    """Line and column, both from 1, of an offset in bytes."""
    end = max(0, offset)
    begin = data.rfind(b"\n", 0, end) + 1
    text = data[begin:end].decode("utf-8", "replace").removeprefix("\ufeff")
    return data.count(b"\n", 0, end) + 1, len(text) + 1


def quote(text: str, longest: int = 60) -> str:
    """A text from a document, quoted, safe on a terminal, and cut."""
    return repr(text if len(text) <= longest else text[: longest - 1] + "…")
