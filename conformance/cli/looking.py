"""Looking things up: rules, plans, profiles, drivers and the state graph. Nothing here runs a suite."""

from __future__ import annotations

import json
from contextlib import closing
from itertools import groupby
from typing import Annotated, Any

import typer
from rich.columns import Columns
from rich.console import Console
from rich.table import Table
from rich.text import Text

from snaptree.conformance.cli.checking import ProfileName, driver_options
from snaptree.conformance.cli.installing import install_system, systems_table
from snaptree.conformance.cli.problems import NOTHING_TESTED, WRONG_USAGE, Problem, problems_told
from snaptree.conformance.driver import DriverUnavailable
from snaptree.conformance.drivers import SHIPPED, open_driver
from snaptree.conformance.methods.graph import SCOPES, explore
from snaptree.conformance.reports.trees import Note, Sketch, drawn, sketch_of
from snaptree.conformance.reports.words import called, plain, spoken
from snaptree.spec.examples import (
    TREES,
    example_operations,
    example_profile,
    example_start,
    parse_operation,
    scripted_domain,
)
from snaptree.spec.operations import Operation
from snaptree.spec.outcomes import Accepted, Outcome
from snaptree.spec.plan import BASE, Plan, plan
from snaptree.spec.profile_diff import differences
from snaptree.spec.profiles import load_profile, shipped_profiles
from snaptree.spec.rules import Example, Rule, rule, rules, select
from snaptree.spec.semantics import step
from snaptree.spec.state import Domain


def drivers(
    install: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Install a system in a private tree, without touching the host."),
    ] = None,
) -> int:
    """Which drivers are usable here, and what is missing for the others."""
    if install is not None:
        return install_system(install)
    console = Console(highlight=False)
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for title in ("driver", "here", "what it is"):
        table.add_column(title, overflow="fold")
    missing: list[tuple[str, str]] = []
    for shipped in SHIPPED.values():
        if shipped.probe is None:
            table.add_row(shipped.name, "", shipped.about)
            continue
        try:
            with closing(open_driver(shipped.probe, driver_options())) as opened:
                here = Text(f"yes, {opened.version}", style="green")
        except DriverUnavailable as error:
            here = Text(f"no: {plain(str(error), 200)}", style="yellow")
            missing.append((shipped.name, error.install or shipped.install))
        table.add_row(shipped.name, here, shipped.about)
    table.add_row(
        "package.module:Class", "", "your own: a class with the calls of snaptree.conformance.driver"
    )
    console.print(table)
    console.print()
    for name, command in missing:
        # One line however long it is: it is there to be copied.
        console.print(Text(f"{name} comes with: {command}"), soft_wrap=True)
    if missing:
        console.print()
    console.print(systems_table())
    return 0


def rules_command(
    only: Annotated[list[str] | None, typer.Argument(help="Ids, chapters or globs.", metavar="[ID…]")] = None,
) -> int:
    """The catalogue of rules; one rule with its text and figure."""
    console = Console(highlight=False)
    with problems_told():
        found = list(rules()) if not only else select(only) or [rule(one) for one in only]
    if not found:
        raise Problem("no rule matches", NOTHING_TESTED)
    if len(found) == 1:
        show_rule(console, found[0].id)
        return 0
    for chapter, group in groupby(found, key=lambda one: one.chapter):
        console.print(Text(chapter, style="bold"))
        table = Table(box=None, show_header=False, padding=(0, 2, 0, 2))
        for one in group:
            table.add_row(one.id, one.level, Text(one.sentence, overflow="fold"))
        console.print(table)
    console.print(f"{len(found)} rules; 'snaptree rules ID' shows one with its figure")
    return 0


def show_rule(console: Console, identifier: str) -> None:
    """One rule with its reason, its sources, its test and its figures."""
    one = rule(identifier)
    console.print(Text.assemble((one.id, "bold"), f" ({one.level}), chapter {one.chapter}"))
    console.print(Text(one.sentence))
    if one.why:
        console.print(Text.assemble(("\nwhy  ", "bold"), one.why))
    for source in one.sources:
        console.print(Text.assemble(("source  ", "bold"), source))
    console.print(Text.assemble(("checked by  ", "bold"), _checked_by(one)), soft_wrap=True)
    for example in one.examples:
        console.print()
        _figure(console, example)


def _checked_by(one: Rule) -> str:
    if one.judged_elsewhere:
        return f"not by single steps: it speaks of a {one.judged_elsewhere}; see the tests of snaptree itself"
    place = f"snaptree.conformance.suite.test_{one.chapter.replace('-', '_')}"
    return f"pytest --pyargs {place}::test_{one.id.replace('-', '_')}, and every step of snaptree check"


def _figure(console: Console, example: Example) -> None:
    """An example, computed by the model."""
    profile = example_profile(example)
    domain = example_start(example)
    pictures = [drawn(sketch_of(domain), f"tree: {example.scene}")]
    for operation in example_operations(example):
        outcome = step(domain, operation, profile)
        title = f"after {spoken(operation, domain)}"
        if isinstance(outcome, Accepted):
            domain = outcome.domain
            pictures.append(drawn(sketch_of(domain), title))
        else:
            pictures.append(drawn(sketch_of(domain), f"{title}: {_refusal(outcome, domain)}"))
    console.print(Columns(pictures, padding=(0, 6), expand=False))


def _refusal(outcome: Outcome, domain: Domain) -> str:
    if isinstance(outcome, Accepted):
        return "accepted"
    text = "refused as " + " or ".join(sorted(outcome.kinds))
    if outcome.casualties is not None:
        lost = [called(domain, one) for one in outcome.casualties.snapshots]
        lost += ["the active state"] if outcome.casualties.active else []
        text += f", casualties: {', '.join(lost) or 'the target itself'}"
    return text


def plan_command(
    operation: Annotated[str, typer.Argument(help="For instance 'discard_forced(a)'.")],
    tree: Annotated[
        str,
        typer.Option(
            help="An example tree, or a script such as 'create a; write; create b; revert a'. "
            f"Examples: {', '.join(TREES)}."
        ),
    ] = "fork",
    profile: ProfileName = None,
    as_json: Annotated[bool, typer.Option("--json", help="The plan as JSON.")] = False,
) -> int:
    """What an operation on a tree would do and destroy, before anybody does it."""
    console = Console(highlight=False)
    with problems_told():
        asked = load_profile(profile or "rfc")
        domain = scripted_domain(tree)
        ids = {snapshot.name: snapshot.id for snapshot in (*domain.retired.values(), *domain.in_order())}
        parsed = parse_operation(operation, ids)
    would = plan(domain, parsed, asked)
    if as_json:
        console.print_json(json.dumps(_plan_json(domain, parsed, would)))
        return 0
    outcome = step(domain, parsed, asked)
    before, after = plan_pictures(domain, parsed, would, outcome)
    console.print(before if after is None else Columns([before, after], padding=(0, 6), expand=False))
    console.print()
    for label, text, style in plan_lines(domain, would, outcome):
        console.print(Text.assemble((f"{label:12}", "bold"), (text, style)), soft_wrap=True)
    return 0


def plan_pictures(domain: Domain, operation: Operation, would: Plan, outcome: Outcome) -> tuple[Any, Any]:
    """The tree before, with what would go marked, and after; None for after where it is refused."""
    notes: dict[str, Note] = {}
    for gone in would.removed:
        lost = gone in would.casualties.snapshots
        notes[domain.snapshots[gone].name] = Note(
            "destroyed" if lost else "goes", "bold red" if lost else "yellow"
        )
    if would.overwritten is not None:
        name = BASE if would.overwritten == BASE else domain.snapshots[would.overwritten].name
        notes[name] = Note("overwritten", "bold yellow")
    if would.active in ("reset", "replaced"):
        notes["active"] = Note("what it holds is lost", "bold red")
    before = drawn(sketch_of(domain), spoken(operation, domain), notes)
    if not isinstance(outcome, Accepted):
        return before, None
    after: Sketch = sketch_of(outcome.domain)
    return before, drawn(after, "afterwards")


def plan_lines(domain: Domain, would: Plan, outcome: Outcome) -> list[tuple[str, str, str]]:
    """A plan in lines of label, text and style."""

    def names(ids: tuple[str, ...]) -> str:
        return ", ".join(called(domain, one) for one in ids) or "nothing"

    def place(one: str | None) -> str:
        return BASE if one in (None, BASE) else called(domain, str(one))

    accepted = isinstance(outcome, Accepted)
    lines = [("as asked", _refusal(outcome, domain), "green" if accepted else "red")]
    if not accepted:
        lines.append(("", "that changes nothing; what it would do if it were accepted:", "dim"))
    lines += [
        ("destroys", names(would.casualties.snapshots), "red" if would.casualties else ""),
        ("removes", names(would.removed), ""),
    ]
    if would.overwritten is not None:
        lines.append(("overwrites", place(would.overwritten), "yellow"))
    if would.reparented:
        moves = ", ".join(f"{called(domain, child)} to {place(parent)}" for child, parent in would.reparented)
        lines.append(("reparents", moves, ""))
    if would.creates:
        lines.append(("current", "the new snapshot", ""))
    else:
        lines.append(("current", place(would.current), ""))
    lost = would.active in ("reset", "replaced")
    fate = would.active + (f" from {place(would.active_from)}" if would.active_from is not None else "")
    lines.append(("active", fate, "red" if lost else ""))
    return lines


def _plan_json(domain: Domain, operation: Operation, would: Plan) -> dict[str, Any]:
    def name(one: str | None) -> str | None:
        return one if one in (None, BASE) else called(domain, str(one))

    return {
        "operation": operation.to_json(),
        "refused": sorted(would.refused),
        "casualties": [
            *(name(one) for one in would.casualties.snapshots),
            *(["active"] * would.casualties.active),
        ],
        "removed": [name(one) for one in would.removed],
        "overwritten": name(would.overwritten),
        "reparented": {str(name(child)): name(parent) for child, parent in would.reparented},
        "current": None if would.creates else name(would.current),
        "creates": would.creates,
        "active": would.active,
        "active_from": name(would.active_from),
    }


def explore_command(
    snapshots: Annotated[int, typer.Option(min=1, max=6, help="Most snapshots of a tree.")] = 3,
    scope: Annotated[str, typer.Option(help=f"{', '.join(SCOPES)}.")] = "tree",
    profile: ProfileName = None,
) -> int:
    """Count the bounded state graph: what the exhaustive method covers."""
    console = Console(highlight=False)
    if scope not in SCOPES:
        raise Problem(f"--scope is one of {', '.join(SCOPES)}, not {plain(scope)}", WRONG_USAGE)
    with problems_told():
        asked = load_profile(profile or "rfc")
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for title in ("snapshots", "states", "transitions"):
        table.add_column(title, justify="right")
    for bound in range(1, snapshots + 1):
        graph = explore(asked, bound, scope)
        table.add_row(str(bound), f"{len(graph.edges):,}", f"{graph.transitions:,}")
    console.print(table)
    return 0


def profiles(
    words: Annotated[
        list[str] | None, typer.Argument(help="Nothing, or: diff A B.", metavar="[diff A B]")
    ] = None,
) -> int:
    """The shipped profiles; 'diff A B' says in words where two differ."""
    console = Console(highlight=False)
    match words or []:
        case []:
            names = shipped_profiles()
            wide = max(map(len, names)) + 2
            for name in names:
                console.print(
                    Text.assemble((name.ljust(wide), "bold"), load_profile(name).title), soft_wrap=True
                )
        case ["diff", one, other]:
            with problems_told():
                found = differences(load_profile(one), load_profile(other))
            for sentence in found:
                console.print(Text(f"- {sentence}"), soft_wrap=True)
            console.print(f"{len(found)} differences between {plain(one)} and {plain(other)}", markup=False)
        case _:
            raise Problem("write 'snaptree profiles', or 'snaptree profiles diff A B'", WRONG_USAGE)
    return 0
