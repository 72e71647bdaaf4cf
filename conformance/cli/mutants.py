"""``snaptree mutants``: tests the suite against faulty hypervisors and against correct ones."""

from __future__ import annotations

from typing import Annotated, Final

import typer
from rich.live import Live
from rich.table import Table
from rich.text import Text

from snaptree.conformance.cli.facts import AsJson, deviation_facts, print_json
from snaptree.conformance.cli.problems import CONFORMS, DEVIATES, NOTHING_TESTED, Problem
from snaptree.conformance.mutants import MUTANTS, Caught, hunt
from snaptree.conformance.reports.console import TextConsole
from snaptree.conformance.reports.words import call_text, duration, plain
from snaptree.conformance.sequences.wishes import options_in
from snaptree.spec.text import did_you_mean

LOOKED_AT: Final = 7000
"""Steps in which a correct hypervisor must not be blamed: its examples and graphs take fewer."""


def mutants_command(
    only: Annotated[list[str] | None, typer.Argument(help="Names of mutants.", metavar="[NAME…]")] = None,
    seed: Annotated[int, typer.Option(min=0, help="The seed of the sampled method.")] = 0,
    as_json: AsJson = False,
) -> int:
    """Test the suite itself: it must catch every faulty hypervisor and blame no correct one.

    For each it prints the method that found it, the calls up to then, the length of the smallest witness, and
    how many optional arguments the witness still has. With names it prints the witnesses as well.
    """
    console = TextConsole(stderr=as_json)
    chosen = [mutant for mutant in MUTANTS if not only or mutant.name in only]
    if not chosen:
        raise Problem(
            f"no mutant is named {plain(' or '.join(only or []), 100)}; 'snaptree mutants' lists them"
            f"{did_you_mean((only or [''])[0], [mutant.name for mutant in MUTANTS])}",
            NOTHING_TESTED,
        )
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for title in ("hypervisor", "caught by", "method", "calls", "in", "witness", "options"):
        table.add_column(title, no_wrap=True)
    table.add_column("what is different about it", overflow="fold")
    hunted: list[Caught] = []
    with Live(table, console=console, auto_refresh=False, transient=not console.is_terminal) as live:
        for mutant in chosen:
            caught = hunt(mutant, seed=seed, steps=LOOKED_AT if mutant.correct else None)
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
            row = ("·", f"{caught.steps:,}", duration(caught.seconds), "·", "·")
            if found is not None:
                long, options = str(len(found.sequence)), str(options_in(found.sequence))
                row = (found.method, row[1], row[2], long, options)
            table.add_row(mutant.name, word, *row, mutant.about)
            live.refresh()
    if not console.is_terminal:
        console.print(table)
    for caught in hunted if only else ():
        if caught.deviation is not None:
            console.print()
            console.print(f"witness of {caught.mutant.name}", style="bold")
            for number, taken in enumerate(caught.deviation.run.steps, start=1):
                console.print(f" {number:2}  {call_text(taken.operation, taken.before)}")
    faulty = [caught for caught in hunted if not caught.mutant.correct]
    correct = [caught for caught in hunted if caught.mutant.correct]
    console.print()
    console.print(
        f"{sum(caught.right for caught in faulty)} of {len(faulty)} faulty hypervisors caught; "
        f"{sum(not caught.right for caught in correct)} of {len(correct)} correct ones blamed; seed {seed}"
    )
    if as_json:
        print_json(
            [
                {
                    "name": caught.mutant.name,
                    "about": caught.mutant.about,
                    "correct": caught.mutant.correct,
                    "right": caught.right,
                    "steps": caught.steps,
                    "method": None if caught.deviation is None else caught.deviation.method,
                    "deviation": None if caught.deviation is None else deviation_facts(caught.deviation),
                }
                for caught in hunted
            ]
        )
    return CONFORMS if all(caught.right for caught in hunted) else DEVIATES
