"""``snaptree validate``: the dialects that each document fits, or its faults."""

from __future__ import annotations

import json
import os
import stat
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.progress import Progress
from rich.text import Text

from snaptree.conformance.cli.opinions import MOST_FAULTS, opinions_json, show_opinions
from snaptree.conformance.cli.problems import CONFORMS, DEVIATES, NOTHING_TESTED, WRONG_USAGE, Problem
from snaptree.conformance.judging.record import count_of
from snaptree.conformance.reports.console import TextConsole
from snaptree.conformance.reports.trees import Sketch, draw_tree
from snaptree.conformance.reports.words import plain
from snaptree.schemas.xml import (
    DIALECTS,
    LIMITS,
    Dialect,
    Document,
    Fault,
    MalformedXml,
    Verdict,
    explain,
    faults,
    judge,
    parse,
)
from snaptree.spec.files import open_regular
from snaptree.spec.text import did_you_mean
from snaptree.spec.xml import read
from snaptree.spec.xml.trees import DocumentTree, document_tree

if TYPE_CHECKING:
    from snaptree.schemas.xml.second_opinion import Opinion

STDIN = "-"


@dataclass(frozen=True, slots=True)
class Checked:
    """One file and what was found; a malformed one has one fault and no dialect.

    ``opinions`` are those of the second validator, where they were asked for: on each
    dialect that the document is in, or else on the nearest one.
    """

    file: str
    verdict: Verdict
    opinions: tuple[Opinion, ...] = ()
    content: bytes = b""


def validate(
    documents: Annotated[
        list[str] | None,
        typer.Argument(help="Files, folders with *.xml in them, or - for standard input.", metavar="FILE…"),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document instead of text.")] = False,
    explained: Annotated[
        bool,
        typer.Option(
            "--explain",
            help="Add the schema's text about each faulty element, and the result of a second validator.",
        ),
    ] = False,
    dialect: Annotated[
        str | None, typer.Option(help=f"Only this dialect: {', '.join(DIALECTS)}. Default: any.")
    ] = None,
    tree: Annotated[
        bool,
        typer.Option(
            "--tree",
            help="Judge the documents as one tree too: missing parents, circles, names twice, and what "
            "libvirt needs to make the tree again from them (REDEFINE).",
        ),
    ] = False,
) -> int:
    """Check domain snapshot and checkpoint XML against the schemas."""
    wanted = next((one for one in DIALECTS if one == dialect), None)
    if dialect is not None and wanted is None:
        raise Problem(
            f"no dialect is named {plain(dialect)}; there are {', '.join(DIALECTS)}"
            f"{did_you_mean(dialect, DIALECTS)}",
            WRONG_USAGE,
        )
    if not documents:
        raise Problem("nothing to validate: name files, folders, or - for standard input", WRONG_USAGE)
    sources = [source for document in documents for source in _sources(document)]
    if not sources:
        raise Problem(
            f"no *.xml in {plain(', '.join(documents), 200)}: nothing was validated", NOTHING_TESTED
        )
    console = TextConsole()
    found: list[Checked] = []
    with Progress(
        console=TextConsole(stderr=True), transient=True, disable=not sys.stderr.isatty()
    ) as progress:
        for source in progress.track(sources, description="validating"):
            found.append(_check(source, wanted, explained))
            if not as_json:
                _show(console, found[-1], explained)
    invalid = sum(not one.verdict.dialects for one in found)
    judged = _tree(found) if tree else None
    if as_json:
        report = _report(found, explained) | ({} if judged is None else {"tree": _tree_json(judged)})
        print(json.dumps(report, ensure_ascii=True, indent=2))
    elif len(found) > 1:
        console.print(f"{len(found) - invalid} valid, {invalid} invalid")
    if judged is not None and not as_json:
        _show_tree(console, judged, invalid)
    return DEVIATES if invalid or (judged is not None and judged.faults) else CONFORMS


def _tree(found: Sequence[Checked]) -> DocumentTree:
    """The documents that libvirt reads, as one tree."""
    documents = {one.file: read(one.content) for one in found if "libvirt" in one.verdict.dialects}
    return document_tree(documents)


def _tree_json(tree: DocumentTree) -> dict[str, Any]:
    return {"order": [] if tree.faults else [*tree.order], "faults": [asdict(one) for one in tree.faults]}


def _show_tree(console: Console, tree: DocumentTree, invalid: int) -> None:
    for fault in tree.faults:
        console.print(Text(f"  {plain(fault.file, 300)}: {plain(fault.message, 400)}"), soft_wrap=True)
    if tree.faults or invalid:
        console.print(Text("no tree: libvirt would not make it again from these documents", style="bold red"))
        return
    named = [(str(one.name), one.parent) for one in map(tree.documents.__getitem__, tree.order)]
    console.print(draw_tree(Sketch(tuple((name, name, parent) for name, parent in named), None, None)))
    many = count_of(len(tree.order), "snapshot")
    console.print(Text(f"one tree of {many}; REDEFINE takes them in this order:", style="green"))
    for number, file in enumerate(tree.order, start=1):
        console.print(Text(f" {number:3}  {plain(file, 300)}"), soft_wrap=True)


def _sources(document: str) -> Iterator[str]:
    """The files of an argument. Raises Problem if there is none."""
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
    """The document, or enough of it to show that it is too large."""
    try:
        if source == STDIN:
            return sys.stdin.buffer.read(LIMITS.size + 1)
        with open_regular(Path(source)) as file:
            return file.read(LIMITS.size + 1)
    except OSError as error:
        raise Problem(f"{plain(source, 200)}: {error.strerror or error}", WRONG_USAGE) from None


def _check(source: str, dialect: Dialect | None, explained: bool) -> Checked:
    content = _bytes_of(source)
    try:
        document = parse(content)
    except MalformedXml as error:
        return Checked(source, Verdict((), None, (error.fault,)))
    verdict = judge(document) if dialect is None else _verdict_on(document, dialect)
    if not explained:
        return Checked(source, verdict, content=content)
    # It takes a third of a second to load, which only --explain has to pay.
    from snaptree.schemas.xml.second_opinion import second_opinion

    asked = verdict.dialects or ((verdict.nearest,) if verdict.nearest else ())
    return Checked(source, verdict, tuple(second_opinion(document, one) for one in asked), content)


def _verdict_on(document: Document, dialect: Dialect) -> Verdict:
    wrong = faults(document, dialect)
    return Verdict(() if wrong else (dialect,), dialect, wrong)


def _show(console: Console, checked: Checked, explained: bool) -> None:
    verdict = checked.verdict
    name = "standard input" if checked.file == STDIN else plain(checked.file, 300)
    if verdict.dialects:
        line = Text("valid    ", style="green").append(name, style="default")
        console.print(line.append(f"  {', '.join(verdict.dialects)}", style="dim"), soft_wrap=True)
        show_opinions(console, verdict, checked.opinions)
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
    show_opinions(console, verdict, checked.opinions)


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
                **({"second_opinions": opinions_json(one.verdict, one.opinions)} if explained else {}),
            }
            for one in found
        ],
    }
