"""``snaptree explore``: the size of the bounded state graph."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.table import Table

from snaptree.conformance.cli.facts import AsJson, print_json
from snaptree.conformance.cli.options import ProfileName
from snaptree.conformance.cli.problems import WRONG_USAGE, Problem, problem_exits
from snaptree.conformance.methods.graph import SCOPES, explore
from snaptree.conformance.reports.console import TextConsole
from snaptree.conformance.reports.words import plain
from snaptree.spec.profiles import load_profile
from snaptree.spec.text import did_you_mean


def explore_command(
    snapshots: Annotated[
        int, typer.Option(min=1, max=6, help="The largest number of snapshots of a tree.")
    ] = 3,
    scope: Annotated[str, typer.Option(help=f"{', '.join(SCOPES)}.")] = "tree",
    profile: ProfileName = None,
    as_json: AsJson = False,
) -> int:
    """Count the states and transitions of the bounded state graph, which the exhaustive method covers."""
    console = TextConsole()
    if scope not in SCOPES:
        raise Problem(
            f"--scope is one of {', '.join(SCOPES)}, not {plain(scope)}{did_you_mean(scope, SCOPES)}",
            WRONG_USAGE,
        )
    with problem_exits():
        asked = load_profile(profile or "rfc")
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for title in ("snapshots", "states", "transitions"):
        table.add_column(title, justify="right")
    sizes = [
        {"snapshots": bound, "states": len(graph.edges), "transitions": graph.transitions}
        for bound in range(1, snapshots + 1)
        for graph in (explore(asked, bound, scope),)
    ]
    if as_json:
        print_json(sizes)
        return 0
    for size in sizes:
        table.add_row(*(f"{number:,}" for number in size.values()))
    console.print(table)
    return 0
