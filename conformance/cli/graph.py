"""``snaptree graph``: writes the bounded state graph of a profile to a file, and compares two graphs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Final

import typer
from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from snaptree.conformance.cli.problems import (
    CONFORMS,
    DEVIATES,
    UNAVAILABLE,
    WRONG_USAGE,
    Problem,
    problem_exits,
)
from snaptree.conformance.comparing.graph_diff import (
    GraphDiff,
    Otherwise,
    answer_text,
    changes,
    compare_graphs,
)
from snaptree.conformance.comparing.graph_record import GraphError, Record, read_graph, record_graph
from snaptree.conformance.methods.graph import SCOPES
from snaptree.conformance.reports.console import TextConsole
from snaptree.conformance.reports.trees import draw_tree, sketch_observation
from snaptree.conformance.reports.words import plain
from snaptree.spec.files import write_whole
from snaptree.spec.profiles import load_profile, shipped_profiles
from snaptree.spec.text import did_you_mean

USAGE: Final = "write 'snaptree graph export PROFILE --out FILE', or 'snaptree graph diff A B'"

MOST_SHOWN: Final = 8
"""Kinds of change that are drawn; the table counts all of them."""


def graph_command(
    words: Annotated[
        list[str] | None,
        typer.Argument(
            help="export PROFILE, or diff A B: a profile or an exported graph each.", metavar="WORDS"
        ),
    ] = None,
    scope: Annotated[str, typer.Option(help=f"{', '.join(SCOPES)}.")] = "tree",
    snapshots: Annotated[int, typer.Option(min=1, max=5, help="The largest number of snapshots.")] = 3,
    out: Annotated[Path | None, typer.Option(help="The file that export writes; default is stdout.")] = None,
) -> int:
    """Export the state graph of a profile, or show where two graphs answer otherwise.

    An exported graph is what a version of the specification says: keep it, and compare it with a later one.
    Where two graphs differ, the exit code is 1.
    """
    console = TextConsole()
    if scope not in SCOPES:
        raise Problem(
            f"--scope is one of {', '.join(SCOPES)}, not {plain(scope)}{did_you_mean(scope, SCOPES)}",
            WRONG_USAGE,
        )
    match words or []:
        case ["export", name]:
            return _export(console, _recorded(name, scope, snapshots), out)
        case ["diff", one, other]:
            if out is not None:
                raise Problem("--out is of 'snaptree graph export'", WRONG_USAGE)
            return _diff(console, one, other, scope, snapshots)
    raise Problem(USAGE, WRONG_USAGE)


def _export(console: Console, record: Record, out: Path | None) -> int:
    text = json.dumps(record, indent=1, ensure_ascii=True) + "\n"
    if out is None:
        typer.echo(text, nl=False)
        return CONFORMS
    try:
        write_whole(out, text.encode())
    except OSError as error:
        raise Problem(f"--out {plain(str(out), 200)}: {error.strerror or error}", UNAVAILABLE) from None
    console.print(f"written: {out}", markup=False, soft_wrap=True)
    return CONFORMS


def _diff(console: Console, one: str, other: str, scope: str, snapshots: int) -> int:
    # A file says what it holds; a profile beside it is explored in the same way.
    left, right = _file(one), _file(other)
    known = left or right
    if known is not None:
        scope, snapshots = known["scope"], known["snapshots"]
    left = left or _recorded(one, scope, snapshots)
    right = right or _recorded(other, scope, snapshots)
    if (left["scope"], left["snapshots"]) != (right["scope"], right["snapshots"]):
        raise Problem(
            f"these are different graphs: {_bounds(left)} and {_bounds(right)}; export both alike",
            WRONG_USAGE,
        )
    found = compare_graphs(left, right)
    _print(console, found, _title(left), _title(right), _bounds(left))
    return CONFORMS if found.equal else DEVIATES


def _file(name: str) -> Record | None:
    """The record in a file of that name; None for the name of a profile."""
    if name in shipped_profiles() or not name.endswith(".json"):
        return None
    try:
        return read_graph(Path(name))
    except GraphError as error:
        raise Problem(plain(str(error), 600), WRONG_USAGE) from None


def _recorded(name: str, scope: str, snapshots: int) -> Record:
    if "@" in name and not Path(name).exists():
        raise Problem(
            f"no profile {plain(name)}: this release has one version of the specification; for another give "
            "the file that its 'snaptree graph export' wrote (NAME.json)",
            WRONG_USAGE,
        )
    with problem_exits():
        profile = load_profile(name)
    chosen = next(one for one in SCOPES if one == scope)
    return record_graph(profile, snapshots, chosen)


def _bounds(record: Record) -> str:
    return f"{record['scope']}={record['snapshots']}"


def _title(record: Record) -> str:
    return plain(f"{record['profile']} (specification {record['specification']})", 200)


def _print(console: Console, found: GraphDiff, one: str, other: str, bounds: str) -> None:
    console.print(
        f"{one} and {other}, {bounds}: {found.compared:,} transitions in both, "
        f"{len(found.otherwise):,} answer otherwise",
        markup=False,
        soft_wrap=True,
    )
    for title, states in ((one, found.only_one), (other, found.only_other)):
        if states:
            console.print(f"states that only {title} reaches: {len(states):,}", markup=False, soft_wrap=True)
    for title, calls in ((one, found.calls_of_one), (other, found.calls_of_other)):
        if calls:
            console.print(f"calls that only {title} has: {', '.join(calls)}", markup=False, soft_wrap=True)
    if not found.otherwise:
        return
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    table.add_column("transitions", justify="right")
    table.add_column("call")
    table.add_column("in the second")
    for (call, kind), times in sorted(found.by_call.items()):
        table.add_row(f"{times:,}", call, kind)
    console.print(table)
    cases = list(found.smallest())
    for times, case in cases[:MOST_SHOWN]:
        console.print()
        _case(console, case, times, one, other)
    if len(cases) > MOST_SHOWN:
        console.print(f"\n{len(cases) - MOST_SHOWN} more kinds of change are in the table.")


def _case(console: Console, case: Otherwise, times: int, one: str, other: str) -> None:
    """The smallest transition of a kind, with the tree before it."""
    others = f", the smallest of {times:,}" if times > 1 else ""
    console.print(Text.assemble((plain(case.call, 200), "bold"), others), soft_wrap=True)
    way = "; ".join(case.state["way"]) or "a fresh domain"
    console.print(Text(f"after {plain(way, 600)}", style="dim"), soft_wrap=True)
    console.print(Padding(draw_tree(sketch_observation(case.state["tree"])), (0, 0, 0, 2)))
    console.print(f"  {one}: {plain(answer_text(case.one), 400)}", markup=False, soft_wrap=True)
    console.print(f"  {other}: {plain(answer_text(case.other), 400)}", markup=False, soft_wrap=True)
    for line in changes(case.one, case.other):
        console.print(f"    {plain(line, 400)}", markup=False, soft_wrap=True)
