"""``snaptree mutants``: the suite against hypervisors that are known to be wrong, and against right ones."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.console import Console
from rich.live import Live
from rich.table import Table
from rich.text import Text

from snaptree.conformance.cli.problems import CONFORMS, DEVIATES, NOTHING_TESTED, Problem
from snaptree.conformance.mutants import MUTANTS, Caught, hunt
from snaptree.conformance.reports.words import duration, plain

LIMIT = 10.0
"""Seconds after which a faulty hypervisor counts as not caught."""

LOOKED_AT = 3.0
"""Seconds for which a deviation is looked for in a correct one."""


def mutants_command(
    only: Annotated[list[str] | None, typer.Argument(help="Names of mutants.", metavar="[NAME…]")] = None,
    seed: Annotated[int, typer.Option(min=0, help="The seed of the sampled method.")] = 0,
) -> int:
    """Put the suite itself to the test: every faulty hypervisor must be caught, no correct one blamed."""
    console = Console(highlight=False)
    chosen = [mutant for mutant in MUTANTS if not only or mutant.name in only]
    if not chosen:
        raise Problem(
            f"no mutant is named {plain(' or '.join(only or []), 100)}; 'snaptree mutants' lists them",
            NOTHING_TESTED,
        )
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for title in ("hypervisor", "caught by", "in", "at step"):
        table.add_column(title, no_wrap=True)
    table.add_column("what is different about it", overflow="fold")
    hunted: list[Caught] = []
    with Live(table, console=console, auto_refresh=False, transient=not console.is_terminal) as live:
        for mutant in chosen:
            caught = hunt(mutant, seed=seed, limit=LOOKED_AT if mutant.correct else LIMIT)
            hunted.append(caught)
            found = caught.deviation
            if mutant.correct:
                word = (
                    Text("never blamed", style="green") if caught.right else Text("blamed", style="bold red")
                )
            elif found is None:
                word = Text("not caught", style="bold red")
            else:
                word = Text(found.rules[0], style="green" if caught.right else "bold red")
            steps = str(len(found.sequence)) if found is not None else "·"
            table.add_row(mutant.name, word, duration(caught.seconds), steps, mutant.about)
            live.refresh()
    if not console.is_terminal:
        console.print(table)
    faulty = [caught for caught in hunted if not caught.mutant.correct]
    correct = [caught for caught in hunted if caught.mutant.correct]
    console.print()
    console.print(
        f"{sum(caught.right for caught in faulty)} of {len(faulty)} faulty hypervisors caught; "
        f"{sum(not caught.right for caught in correct)} of {len(correct)} correct ones blamed; seed {seed}"
    )
    return CONFORMS if all(caught.right for caught in hunted) else DEVIATES
