"""``snaptree compare``: the same suite on several hypervisors, and where they go different ways."""

from __future__ import annotations

import secrets
from contextlib import ExitStack, closing
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from snaptree.conformance.cli.checking import QemuBin, Setting, WorkFolder, announced, driver_options
from snaptree.conformance.cli.problems import (
    CONFORMS,
    DEVIATES,
    OUR_FAULT,
    WRONG_USAGE,
    Problem,
    problems_told,
)
from snaptree.conformance.comparing.seeing import Row, Side, rows
from snaptree.conformance.comparing.witnesses import Way, disagreements
from snaptree.conformance.crew import WorkerFailed
from snaptree.conformance.driver import DriverOptions
from snaptree.conformance.drivers import open_driver
from snaptree.conformance.reports.comparison import print_comparison
from snaptree.conformance.reports.progress import Watch
from snaptree.conformance.reports.terminal import print_heading
from snaptree.conformance.reports.words import plain
from snaptree.conformance.request import Heading, Listed, Request, parse_budget, prepare
from snaptree.conformance.run import Bounds, run_methods


def compare(
    drivers: Annotated[list[str], typer.Argument(help="Two drivers or more.", metavar="DRIVER…")],
    snapshots: Annotated[
        int, typer.Option(min=1, max=6, help="Bound of the suite's graphs, which look for deviations.")
    ] = 2,
    budget: Annotated[str | None, typer.Option(help="Time for the suite on each driver: 90s, 5m.")] = None,
    seed: Annotated[int | None, typer.Option(min=0, help="The same seed gives the same sequences.")] = None,
    jobs: Annotated[int | None, typer.Option(min=1, max=64, help="Processes for the suite.")] = None,
    work: WorkFolder = None,
    qemu_bin: QemuBin = None,
    setting: Setting = None,
) -> int:
    """The same suite on several drivers: where they differ, with a smallest witness each.

    First what each profile's model answers differently, then what the suite finds that one of them
    does otherwise than its profile says. Every witness is run on all of them; what is printed was seen.
    """
    console = Console(highlight=False)
    if len(drivers) < 2:
        raise Problem("compare needs two drivers or more: snaptree compare qemu virtualbox", WRONG_USAGE)
    chosen = secrets.randbelow(2**31) if seed is None else seed
    options = driver_options(None, work, qemu_bin, setting)
    with problems_told():
        seconds = None if budget is None else parse_budget(budget)
        asked = [
            prepare(Request(name, options, chosen, jobs, snapshots, seconds), announced(console, name))
            for name in drivers
        ]
        ways = [one.way for one in disagreements([heading.profile for heading, _ in asked], chosen)]
        predicted = len(ways)
        for heading, bounds in asked:
            ways += _deviating(console, heading, bounds, options)
        found = _seen(console, drivers, options, ways)
    titles = _titles(asked)
    print_comparison(console, titles, found)
    return _concluded(console, titles, found, predicted, len(ways))


def _titles(asked: list[tuple[Heading, Bounds]]) -> list[str]:
    """A title for each column: what a driver calls itself, and what it was asked for as where two agree."""
    own = [f"{heading.driver} {heading.driver_version}" for heading, _ in asked]
    return own if len(set(own)) == len(own) else [heading.title for heading, _ in asked]


def _deviating(console: Console, heading: Heading, bounds: Bounds, options: DriverOptions) -> list[Way]:
    """The suite on one driver: the smallest sequence of everything that it does otherwise than claimed."""
    print_heading(console, heading, Listed())
    with Watch(console, bounds.sampling) as watch:
        try:
            outcome = run_methods(heading.asked, options, heading.profile, bounds, watch.update)
        except WorkerFailed as error:
            raise Problem(f"a worker of snaptree itself failed:\n{error}", OUR_FAULT) from None
    if outcome.interrupted:
        raise KeyboardInterrupt
    steps = f"{outcome.tally.steps:,} steps"
    console.print(f"  {steps}, {len(outcome.deviations)} deviations from its profile")
    return [found.sequence for found in outcome.deviations.values()]


def _seen(console: Console, drivers: list[str], options: DriverOptions, ways: list[Way]) -> list[Row]:
    bar = Progress(
        TextColumn("witnesses"), BarColumn(bar_width=24), TextColumn("{task.completed:,} of {task.total:,}"),
        TimeElapsedColumn(), console=console, transient=True, disable=not console.is_terminal,
    )  # fmt: skip
    with ExitStack() as stack:
        opened = [stack.enter_context(closing(open_driver(name, options))) for name in drivers]
        sides = [Side(driver.name, driver) for driver in opened]
        task = stack.enter_context(bar).add_task("", total=len(ways))
        return rows(ways, sides, lambda done: bar.update(task, completed=done))


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
