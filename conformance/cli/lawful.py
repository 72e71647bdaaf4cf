"""``snaptree laws``: the laws of the model, and a search for what contradicts them on every small domain."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from textwrap import fill
from time import monotonic
from typing import Annotated, Final

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn
from rich.text import Text

from snaptree.conformance.canonical import shape_of
from snaptree.conformance.cli.problems import (
    CONFORMS,
    DEVIATES,
    NOTHING_TESTED,
    WRONG_USAGE,
    Problem,
    problems_told,
)
from snaptree.conformance.driver import DEFAULT_DISKS
from snaptree.conformance.reports.trees import drawn, sketch_of
from snaptree.conformance.reports.words import duration, plain, spoken
from snaptree.spec.laws import LAWS, SCOPES, Law, Reached, Scope, Step, small_domains
from snaptree.spec.operations import Operation
from snaptree.spec.outcomes import Outcome
from snaptree.spec.profiles import Profile, load_profile
from snaptree.spec.semantics import step as model_step
from snaptree.spec.state import Domain, blank_domain

POWERED: Final = 1
"""Snapshots of a domain whose power is looked at too, if no scope is asked for: with two it takes minutes."""

_SHOWN_EVERY: Final = 0.1
"""Seconds between two looks of the bar."""


@dataclass(frozen=True)
class Judged:
    """What became of one law: on how many domains it had something to ask, and what contradicts it."""

    law: Law
    checked: int
    contradiction: str | None = None
    found_at: Reached | None = None


def bounded(profile: Profile, snapshots: int, scope: Scope | None = None) -> list[Reached]:
    """One domain of each shape with at most so many snapshots.

    Without a scope, storage, and power with ``POWERED`` snapshots at most.
    """
    bounds: dict[Scope, int] = {"storage": snapshots, "power": min(snapshots, POWERED)}
    if scope is not None:
        bounds = {scope: snapshots}
    blank = blank_domain(DEFAULT_DISKS)
    found = {}
    for part, bound in bounds.items():
        found.update(small_domains(blank, profile, bound, part, lambda domain: shape_of(domain).key))
    return list(found.values())


class _Asked:
    """The model, counting what it is asked: a law that asks nothing of a domain was not checked on it."""

    def __init__(self, step: Step) -> None:
        self._step = step
        self.times = 0

    def __call__(self, domain: Domain, operation: Operation, profile: Profile) -> Outcome:
        self.times += 1
        return self._step(domain, operation, profile)


def judged(law: Law, domains: Iterable[Reached], profile: Profile, step: Step = model_step) -> Judged:
    """A law on these domains, up to the first contradiction."""
    checked = 0
    for reached in domains:
        asked = _Asked(step)
        contradiction = law.counterexample(reached.domain, profile, asked)
        checked += asked.times > 0
        if contradiction is not None:
            return Judged(law, checked, contradiction, reached)
    return Judged(law, checked)


def laws_command(
    only: Annotated[list[str] | None, typer.Argument(help="Names of laws.", metavar="[NAME…]")] = None,
    snapshots: Annotated[int, typer.Option(min=1, max=5, help="Most snapshots of a domain.")] = 2,
    scope: Annotated[
        str | None,
        typer.Option(help=f"{', '.join(SCOPES)}; default: storage, and power with {POWERED} snapshot."),
    ] = None,
    profile: Annotated[
        str, typer.Option("--profile", help="A shipped profile or a TOML file, which the model follows.")
    ] = "rfc",
) -> int:
    """The laws of the model, each as a formula, checked on every small domain."""
    console = Console(highlight=False)
    asked_scope = next((one for one in SCOPES if one == scope), None)
    if scope is not None and asked_scope is None:
        raise Problem(f"--scope is one of {', '.join(SCOPES)}, not {plain(scope)}", WRONG_USAGE)
    with problems_told():
        follows = load_profile(profile)
    unknown = sorted(set(only or ()) - {law.name for law in LAWS})
    if unknown:
        raise Problem(
            f"no law is named {plain(' or '.join(unknown), 100)}; 'snaptree laws' lists them", NOTHING_TESTED
        )
    begun = monotonic()
    with console.status("looking for the domains"):
        domains = bounded(follows, snapshots, asked_scope)
    chosen = [law for law in LAWS if not only or law.name in only]
    found = _checked(console, chosen, domains, follows)
    contradicted = [one for one in found if one.contradiction is not None]
    for one in contradicted:
        _show(console, one)
    checked = sum(one.checked for one in found)
    if not checked:
        raise Problem(
            f"nothing was checked: under {plain(follows.name)} no law has a question", NOTHING_TESTED
        )
    many = f"{len(found)} {'law' if len(found) == 1 else 'laws'}"
    rest = "where the law has nothing to ask" + (" or was contradicted before" if contradicted else "")
    console.print()
    console.print(
        f"{many} × {len(domains):,} states under {plain(follows.name)}: {checked:,} checked; "
        f"{len(found) * len(domains) - checked:,} not, {rest}; "
        f"{len(contradicted)} contradicted; {duration(monotonic() - begun)}",
        soft_wrap=True,
        markup=False,
    )
    console.print("'python -m pydoc snaptree.spec.laws' explains the notation", soft_wrap=True)
    return DEVIATES if contradicted else CONFORMS


def _checked(
    console: Console, laws: Sequence[Law], domains: Sequence[Reached], profile: Profile
) -> list[Judged]:
    """Every law on every domain, each printed as soon as it is done."""
    width = max(len(law.name) for law in laws)
    bar = Progress(
        TextColumn("{task.description}"), BarColumn(bar_width=24), TextColumn("{task.completed:,} states"),
        console=console, transient=True, disable=not console.is_terminal, auto_refresh=False,
    )  # fmt: skip
    found = []
    with bar:
        task = bar.add_task("", total=len(domains))

        def counted() -> Iterable[Reached]:
            shown = 0.0
            for number, reached in enumerate(domains):
                if monotonic() - shown > _SHOWN_EVERY:
                    shown = monotonic()
                    bar.update(task, completed=number, refresh=True)
                yield reached

        for law in laws:
            bar.update(task, description=law.name, completed=0)
            one = judged(law, counted(), profile)
            found.append(one)
            console.print(_line(one, width))
            console.print(_formula(law, console.width))
    return found


def _formula(law: Law, width: int) -> Text:
    """A formula, each of its statements on lines of its own."""
    lines = [
        fill(statement, width, initial_indent=" " * 4, subsequent_indent=" " * 8, break_long_words=False)
        for statement in law.formula.split("; ")
    ]
    return Text("\n".join(lines), style="cyan")


def _line(one: Judged, width: int) -> Text:
    name = one.law.name.ljust(width)
    if one.contradiction is not None:
        return Text.assemble((f"✗ {name}  contradicted", "bold red"))
    if not one.checked:
        return Text.assemble((f"· {name}  nothing to ask", "dim"))
    return Text.assemble(("✓ ", "green"), (name, "bold"), f"  {one.checked:,} states")


def _show(console: Console, one: Judged) -> None:
    """A counterexample: what is said, what contradicts it, and how to get there."""
    if one.found_at is None:
        return
    console.print()
    console.print(Text(f"{one.law.name}: {one.law.sentence}", style="bold"))
    console.print(Text(f"counterexample: {plain(one.contradiction or '', 2000)}", style="red"))
    done = "; ".join(spoken(operation) for operation in one.found_at.operations)
    console.print(Text(f"reached by: {done or 'nothing, the domain is fresh'}"))
    console.print(drawn(sketch_of(one.found_at.domain)))
