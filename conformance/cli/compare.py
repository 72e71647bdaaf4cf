"""``snaptree compare``: runs the suite on several hypervisors, and prints where they differ."""

from __future__ import annotations

import secrets
from contextlib import ExitStack
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from snaptree.conformance.cli.check import QemuBin, Setting, WorkFolder, announcer, driver_options, ended_well
from snaptree.conformance.cli.facts import AsJson, print_json
from snaptree.conformance.cli.problems import (
    CONFORMS,
    DEVIATES,
    UNAVAILABLE,
    WRONG_USAGE,
    Problem,
    problem_exits,
)
from snaptree.conformance.comparing.seeing import Row, Side, rows
from snaptree.conformance.comparing.table import print_comparison
from snaptree.conformance.comparing.witnesses import Way, disagreements
from snaptree.conformance.driver import DriverOptions, DriverUnavailable
from snaptree.conformance.drivers.registry import share_settings
from snaptree.conformance.engine.own_calls import OwnCall
from snaptree.conformance.reports.console import TextConsole
from snaptree.conformance.reports.progress import Watch
from snaptree.conformance.reports.words import plain
from snaptree.conformance.running.assess import assess_prepared
from snaptree.conformance.running.heading import Heading
from snaptree.conformance.running.known_list import NO_DEVIATIONS
from snaptree.conformance.running.player import Player
from snaptree.conformance.running.prepare import Preparation, prepare
from snaptree.conformance.running.request import Request, parse_budget


def compare(
    drivers: Annotated[list[str], typer.Argument(help="Two drivers or more.", metavar="DRIVER…")],
    snapshots: Annotated[
        int, typer.Option(min=1, max=6, help="Most snapshots of a tree in the search for deviations.")
    ] = 2,
    budget: Annotated[str | None, typer.Option(help="Time for the suite on each driver: 90s, 5m.")] = None,
    sequences: Annotated[int | None, typer.Option(min=0, help="Random sequences on each driver.")] = None,
    seed: Annotated[int | None, typer.Option(min=0, help="The same seed gives the same sequences.")] = None,
    jobs: Annotated[int | None, typer.Option(min=1, max=64, help="Processes for the suite.")] = None,
    work: WorkFolder = None,
    qemu_bin: QemuBin = None,
    setting: Setting = None,
    as_json: AsJson = False,
) -> int:
    """Run the suite on several drivers, and print where they differ, each with the smallest witness.

    Part 1: where the profiles differ. Part 2: where a driver deviates from its profile. Every witness
    runs on every driver; the output shows only results that were seen.
    """
    console = TextConsole(stderr=as_json)
    if len(drivers) < 2:
        raise Problem("compare needs two drivers or more: snaptree compare qemu virtualbox", WRONG_USAGE)
    chosen = secrets.randbelow(2**31) if seed is None else seed
    options = driver_options(None, work, qemu_bin, setting)
    with problem_exits():
        seconds = None if budget is None else parse_budget(budget)
        each = share_settings(drivers, options)
        asked = [
            prepare(
                Request(
                    name,
                    own,
                    chosen,
                    jobs,
                    snapshots,
                    seconds,
                    sequences=sequences,
                    deviations=NO_DEVIATIONS,
                ),
                announcer(console, name),
            )
            for name, own in zip(drivers, each, strict=True)
        ]
        ways = [one.way for one in disagreements([one.heading.profile for one in asked], chosen)]
        predicted = len(ways)
        for one in asked:
            ways += _deviating(console, one)
        found, not_closed = _seen(console, drivers, each, ways)
    titles = _titles([one.heading for one in asked])
    print_comparison(console, titles, found)
    code = _concluded(console, titles, found, predicted, len(ways))
    if as_json:
        print_json({"seed": chosen, "drivers": titles, "differences": [_facts(row) for row in found]})
    if not_closed:
        raise Problem(plain(not_closed, 2000), UNAVAILABLE if code == CONFORMS else code)
    return code


def _facts(row: Row) -> dict[str, object]:
    """A difference for programs: the witness, and what each driver answered."""
    return {
        "call": row.taken.operation.call,
        "offered_by_all": row.offered,
        "rules": list(row.rules),
        "sequence": [one.to_json() for one in row.way],
        "answers": [
            {"text": cell.text, "deviates": cell.deviates, "reached": cell.reached} for cell in row.cells
        ],
    }


def _titles(headings: list[Heading]) -> list[str]:
    """A title for each column: the driver's own name and version; if two are equal, the names as given."""
    own = [f"{heading.driver} {heading.driver_version}" for heading in headings]
    return own if len(set(own)) == len(own) else [heading.title for heading in headings]


def _deviating(console: Console, preparation: Preparation) -> list[Way]:
    """Run the suite on one driver; returns the smallest sequence of each deviation."""
    with Watch(console) as watch:
        assessment = assess_prepared(preparation, watch)
    if assessment.ending.why == "interrupted":
        raise KeyboardInterrupt
    record = assessment.record
    console.print(f"  {record.tally.steps:,} steps, {len(record.deviations)} deviations from its profile")
    ended_well(assessment)
    # A fault in opening or closing is no call of a sequence, and the line above has counted it.
    return [
        found.sequence
        for found in record.deviations.values()
        if not any(isinstance(one, OwnCall) for one in found.sequence)
    ]


def _seen(
    console: Console, drivers: list[str], each: list[DriverOptions], ways: list[Way]
) -> tuple[list[Row], str]:
    """The rows, and what went wrong when the drivers were closed; empty if nothing did."""
    found: list[Row] | None = None
    bar = Progress(
        TextColumn("witnesses"), BarColumn(bar_width=24), TextColumn("{task.completed:,} of {task.total:,}"),
        TimeElapsedColumn(), console=console, transient=True, disable=not console.is_terminal,
    )  # fmt: skip
    try:
        with ExitStack() as stack:
            players = [
                stack.enter_context(Player(name, own)) for name, own in zip(drivers, each, strict=True)
            ]
            sides = [Side(player.facts.name, player.profile, player.play) for player in players]
            task = stack.enter_context(bar).add_task("", total=len(ways))
            found = rows(ways, sides, lambda done: bar.update(task, completed=done))
    except DriverUnavailable as error:
        if found is None:
            raise
        return found, str(error)
    return found, ""


def _concluded(console: Console, titles: list[str], found: list[Row], predicted: int, ran: int) -> int:
    console.print()
    console.print(
        f"{len(found)} {'difference' if len(found) == 1 else 'differences'} between "
        f"{plain(', '.join(titles), 300)}; {ran} witnesses were run on each, {predicted} on which the "
        f"profiles disagree and {ran - predicted} of deviations",
        markup=False,
        soft_wrap=True,
    )
    return DEVIATES if found else CONFORMS
