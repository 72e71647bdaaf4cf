"""``snaptree export``: a recorded trace as a script or page for somebody who has no snaptree."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from snaptree.conformance.cli.options import ProfileName
from snaptree.conformance.cli.problems import CONFORMS, NOTHING_TESTED, WRONG_USAGE, Problem, problem_exits
from snaptree.conformance.cli.replay import TraceFile, read_steps
from snaptree.conformance.reports.console import TextConsole
from snaptree.conformance.reports.exports import FORMS, NotExpressible, export, story_of
from snaptree.spec.files import write_whole
from snaptree.spec.profiles import load_profile
from snaptree.spec.text import plain
from snaptree.spec.vocabulary import nearest


def export_command(
    trace: TraceFile,
    form: Annotated[str, typer.Option("--as", help=f"One of {', '.join(FORMS)}.", metavar="FORM")],
    profile: ProfileName = None,
    out: Annotated[Path | None, typer.Option(help="A file to write; stdout without it.")] = None,
) -> int:
    """Write a recorded trace as a script of another tool, a test, or a page.

    A step that the tool has no command for is named and left out; if it is the last, which the trace is
    about, nothing is written.
    """
    with problem_exits():
        if form not in FORMS:
            raise Problem(f"no form {plain(form)!r}: {nearest(form, FORMS)}", WRONG_USAGE)
        recorded = read_steps(trace)
        judged_by = recorded.header.judged_by() if profile is None else load_profile(profile)
        if any(step.answer is None for step in recorded.steps):
            raise Problem(f"{trace}: a step has no recorded answer: play it first", NOTHING_TESTED)
        try:
            text, left_out = export(story_of(recorded, judged_by), form)
        except NotExpressible as error:
            raise Problem(f"{trace}: {error}; nothing was written", WRONG_USAGE) from None
        if out is None:
            sys.stdout.write(text)
        else:
            _write(out, text)
    console = TextConsole(stderr=True, soft_wrap=True)
    for step in left_out:
        console.print(f"left out: {step}")
    return CONFORMS


def _write(path: Path, text: str) -> None:
    try:
        write_whole(path, text.encode())
    except OSError as error:
        said = f"{plain(str(path), 400)} could not be written: {error.strerror}"
        raise Problem(said, WRONG_USAGE) from None
