"""``snaptree laws``: checks the laws of the model on every small domain."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from textwrap import fill
from time import monotonic
from typing import Annotated, Final

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn
from rich.text import Text

from snaptree.conformance.cli.facts import AsJson, print_json
from snaptree.conformance.cli.problems import (
    CONFORMS,
    DEVIATES,
    NOTHING_TESTED,
    WRONG_USAGE,
    Problem,
    problem_exits,
)
from snaptree.conformance.driver import DEFAULT_DISKS
from snaptree.conformance.reports.console import TextConsole
from snaptree.conformance.reports.trees import draw_tree, sketch_of
from snaptree.conformance.reports.words import call_text, duration, plain
from snaptree.spec.laws import (
    LAWS,
    SCOPES,
    Law,
    Reached,
    Scope,
    Step,
    few_domains,
    small_domains,
    variations,
)
from snaptree.spec.profiles import Profile, load_profile
from snaptree.spec.semantics import step as model_step
from snaptree.spec.shapes import shape_of
from snaptree.spec.state import blank_domain
from snaptree.spec.text import did_you_mean

POWERED: Final = 1
"""Default bound of the scope power; two snapshots take minutes."""

_SHOWN_EVERY: Final = 0.1
"""Seconds between two looks of the bar."""


@dataclass(frozen=True)
class Judged:
    """The result of one law: on how many domains it compared something, and its counterexample."""

    law: Law
    checked: int
    contradiction: str | None = None
    found_at: Reached | None = None


def bounded(profile: Profile, snapshots: int, scope: Scope | None = None) -> list[Reached]:
    """One domain of each shape with at most so many snapshots.

    Without a scope, storage, and power with ``POWERED`` snapshots at most, and the few domains that
    variations are checked on.
    """
    bounds: dict[Scope, int] = {"storage": snapshots, "power": min(snapshots, POWERED)}
    if scope is not None:
        bounds = {scope: snapshots}
    blank = blank_domain(DEFAULT_DISKS)
    found = {}
    for part, bound in bounds.items():
        found.update(small_domains(blank, profile, bound, part, lambda domain: shape_of(domain).key))
    return [*found.values(), *(few_domains(DEFAULT_DISKS, profile) if scope is None else ())]


def judged(law: Law, domains: Iterable[Reached], profile: Profile, step: Step = model_step) -> Judged:
    """Check a law on these domains, up to the first counterexample."""
    checked = 0
    for reached in domains:
        answer = law.ask(reached.domain, profile, step)
        checked += answer.compared > 0
        if answer.contradiction is not None:
            return Judged(law, checked, answer.contradiction, reached)
    return Judged(law, checked)


@dataclass(frozen=True)
class Turned:
    """A law that is contradicted under a variation of the profile."""

    profile: Profile
    found: Judged


def turned(laws: Sequence[Law], profile: Profile, step: Step = model_step) -> Iterator[Turned | None]:
    """Check the laws under each variation of a profile: its first fault, or None."""
    for other in variations(profile):
        domains = few_domains(DEFAULT_DISKS, other)
        wrong = (found for law in laws if (found := judged(law, domains, other, step)).contradiction)
        first = next(wrong, None)
        yield None if first is None else Turned(other, first)


def laws_command(
    only: Annotated[list[str] | None, typer.Argument(help="Names of laws.", metavar="[NAME…]")] = None,
    snapshots: Annotated[
        int, typer.Option(min=1, max=5, help="The largest number of snapshots of a domain.")
    ] = 2,
    scope: Annotated[
        str | None,
        typer.Option(help=f"{', '.join(SCOPES)}; default: storage, and power with {POWERED} snapshot."),
    ] = None,
    profile: Annotated[
        str, typer.Option("--profile", help="The profile for the model: a shipped one or a TOML file.")
    ] = "rfc",
    every_point: Annotated[
        bool,
        typer.Option("--variations", help="Also under each profile that differs from it in one point."),
    ] = False,
    as_json: AsJson = False,
) -> int:
    """Check the laws of the model, given as formulas, on every small domain."""
    console = TextConsole(stderr=as_json)
    asked_scope = next((one for one in SCOPES if one == scope), None)
    if scope is not None and asked_scope is None:
        raise Problem(
            f"--scope is one of {', '.join(SCOPES)}, not {plain(scope)}{did_you_mean(scope, SCOPES)}",
            WRONG_USAGE,
        )
    with problem_exits():
        follows = load_profile(profile)
    unknown = sorted(set(only or ()) - {law.name for law in LAWS})
    if unknown:
        raise Problem(
            f"no law is named {plain(' or '.join(unknown), 100)}; 'snaptree laws' lists them"
            f"{did_you_mean(unknown[0], [law.name for law in LAWS])}",
            NOTHING_TESTED,
        )
    begun = monotonic()
    with console.status("looking for the domains"):
        domains = bounded(follows, snapshots, asked_scope)
    chosen = [law for law in LAWS if not only or law.name in only]
    found = _checked(console, chosen, domains, follows)
    varied = _varied(console, chosen, follows) if every_point else []
    contradicted = [one for one in found if one.contradiction is not None]
    for one in (*contradicted, *(other.found for other in varied)):
        _show(console, one)
    checked = sum(one.checked for one in found)
    if not checked:
        raise Problem(
            f"nothing was checked: under {plain(follows.name)} no law has a question", NOTHING_TESTED
        )
    many = f"{len(found)} {'law' if len(found) == 1 else 'laws'}"
    unasked = sum(not one.checked for one in found)
    rest = "where the law has nothing to ask" + (" or was contradicted before" if contradicted else "")
    console.print()
    console.print(
        f"{many} × {len(domains):,} states under {plain(follows.name)}: {checked:,} checked; "
        f"{len(found) * len(domains) - checked:,} not, {rest}; {unasked} not asked at all; "
        f"{len(contradicted)} contradicted; {duration(monotonic() - begun)}",
        soft_wrap=True,
        markup=False,
    )
    if as_json:
        print_json(
            {
                "profile": follows.name,
                "states": len(domains),
                "laws": [
                    {
                        "name": one.law.name,
                        "formula": one.law.formula,
                        "checked": one.checked,
                        "contradiction": one.contradiction,
                    }
                    for one in found
                ],
                "variations": [
                    {
                        "profile": one.profile.name,
                        "law": one.found.law.name,
                        "contradiction": one.found.contradiction,
                    }
                    for one in varied
                ],
            }
        )
    console.print("'python -m pydoc snaptree.spec.laws' explains the notation", soft_wrap=True)
    return DEVIATES if contradicted or varied else CONFORMS


def _varied(console: Console, laws: Sequence[Law], profile: Profile) -> list[Turned]:
    """Check the laws under the variations; print how many there are, and those that contradict a law."""
    results = []
    with console.status("turning the points of the profile"):
        results = list(turned(laws, profile))
    wrong = [one for one in results if one is not None]
    console.print(f"{len(results)} variations of {plain(profile.name)}: {len(wrong)} contradicted")
    for one in wrong:
        console.print(Text(f"✗ {one.found.law.name}  under {plain(one.profile.name, 200)}", style="bold red"))
    return wrong


def _checked(
    console: Console, laws: Sequence[Law], domains: Sequence[Reached], profile: Profile
) -> list[Judged]:
    """Check every law on every domain; print each result at once."""
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
            console.print(_line(one, width, profile))
            console.print(_formula(law, console.width))
    return found


def _formula(law: Law, width: int) -> Text:
    """A formula, each of its statements on lines of its own."""
    lines = [
        fill(statement, width, initial_indent=" " * 4, subsequent_indent=" " * 8, break_long_words=False)
        for statement in law.formula.split("; ")
    ]
    return Text("\n".join(lines), style="cyan")


def _line(one: Judged, width: int, profile: Profile) -> Text:
    name = one.law.name.ljust(width)
    if one.contradiction is not None:
        return Text.assemble((f"✗ {name}  contradicted", "bold red"))
    if not one.checked:
        missing = ", ".join(one.law.unclaimed(profile))
        why = f"{plain(profile.name)} does not claim {missing}" if missing else "no state has its question"
        return Text.assemble((f"· {name}  not asked: {why}", "dim"))
    return Text.assemble(("✓ ", "green"), (name, "bold"), f"  {one.checked:,} states")


def _show(console: Console, one: Judged) -> None:
    """Print a counterexample: the law, the contradiction, and the operations that lead to it."""
    if one.found_at is None:
        return
    console.print()
    console.print(Text(f"{one.law.name}: {one.law.sentence}", style="bold"))
    console.print(Text(f"counterexample: {plain(one.contradiction or '', 2000)}", style="red"))
    done = "; ".join(call_text(operation) for operation in one.found_at.operations)
    console.print(Text(f"reached by: {done or 'nothing, the domain is fresh'}"))
    console.print(draw_tree(sketch_of(one.found_at.domain)))
