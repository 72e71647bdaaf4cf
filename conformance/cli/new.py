"""``snaptree new``: a folder with a driver that runs at once."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from snaptree.conformance.cli.problems import CONFORMS, WRONG_USAGE, Problem
from snaptree.conformance.reports.console import TextConsole
from snaptree.conformance.skeletons.languages import LANGUAGES
from snaptree.conformance.skeletons.making import SkeletonError, commands, language_of, make_skeleton


def new(
    name: Annotated[str, typer.Argument(help="The name of the folder, the profile and the driver.")],
    language: Annotated[str, typer.Option(help=f"One of {', '.join(LANGUAGES)}.")] = "python",
) -> int:
    """Make a folder with a driver that runs at once: profile, driver, tests, CI files."""
    try:
        chosen = language_of(language)
        folder = make_skeleton(name, chosen, Path())
    except SkeletonError as error:
        raise Problem(str(error), WRONG_USAGE) from None
    console = TextConsole(soft_wrap=True)
    console.print(f"made {folder} with {sum(one.is_file() for one in folder.rglob('*'))} files; next:")
    console.print(f"  cd {name}")
    for command in commands(name, chosen).values():
        console.print(f"  {command}")
    return CONFORMS
