"""The aspect of a rule in words; and texts with links to rules."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from snaptree.spec.rules import Aspect, rules
from snaptree.spec.vocabulary import CONDITIONS, PARTS, RELATIONS

_RULE_ID: Final = re.compile(r"(?<![\w(<`-])([A-Z]{2,}-\d+)\b(?!`)")


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
        "everything"
        if not aspect.parts
        else _listed(part.text for part in PARTS.values() if part.name in aspect.parts)
    )
    where = ""
    if aspect.relations:
        where = " of " + _listed(one.text for one in RELATIONS.values() if one.name in aspect.relations)
    only = "".join(f", where {CONDITIONS[one].text}" for one in sorted(aspect.conditions))
    return f"When {calls} {happens}{only}: {parts}{where}."


def linked(text: str) -> str:
    """The text with a link for every rule that it names. Code is left alone."""
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
