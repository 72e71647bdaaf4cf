"""``snaptree rules``: the catalogue of rules, and one rule with its text and figure."""

from __future__ import annotations

from itertools import groupby
from typing import Annotated

import typer
from rich.table import Table
from rich.text import Text

from snaptree.conformance.cli.facts import AsJson, print_json
from snaptree.conformance.cli.problems import NOTHING_TESTED, Problem, problem_exits
from snaptree.conformance.cli.selecting import select_rules
from snaptree.conformance.reports.console import TextConsole
from snaptree.conformance.reports.rules import print_rule
from snaptree.spec.rules import rule, rules


def rules_command(
    only: Annotated[list[str] | None, typer.Argument(help="Ids, chapters or globs.", metavar="[ID…]")] = None,
    as_json: AsJson = False,
) -> int:
    """Print the rules; for one rule its text and figure."""
    console = TextConsole()
    with problem_exits():
        found = list(rules()) if not only else select_rules(only) or [rule(one) for one in only]
    if not found:
        raise Problem("no rule matches", NOTHING_TESTED)
    if as_json:
        print_json(
            [
                {"id": one.id, "chapter": one.chapter, "level": one.level, "sentence": one.sentence}
                for one in found
            ]
        )
        return 0
    if len(found) == 1:
        print_rule(console, found[0].id)
        return 0
    for chapter, group in groupby(found, key=lambda one: one.chapter):
        console.print(Text(chapter, style="bold"))
        table = Table(box=None, show_header=False, padding=(0, 2, 0, 2))
        for one in group:
            table.add_row(one.id, one.level, Text(one.sentence, overflow="fold"))
        console.print(table)
    console.print(f"{len(found)} rules; 'snaptree rules ID' shows one with its figure")
    return 0
