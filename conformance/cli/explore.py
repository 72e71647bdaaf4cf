"""``snaptree explore``: the size of the bounded state graph, one of its states, and the graph for others."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final

import typer
from rich.console import Console
from rich.table import Table

from snaptree.conformance.cli.facts import AsJson, print_json
from snaptree.conformance.cli.options import ProfileName
from snaptree.conformance.cli.problems import CONFORMS, UNAVAILABLE, WRONG_USAGE, Problem, problem_exits
from snaptree.conformance.driver import DEFAULT_DISKS
from snaptree.conformance.methods.graph import SCOPES, UNUSED, Graph, Scope, graph_of, moves, shape_in
from snaptree.conformance.methods.histories import cover
from snaptree.conformance.reports.console import TextConsole
from snaptree.conformance.reports.state_graphs import EXPORTS, label_text, state_text
from snaptree.conformance.reports.trees import draw_tree, sketch_of
from snaptree.conformance.reports.words import call_text, plain
from snaptree.spec.files import write_whole
from snaptree.spec.outcomes import Accepted
from snaptree.spec.profiles import Profile, load_profile
from snaptree.spec.semantics import step
from snaptree.spec.state import Domain, blank_domain
from snaptree.spec.text import did_you_mean

MOST_OF_A_TREE: Final = 8
"""Snapshots of the largest graph of scope ``tree``: 5,810 states, which take seconds."""

MOST: Final = 6
"""Snapshots of the largest graph of any other scope; some of them would fill the memory before."""


def explore_command(
    snapshots: Annotated[
        int,
        typer.Option(
            min=1, max=MOST_OF_A_TREE, help=f"The largest number of snapshots; {MOST} but for tree."
        ),
    ] = 3,
    scope: Annotated[str, typer.Option(help=f"{', '.join(SCOPES)}.")] = "tree",
    profile: ProfileName = None,
    export: Annotated[
        str | None, typer.Option(help=f"Write the graph as {', '.join(EXPORTS)}.", metavar="FORM")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="The file that --export writes; default is stdout.")
    ] = None,
    state: Annotated[int | None, typer.Option(min=0, help="Draw the state of this number.")] = None,
    path: Annotated[
        int | None, typer.Option(min=0, help="Print the shortest way to the state of this number.")
    ] = None,
    as_json: AsJson = False,
) -> int:
    """Count the states and transitions of the bounded state graph, which the exhaustive method covers.

    Its states have numbers, in the order of a search from a fresh domain: the same for everyone with this
    version of the specification, profile, scope and bound.
    """
    asked = _graph(snapshots, scope, profile)
    chosen = [
        name for name, one in (("--export", export), ("--state", state), ("--path", path)) if one is not None
    ]
    if len(chosen) > 1:
        raise Problem(f"{' and '.join(chosen)}: give one of them", WRONG_USAGE)
    if out is not None and export is None:
        raise Problem("--out is the file of --export", WRONG_USAGE)
    console = TextConsole()
    if export is not None:
        return _export(console, asked, export, out)
    if state is not None:
        return _draw(console, asked, state, as_json=as_json)
    if path is not None:
        return _print_way(console, asked, path, as_json=as_json)
    return _print_sizes(console, asked, as_json=as_json)


@dataclass(frozen=True)
class _Asked:
    profile: Profile
    scope: Scope
    bound: int

    def graph(self, bound: int | None = None) -> Graph:
        return graph_of(self.profile, bound or self.bound, self.scope)

    def state(self, number: int) -> Graph:
        """The graph, which has a state of this number."""
        graph = self.graph()
        if number >= len(graph.edges):
            raise Problem(
                f"there is no state {number}: {self.scope}={self.bound} has the states 0 to "
                f"{len(graph.edges) - 1}",
                WRONG_USAGE,
            )
        return graph


def _graph(snapshots: int, scope: str, profile: str | None) -> _Asked:
    known = next((one for one in SCOPES if one == scope), None)
    if known is None:
        raise Problem(
            f"--scope is one of {', '.join(SCOPES)}, not {plain(scope)}{did_you_mean(scope, SCOPES)}",
            WRONG_USAGE,
        )
    if known != "tree" and snapshots > MOST:
        raise Problem(f"--snapshots is at most {MOST} in scope {known}", WRONG_USAGE)
    with problem_exits():
        return _Asked(load_profile(profile or "rfc"), known, snapshots)


def _print_sizes(console: Console, asked: _Asked, *, as_json: bool) -> int:
    sizes = [
        {"snapshots": bound, "states": len(graph.edges), "transitions": graph.transitions}
        for bound in range(1, asked.bound + 1)
        for graph in (asked.graph(bound),)
    ]
    if as_json:
        print_json(sizes)
        return CONFORMS
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for title in ("snapshots", "states", "transitions"):
        table.add_column(title, justify="right")
    for size in sizes:
        table.add_row(*(f"{number:,}" for number in size.values()))
    console.print(table)
    return CONFORMS


def _export(console: Console, asked: _Asked, form: str, out: Path | None) -> int:
    if form not in EXPORTS:
        raise Problem(
            f"--export is one of {', '.join(EXPORTS)}, not {plain(form)}{did_you_mean(form, EXPORTS)}",
            WRONG_USAGE,
        )
    content = EXPORTS[form](asked.graph())
    if out is None:
        typer.echo(content.decode(), nl=False)
        return CONFORMS
    try:
        write_whole(out, content)
    except OSError as error:
        raise Problem(f"--out {plain(str(out), 200)}: {error.strerror or error}", UNAVAILABLE) from None
    console.print(f"written: {out}", soft_wrap=True)
    return CONFORMS


def _walked(asked: _Asked, number: int) -> tuple[list[str], list[str], Domain]:
    """The shortest way to a state: its moves, its calls in words, and the domain there."""
    graph = asked.state(number)
    code = list(graph.edges)[number]
    way = cover(asked.profile, asked.bound, asked.scope)[code]
    domain = blank_domain(DEFAULT_DISKS)
    calls: list[str] = []
    for label in way:
        here = moves(domain, shape_in(asked.scope, domain), asked.profile, asked.bound, asked.scope)
        move = next(one for one in here if one.label == label)
        for operation in move.operations(domain, UNUSED):
            calls.append(call_text(operation, domain))
            outcome = step(domain, operation, asked.profile)
            domain = outcome.domain if isinstance(outcome, Accepted) else domain
    return [label_text(label) for label in way], calls, domain


def _draw(console: Console, asked: _Asked, number: int, *, as_json: bool) -> int:
    graph = asked.state(number)
    code = list(graph.edges)[number]
    way, _, domain = _walked(asked, number)
    numbers = {one: place for place, one in enumerate(graph.edges)}
    leaving = {label_text(label): numbers[there] for label, there in graph.edges[code].items()}
    if as_json:
        print_json({"state": number, "text": state_text(code), "path": way, "moves": leaving})
        return CONFORMS
    console.print(f"state {number} of {asked.profile.name}, {asked.scope}={asked.bound}", soft_wrap=True)
    console.print(draw_tree(sketch_of(domain)))
    away = {move: there for move, there in leaving.items() if there != number}
    console.print(f"{len(leaving)} moves, {len(away)} of them lead to another state:", soft_wrap=True)
    for move, there in away.items():
        console.print(f"  {move} -> {there}", soft_wrap=True)
    return CONFORMS


def _print_way(console: Console, asked: _Asked, number: int, *, as_json: bool) -> int:
    way, calls, domain = _walked(asked, number)
    if as_json:
        print_json({"state": number, "path": way, "calls": calls})
        return CONFORMS
    console.print(
        f"state {number} of {asked.profile.name}, {asked.scope}={asked.bound}: {len(way)} moves, "
        f"{len(calls)} calls",
        soft_wrap=True,
    )
    for place, call in enumerate(calls, 1):
        console.print(f"{place:3}  {call}", soft_wrap=True)
    console.print(draw_tree(sketch_of(domain)))
    return CONFORMS
