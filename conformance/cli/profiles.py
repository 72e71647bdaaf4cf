"""``snaptree profiles``: lists the shipped profiles, and compares two."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.text import Text

from snaptree.conformance.cli.facts import AsJson, print_json
from snaptree.conformance.cli.problems import WRONG_USAGE, Problem, problem_exits
from snaptree.conformance.reports.console import TextConsole
from snaptree.conformance.reports.words import plain
from snaptree.spec.profile_diff import differences
from snaptree.spec.profiles import load_profile, record_of, shipped_profiles


def profiles(
    words: Annotated[
        list[str] | None, typer.Argument(help="Nothing, or: diff A B.", metavar="[diff A B]")
    ] = None,
    as_json: AsJson = False,
) -> int:
    """List the shipped profiles; 'diff A B' prints in words where two differ."""
    console = TextConsole()
    match words or []:
        case []:
            names = shipped_profiles()
            if as_json:
                print_json([record_of(load_profile(name)) for name in names])
                return 0
            wide = max(map(len, names)) + 2
            for name in names:
                console.print(
                    Text.assemble((name.ljust(wide), "bold"), load_profile(name).title), soft_wrap=True
                )
        case ["diff", one, other]:
            with problem_exits():
                found = differences(load_profile(one), load_profile(other))
            if as_json:
                print_json(found)
                return 0
            for sentence in found:
                console.print(Text(f"- {sentence}"), soft_wrap=True)
            console.print(f"{len(found)} differences between {plain(one)} and {plain(other)}", markup=False)
        case _:
            raise Problem("write 'snaptree profiles', or 'snaptree profiles diff A B'", WRONG_USAGE)
    return 0
