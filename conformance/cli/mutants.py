"""``snaptree mutants``: tests the suite against faulty hypervisors and against correct ones."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Final

import typer
from rich.console import Console
from rich.live import Live
from rich.table import Table
from rich.text import Text

from snaptree.conformance.cli.facts import AsJson, deviation_facts, print_json
from snaptree.conformance.cli.problems import CONFORMS, DEVIATES, NOTHING_TESTED, Problem
from snaptree.conformance.mutants import MUTANTS, Caught, hunt
from snaptree.conformance.mutants.hunt import LONGEST, RANDOM
from snaptree.conformance.reports.console import TextConsole
from snaptree.conformance.reports.words import call_text, duration, plain
from snaptree.conformance.sequences.wishes import options_in
from snaptree.spec.text import did_you_mean

LOOKED_AT: Final = 7000
"""Steps in which a correct hypervisor must not be blamed: its examples and graphs take fewer."""


SEQUENCES: Final = 20
"""Random sequences with each further seed in which a correct hypervisor must not be blamed."""


def mutants_command(
    only: Annotated[list[str] | None, typer.Argument(help="Names of mutants.", metavar="[NAME…]")] = None,
    seed: Annotated[int, typer.Option(min=0, help="The seed of the random methods.")] = 0,
    seeds: Annotated[
        int,
        typer.Option(
            min=1,
            help="With how many seeds, from --seed on. After the first one only the random methods hunt:"
            " what they caught, and each correct hypervisor.",
        ),
    ] = 1,
    as_json: AsJson = False,
) -> int:
    """Test the suite itself: it must catch every faulty hypervisor and blame no correct one.

    For each it prints the method that found it, the calls up to then, the length of the smallest witness, and
    how many optional arguments the witness still has. With names it prints the witnesses as well.
    """
    console = TextConsole(stderr=as_json)
    chosen = [mutant for mutant in MUTANTS if not only or mutant.name in only]
    names = [mutant.name for mutant in MUTANTS]
    unknown = [name for name in only or () if name not in names]
    if unknown:
        # Of several names none is hunted: a name that was left out in silence would look caught.
        raise Problem(
            f"no mutant is named {plain(' or '.join(unknown), 100)}; 'snaptree mutants' lists them"
            f"{did_you_mean(unknown[0], names)}",
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
            table.add_row(*_row(caught))
            live.refresh()
    if not console.is_terminal:
        console.print(table)
    for caught in hunted if only else ():
        if caught.deviation is not None:
            console.print()
            console.print(f"witness of {caught.mutant.name}", style="bold")
            for number, taken in enumerate(caught.deviation.run.steps, start=1):
                console.print(f" {number:2}  {call_text(taken.operation, taken.before)}")
    console.print()
    right = _print_sums(console, hunted, seed)
    if seeds > 1:
        right = _hunt_again(console, hunted, range(seed + 1, seed + seeds)) and right
    if as_json:
        print_json([_facts(caught) for caught in hunted])
    return CONFORMS if right else DEVIATES


def _row(caught: Caught) -> tuple[str | Text, ...]:
    """A row of the table."""
    found = caught.deviation
    colour = "green" if caught.right else "bold red"
    if caught.mutant.correct:
        word = "never blamed" if caught.right else "blamed"
    else:
        word = "not caught" if found is None else found.rules[0]
    method, long, options = "·", "·", "·"
    if found is not None:
        method, long, options = found.method, str(len(found.sequence)), str(options_in(found.sequence))
    steps, took = f"{caught.steps:,}", duration(caught.seconds)
    return (
        caught.mutant.name,
        Text(word, style=colour),
        method,
        steps,
        took,
        long,
        options,
        caught.mutant.about,
    )


def _facts(caught: Caught) -> dict[str, object]:
    """The facts of a hunt."""
    found = caught.deviation
    return {
        "name": caught.mutant.name,
        "about": caught.mutant.about,
        "correct": caught.mutant.correct,
        "right": caught.right,
        "steps": caught.steps,
        "method": None if found is None else found.method,
        "deviation": None if found is None else deviation_facts(found),
    }


def _print_sums(console: Console, hunted: Sequence[Caught], seed: int) -> bool:
    """Print how many were right; returns whether all were."""
    faulty = [caught for caught in hunted if not caught.mutant.correct]
    correct = [caught for caught in hunted if caught.mutant.correct]
    console.print(
        f"{sum(caught.right for caught in faulty)} of {len(faulty)} faulty hypervisors caught; "
        f"{sum(not caught.right for caught in correct)} of {len(correct)} correct ones blamed; seed {seed}"
    )
    console.print(
        f"{sum(caught.named_first for caught in faulty)} of {len(faulty)} are caught by the rule that the "
        "catalogue names first"
    )
    return all(caught.right for caught in hunted)


def _hunt_again(console: Console, hunted: Sequence[Caught], seeds: range) -> bool:
    """Hunt with further seeds, and print what went wrong; returns whether nothing did."""
    tried = [(seed, again) for seed in seeds for caught in hunted if (again := _with_seed(caught, seed))]
    wrong = [(seed, caught) for seed, caught in tried if not caught.right]
    for seed, caught in wrong:
        word = "blamed" if caught.mutant.correct else "not caught"
        console.print(f"seed {seed}: {caught.mutant.name} {word} in {caught.steps:,} steps")
    right = len(tried) - len(wrong)
    console.print(
        f"{right} of {len(tried)} further hunts were right, with the seeds {seeds[0]} to {seeds[-1]}"
    )
    return not wrong


def _with_seed(caught: Caught, seed: int) -> Caught | None:
    """The hunt with another seed, by the random methods; None where none of them had caught it."""
    correct = caught.mutant.correct
    if not correct and (caught.deviation is None or caught.deviation.method not in RANDOM):
        return None
    steps = SEQUENCES * LONGEST if correct else None
    return hunt(caught.mutant, seed=seed, steps=steps, only=RANDOM)
