"""Text for reports: durations, names made safe, operations as calls."""

from __future__ import annotations

from collections.abc import Sequence

from snaptree.spec.operations import Operation
from snaptree.spec.outcomes import Accepted, Outcome
from snaptree.spec.state import Domain
from snaptree.spec.text import plain as plain
from snaptree.spec.text import quoted


def duration(seconds: float) -> str:
    """``0.4 s``, ``12 s``, ``3 min 5 s``."""
    if seconds < 10:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"


def call_text(operation: Operation, domain: Domain | None = None) -> str:
    """An operation as a call, with the names of snapshots that the domain knows: ``discard(b)``."""
    arguments = []
    for key, value in operation.arguments().items():
        if key == "snapshot" and isinstance(value, str):
            arguments.append(snapshot_label(domain, value))
        elif key == "name" or (value is not None and value is not False and value != ""):
            shown = plain(quoted(str(value)) if key == "name" else str(value), 40) or "''"
            arguments.append(shown if key in ("name", "disk", "block", "value", "size") else f"{key}={shown}")
    return f"{operation.call}({', '.join(arguments)})"


def text_of_way(way: Sequence[Operation]) -> str:
    """The calls from a fresh domain on, in words; snapshots have the ids of the model."""
    return "after " + "; ".join(call_text(one) for one in way) if way else "on a fresh domain"


def markdown_text(text: str) -> str:
    """A text of a driver in a paragraph of Markdown: no character of it is markup."""
    return "".join(f"\\{char}" if char in "\\`*_{}[]<>()#+!|~&" else char for char in plain(text, 700))


def snapshot_label(domain: Domain | None, snapshot: str) -> str:
    """The name of a snapshot, or its id if it has none any more."""
    known = None
    if domain is not None:
        known = domain.snapshots.get(snapshot) or domain.retired.get(snapshot)
    return plain(snapshot if known is None else quoted(known.name), 40)


def answer_in_words(outcome: Outcome, domain: Domain) -> str:
    """``accepted``, or the kinds of refusal with every casualty."""
    if isinstance(outcome, Accepted):
        return "accepted"
    text = "refused as " + " or ".join(sorted(outcome.kinds))
    if outcome.casualties is not None:
        lost = [snapshot_label(domain, one) for one in outcome.casualties.snapshots]
        lost += ["the active state"] if outcome.casualties.active else []
        text += f", casualties: {', '.join(lost) or 'the target itself'}"
    return text
