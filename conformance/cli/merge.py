"""``snaptree merge``: the report of the run that several shards add up to."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from snaptree.conformance.cli.check import ended_well, writable
from snaptree.conformance.cli.problems import UNAVAILABLE, WRONG_USAGE, Problem
from snaptree.conformance.reports.console import TextConsole
from snaptree.conformance.reports.files import write_report
from snaptree.conformance.reports.results import Report
from snaptree.conformance.reports.terminal import print_heading, print_report
from snaptree.conformance.reports.words import plain
from snaptree.conformance.running.merging import NotMergeable, merged, read_part


def merge_command(
    reports: Annotated[
        list[Path], typer.Argument(help="The folders that 'check --shard I/N --out DIR' wrote.")
    ],
    out: Annotated[
        Path | None, typer.Option(help="A folder for report.html, report.json, junit.xml and traces/.")
    ] = None,
) -> int:
    """Add up the shards of one run: the report and the exit code are those of the whole run."""
    console = TextConsole()
    try:
        assessment = merged([read_part(path) for path in reports])
    except NotMergeable as error:
        raise Problem(plain(str(error), 2000), WRONG_USAGE) from None
    report = Report(assessment)
    if out is not None:
        writable(out)
        try:
            report = write_report(report, out)
        except OSError as error:
            why = error.strerror or error
            raise Problem(f"the report could not be written to {out}: {why}", UNAVAILABLE) from None
    print_heading(console, assessment.heading, assessment.known)
    print_report(console, report)
    ended_well(assessment)
    return assessment.exit_code
