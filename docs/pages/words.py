"""What a rule speaks of, said in words; and texts in which rules are linked."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from snaptree.spec.rules import CONDITIONS, Aspect, rules

_RULE_ID: Final = re.compile(r"(?<![\w(<`-])([A-Z]{2,}-\d+)\b(?!`)")

PARTS: Final = {
    "outcome": "acceptance or refusal",
    "result": "what is returned",
    "casualties": "the casualties named",
    "existence": "existence",
    "parent": "parent",
    "order": "place in the order",
    "id": "id",
    "uuid": "uuid",
    "name": "name",
    "description": "description",
    "captured": "time of capture",
    "current": "which snapshot is current",
    "content": "content",
    "size": "size",
    "memory": "memory",
    "power": "power",
    "configuration": "configuration",
    "managed_save": "managed-save image",
    "events": "the events that tell of it",
}
RELATIONS: Final = {
    "target": "the snapshot that is named",
    "parent": "its parent",
    "child": "its children",
    "descendant": "what is further below",
    "sibling": "its siblings, with what is below them",
    "ancestor": "what is above its parent",
    "other": "every other snapshot",
    "new": "the new snapshot",
    "active": "the active state",
    "base": "the base",
    "domain": "the domain",
}
ELSEWHERE: Final = {
    "binding": "A binding. It is judged by tests of the bindings, not by comparing single steps.",
    "law": "Several operations together. It is judged as a law of the model.",
    "profile": "What a profile claims. It is judged by a run as a whole.",
    "xml": "Documents. It is judged by tests of the codec and the schemas.",
    "durability": "What survives a crash. It is judged where processes are killed.",
    "concurrency": "Calls that overlap. It is judged on histories of several callers.",
}


def speaks_of(aspect: Aspect) -> str:
    """One sentence for one aspect."""
    calls = "any call" if not aspect.calls else _listed((f"`{call}`" for call in sorted(aspect.calls)), "or")
    happens = {(): "is accepted or refused", ("accepted",): "is accepted", ("refused",): "is refused"}.get(
        tuple(sorted(aspect.outcomes))
    )
    if happens is None:
        kinds = sorted(aspect.outcomes - {"accepted"})
        either = "is accepted, or " if "accepted" in aspect.outcomes else ""
        happens = f"{either}is to be refused as {_listed((f'`{kind}`' for kind in kinds), 'or')}"
    parts = (
        "everything" if not aspect.parts else _listed(PARTS[part] for part in PARTS if part in aspect.parts)
    )
    where = ""
    if aspect.relations:
        where = " of " + _listed(RELATIONS[one] for one in RELATIONS if one in aspect.relations)
    only = "".join(f", where {CONDITIONS[one]}" for one in sorted(aspect.conditions))
    return f"When {calls} {happens}{only}: {parts}{where}."


def linked(text: str) -> str:
    """The text with every rule that it names as a link. Code is left alone."""
    known = {one.id for one in rules()}
    pieces = re.split(r"(`[^`]*`)", text)
    return "".join(
        piece if piece.startswith("`") else _RULE_ID.sub(lambda found: _link(found[1], known), piece)
        for piece in pieces
    )


def rule_link(identifier: str) -> str:
    """A link to a rule, which shows its id."""
    return f"{{ref}}`{identifier} <{identifier.lower()}>`"


def _link(identifier: str, known: set[str]) -> str:
    return rule_link(identifier) if identifier in known else identifier


def _listed(words: Iterable[str], last: str = "and") -> str:
    given = list(words)
    return given[0] if len(given) == 1 else f"{', '.join(given[:-1])} {last} {given[-1]}"


def cell(text: str) -> str:
    """A text inside a table of Markdown."""
    return text.replace("|", "\\|").replace("\n", " ")


def table(heads: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """A table of Markdown."""
    titles = list(heads)
    lines = [titles, ["---"] * len(titles), *([cell(one) for one in row] for row in rows)]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)
