"""Text for reports: durations, names made safe, operations as calls."""

from __future__ import annotations

from typing import Final

from snaptree.spec.operations import Operation
from snaptree.spec.state import Domain

NOUNS: Final = {"examples": "example", "names": "name", "limits": "limit", "exhaustive": "transition"}
"""What a method counts. The sampled method counts sequences."""


def plain(text: str, longest: int = 60, *, lines: bool = False) -> str:
    """A text that somebody chose, safe on a terminal: control characters escaped, and cut.

    ``lines`` leaves line ends as they are.
    """
    shown = "".join(
        char if char.isprintable() or (lines and char == "\n") else char.encode("unicode_escape").decode()
        for char in text
    )
    shown = shown.encode("utf-8", "backslashreplace").decode()
    return shown if len(shown) <= longest else shown[: longest - 1] + "…"


def duration(seconds: float) -> str:
    """``0.4 s``, ``12 s``, ``3 min 5 s``."""
    if seconds < 10:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"


def spoken(operation: Operation, domain: Domain | None = None) -> str:
    """An operation as a call, snapshots by name where the domain knows them: ``discard(b)``."""
    arguments = []
    for key, value in operation.arguments().items():
        if key == "snapshot" and isinstance(value, str):
            arguments.append(called(domain, value))
        elif key == "name" or (value is not None and value is not False and value != ""):
            shown = plain(str(value), 40) or "''"
            arguments.append(shown if key in ("name", "disk", "block", "value", "size") else f"{key}={shown}")
    return f"{operation.call}({', '.join(arguments)})"


def called(domain: Domain | None, snapshot: str) -> str:
    """The name of a snapshot, or its id where it has none any more."""
    known = None
    if domain is not None:
        known = domain.snapshots.get(snapshot) or domain.retired.get(snapshot)
    return plain(snapshot if known is None else known.name, 40)
