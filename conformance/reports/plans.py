"""Prints a plan: the tree before and after, and a line for each change."""

from __future__ import annotations

from typing import Any

from snaptree.conformance.reports.trees import Note, Sketch, draw_tree, sketch_of
from snaptree.conformance.reports.words import answer_in_words, call_text, snapshot_label
from snaptree.spec.operations import Operation
from snaptree.spec.outcomes import Accepted, Outcome
from snaptree.spec.plan import BASE, Plan
from snaptree.spec.state import Domain
from snaptree.spec.text import plain


def plan_pictures(domain: Domain, operation: Operation, would: Plan, outcome: Outcome) -> tuple[Any, Any]:
    """The tree before, with the removed nodes marked, and after; None for after if there is none.

    A plan that is refused changes nothing, and of a domain that is removed nothing is left.
    """
    notes: dict[str, Note] = {}
    for gone in would.removed:
        lost = gone in would.casualties.snapshots
        notes[domain.snapshots[gone].name] = Note(
            "destroyed" if lost else "goes", "bold red" if lost else "yellow"
        )
    if would.overwritten is not None:
        name = BASE if would.overwritten == BASE else domain.snapshots[would.overwritten].name
        notes[name] = Note("overwritten", "bold yellow")
    if would.active in ("reset", "replaced"):
        notes["active"] = Note("what it holds is lost", "bold red")
    before = draw_tree(sketch_of(domain), call_text(operation, domain), notes)
    if not isinstance(outcome, Accepted) or not outcome.domain.defined:
        return before, None
    after: Sketch = sketch_of(outcome.domain)
    return before, draw_tree(after, "afterwards")


def plan_lines(domain: Domain, would: Plan, outcome: Outcome) -> list[tuple[str, str, str]]:
    """A plan in lines of label, text and style."""

    def names(ids: tuple[str, ...]) -> str:
        return ", ".join(snapshot_label(domain, one) for one in ids) or "nothing"

    def place(one: str | None) -> str:
        return BASE if one in (None, BASE) else snapshot_label(domain, str(one))

    lost_active = ("what the active state holds",) * would.casualties.active
    lost_snapshots = tuple(snapshot_label(domain, one) for one in would.casualties.snapshots)
    casualties = ", ".join((*lost_snapshots, *lost_active)) or "nothing"
    accepted = isinstance(outcome, Accepted)
    lines = [("as asked", answer_in_words(outcome, domain), "green" if accepted else "red")]
    if not accepted:
        lines.append(("", "that changes nothing; what it would do if it were accepted:", "dim"))
    lines += [
        ("destroys", casualties, "red" if would.casualties else ""),
        ("removes", names(would.removed), ""),
    ]
    if would.overwritten is not None:
        lines.append(("overwrites", place(would.overwritten), "yellow"))
    if would.reparented:
        moves = ", ".join(
            f"{snapshot_label(domain, child)} to {place(parent)}" for child, parent in would.reparented
        )
        lines.append(("reparents", moves, ""))
    if would.detached:
        disks = ", ".join(plain(disk, 40) for disk in would.detached)
        lines.append(("detaches", f"{disks}, and what they hold is lost", "red"))
    if would.creates:
        lines.append(("current", "the new snapshot", ""))
    else:
        lines.append(("current", place(would.current), ""))
    lost = would.active in ("reset", "replaced")
    fate = would.active + (f" from {place(would.active_from)}" if would.active_from is not None else "")
    lines.append(("active", fate, "red" if lost else ""))
    return lines
