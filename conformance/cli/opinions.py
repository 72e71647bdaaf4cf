"""The second validator in ``snaptree validate --explain``, and whether the two disagree."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Final

from rich.console import Console
from rich.text import Text

from snaptree.conformance.reports.words import plain
from snaptree.schemas.xml import Verdict

if TYPE_CHECKING:
    # xmlschema takes a third of a second to load.
    from snaptree.schemas.xml.second_opinion import Opinion

MOST_FAULTS: Final = 20
"""The number of faults printed for each validator and document. JSON has them all."""


def show_opinions(console: Console, verdict: Verdict, opinions: Iterable[Opinion]) -> None:
    """The result of the second validator, and whether it agrees with the first."""
    for opinion in opinions:
        said = "valid" if opinion.valid else "invalid"
        line = Text(f"  second opinion on {opinion.dialect}: {said}").append(
            f"  {opinion.reader}, {opinion.schema}", style="dim"
        )
        console.print(line, soft_wrap=True)
        for objection in opinion.objections[:MOST_FAULTS]:
            text = f"    {plain(objection.path, 300)}: {plain(objection.reason, 300)}"
            console.print(Text(text), soft_wrap=True)
        more = len(opinion.objections) - MOST_FAULTS
        if more > 0:
            console.print(f"    and {more} more; --json shows all", soft_wrap=True)
        disagreement = _disagreement(verdict, opinion)
        if disagreement is not None:
            console.print(Text(f"  {disagreement}", style="bold yellow"), soft_wrap=True)


def _disagreement(verdict: Verdict, opinion: Opinion) -> str | None:
    """An explanation if the two validators disagree; None if they agree."""
    first = opinion.dialect in verdict.dialects
    if first == opinion.valid:
        return None
    words = {True: "valid", False: "invalid"}
    both = (
        f"the validators disagree: libxml2 and the assertions say {words[first]}, "
        f"xmlschema {words[opinion.valid]}"
    )
    if opinion.valid and not opinion.complete:
        return f"{both}; {opinion.schema} is XML Schema 1.0, which has no assertions. The first one counts"
    return f"{both}. The first one counts; one of the two is wrong: please report the document"


def opinions_json(verdict: Verdict, opinions: Iterable[Opinion]) -> list[dict[str, Any]]:
    """The same for programs, without a limit."""
    return [
        {
            "by": opinion.reader,
            "dialect": opinion.dialect,
            "schema": opinion.schema,
            "valid": opinion.valid,
            "agrees": _disagreement(verdict, opinion) is None,
            "objections": [asdict(objection) for objection in opinion.objections],
        }
        for opinion in opinions
    ]
