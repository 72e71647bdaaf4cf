"""``snaptree validate``: which dialect each document is in, or what keeps it from being in one."""

from __future__ import annotations

import json
import os
import stat
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import Progress
from rich.text import Text

from snaptree.conformance.cli.problems import CONFORMS, DEVIATES, NOTHING_TESTED, WRONG_USAGE, Problem
from snaptree.conformance.reports.words import plain
from snaptree.schemas.xml import (
    DIALECTS,
    LIMITS,
    Dialect,
    Fault,
    MalformedXml,
    Verdict,
    explain,
    faults,
    judge,
    parse,
)

STDIN = "-"
MOST_FAULTS = 20
"""Faults of one document that are shown to a person. JSON has them all."""


@dataclass(frozen=True, slots=True)
class Checked:
    """One file and what was found; a malformed one has one fault and no dialect."""

    file: str
    verdict: Verdict


def validate(
    documents: Annotated[
        list[str] | None,
        typer.Argument(help="Files, folders with *.xml in them, or - for standard input.", metavar="FILE…"),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document instead of text.")] = False,
    explained: Annotated[
        bool, typer.Option("--explain", help="With each fault, what the schema says of that element.")
    ] = False,
    dialect: Annotated[
        str | None, typer.Option(help=f"Only this dialect: {', '.join(DIALECTS)}. Otherwise any.")
    ] = None,
) -> int:
    """Check domain snapshot and checkpoint XML against the schemas."""
    wanted = next((one for one in DIALECTS if one == dialect), None)
    if dialect is not None and wanted is None:
        raise Problem(f"no dialect is named {plain(dialect)}; there are {', '.join(DIALECTS)}", WRONG_USAGE)
    if not documents:
        raise Problem("nothing to validate: name files, folders, or - for standard input", WRONG_USAGE)
    sources = [source for document in documents for source in _sources(document)]
    if not sources:
        raise Problem(
            f"no *.xml in {plain(', '.join(documents), 200)}: nothing was validated", NOTHING_TESTED
        )
    console = Console(highlight=False)
    found: list[Checked] = []
    with Progress(console=Console(stderr=True), transient=True, disable=not sys.stderr.isatty()) as progress:
        for source in progress.track(sources, description="validating"):
            found.append(Checked(source, _verdict(_bytes_of(source), wanted)))
            if not as_json:
                _show(console, found[-1], explained)
    invalid = sum(not one.verdict.dialects for one in found)
    if as_json:
        print(json.dumps(_report(found, explained), ensure_ascii=True, indent=2))
    elif len(found) > 1:
        console.print(f"{len(found) - invalid} valid, {invalid} invalid")
    return DEVIATES if invalid else CONFORMS


def _sources(document: str) -> Iterator[str]:
    """The files that an argument stands for. Raises Problem where there is none."""
    if document == STDIN:
        yield STDIN
        return
    path = Path(document)
    try:
        mode = path.stat().st_mode
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise Problem(f"{plain(document, 200)}: {reason}", WRONG_USAGE) from None
    if stat.S_ISDIR(mode):
        yield from sorted(str(below) for below in path.rglob("*.xml") if below.is_file())
    else:
        yield document


def _bytes_of(source: str) -> bytes:
    """The document, or as much of it as shows that it is too large."""
    try:
        if source == STDIN:
            return sys.stdin.buffer.read(LIMITS.size + 1)
        with open(source, "rb") as file:
            return file.read(LIMITS.size + 1)
    except OSError as error:
        raise Problem(f"{plain(source, 200)}: {error.strerror or error}", WRONG_USAGE) from None


def _verdict(data: bytes, dialect: Dialect | None) -> Verdict:
    try:
        document = parse(data)
    except MalformedXml as error:
        return Verdict((), None, (error.fault,))
    if dialect is None:
        return judge(document)
    wrong = faults(document, dialect)
    return Verdict(() if wrong else (dialect,), dialect, wrong)


def _show(console: Console, checked: Checked, explained: bool) -> None:
    verdict = checked.verdict
    name = "standard input" if checked.file == STDIN else plain(checked.file, 300)
    if verdict.dialects:
        line = Text("valid    ", style="green").append(name, style="default")
        console.print(line.append(f"  {', '.join(verdict.dialects)}", style="dim"), soft_wrap=True)
        return
    nearest = f"  nearest dialect: {verdict.nearest}" if verdict.nearest else ""
    line = Text("invalid  ", style="bold red").append(name, style="default")
    console.print(line.append(nearest, style="dim"), soft_wrap=True)
    said: set[str] = set()
    for fault in verdict.faults[:MOST_FAULTS]:
        where = f"{name}:{fault.line}:{fault.column}: "
        told = Text(f"  {where}").append(plain(fault.message, 500)).append(f"  {fault.rule}", style="dim")
        console.print(told, soft_wrap=True)
        explanation = _explanation(fault, verdict.nearest) if explained else None
        if explanation is not None and explanation["element"] not in said:
            said.add(explanation["element"])
            text = f"      {explanation['element']}: {explanation['text']} ({explanation['rule']})"
            console.print(Text(text, style="cyan"), soft_wrap=True)
    more = len(verdict.faults) - MOST_FAULTS
    if more > 0:
        console.print(f"  and {more} more; --json shows all", soft_wrap=True)


def _explanation(fault: Fault, dialect: Dialect | None) -> dict[str, str] | None:
    if dialect is None or not fault.element:
        return None
    element, meaning = explain(fault.element, dialect)
    text = f"{meaning.text} {meaning.form}".strip()
    return {"element": element, "text": text, "rule": meaning.rule}


def _report(found: list[Checked], explained: bool) -> dict[str, Any]:
    def fault_of(fault: Fault, dialect: Dialect | None) -> dict[str, Any]:
        record = asdict(fault)
        return {**record, "explanation": _explanation(fault, dialect)} if explained else record

    return {
        "valid": sum(bool(one.verdict.dialects) for one in found),
        "invalid": sum(not one.verdict.dialects for one in found),
        "files": [
            {
                "file": os.fsencode(one.file).decode("utf-8", "backslashreplace"),
                "valid": bool(one.verdict.dialects),
                "dialects": list(one.verdict.dialects),
                "nearest": one.verdict.nearest,
                "faults": [fault_of(fault, one.verdict.nearest) for fault in one.verdict.faults],
            }
            for one in found
        ],
    }
