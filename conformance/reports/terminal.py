"""The report on a terminal: verdict, rules by chapter, and each deviation so that it can be fixed at once."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from typing import Final

from rich.columns import Columns
from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.panel import Panel
from rich.table import Table
from rich.text import Text
from rich.tree import Tree

from snaptree.conformance.answers import said
from snaptree.conformance.deviations import Deviation
from snaptree.conformance.differences import Difference
from snaptree.conformance.reports.results import Finished, rule_counts
from snaptree.conformance.reports.trees import Note, Notes, Sketch, drawn, sketch_of, sketch_seen
from snaptree.conformance.reports.words import NOUNS, duration, plain, spoken
from snaptree.conformance.request import NO_DEVIATIONS, Heading, Listed
from snaptree.conformance.verdict import Verdict
from snaptree.spec.rules import rule, specification_version

STYLES: Final[dict[Verdict, str]] = {
    "conforms": "bold green",
    "incomplete": "bold yellow",
    "deviates": "bold red",
    "nothing was tested": "bold red",
    "interrupted": "bold yellow",
}

MOST_SHOWN: Final = 10
"""Deviations that are shown in full; the files hold all of them."""


def print_heading(console: Console, heading: Heading, known: Listed) -> None:
    """What the run is made on: everything that is needed to repeat it."""
    console.print(
        Text.assemble(
            (f"snaptree {heading.snaptree_version}", "bold"),
            f" · specification {specification_version} · driver ",
            (plain(heading.title, 200), "bold"),
            f" · profile {plain(heading.profile.name)} · seed {heading.seed} · "
            f"{heading.jobs} job{'s' if heading.jobs > 1 else ''}",
        ),
        soft_wrap=True,
    )
    if known.entries:
        console.print(
            Text(
                f"{_plural(len(known.entries), 'known deviation')} of this version: {known.path} "
                f"(--deviations {NO_DEVIATIONS} counts them)",
                style="dim",
            ),
            soft_wrap=True,
        )


def print_report(console: Console, finished: Finished) -> None:
    """The whole report. The last line is the verdict again, where the eye ends up."""
    judgement = finished.judgement
    console.print()
    console.print(Panel(_verdict(finished), border_style=STYLES[judgement.verdict], expand=False))
    console.print(_methods(finished))
    console.print(_rules(finished))
    shown = judgement.new[:MOST_SHOWN]
    for number, found in enumerate(shown, start=1):
        console.print()
        console.rule(f"[bold]deviation {number} of {len(judgement.new)}[/bold]  {found.id}", align="left")
        console.print(deviation_report(found))
        replay = finished.replay_command(found)
        if replay is not None:
            # One line however long it is: it is there to be copied.
            console.print(Text.assemble(("\n replay  ", "bold"), replay), soft_wrap=True)
    if len(judgement.new) > len(shown):
        console.print(f"\n{len(judgement.new) - len(shown)} more deviations are in the report's files.")
    for found in judgement.known:
        entry = judgement.entry_of(found)
        why = plain(entry.reason, 300) + (f" ({plain(entry.link)})" if entry.link else "")
        about = f"known deviation {found.id}: {found.rules[0]} in {found.operation.call}: {why}"
        console.print(Text(about, style="yellow"))
    for entry in judgement.not_seen_again:
        console.print(
            Text(
                f"no longer seen: the known deviation of {plain(entry.rule)} in {plain(entry.operation)}; "
                "if it is mended, take its entry out",
                style="yellow",
            )
        )
    if judgement.new:
        console.print()
        console.print(_verdict(finished), soft_wrap=True)
    if finished.folder is not None:
        console.print(Text(f"written: {finished.folder}", style="dim"), soft_wrap=True)


def _verdict(finished: Finished) -> Text:
    """One line: what it came to, and what was not seen."""
    judgement, heading = finished.judgement, finished.heading
    counts = rule_counts(judgement)
    what = {
        "conforms": f"{heading.asked} conforms to what its profile claims",
        "incomplete": f"{heading.asked}: no deviation, but the run is incomplete: time was up",
        "deviates": f"{heading.asked} deviates in {_plural(len(judgement.new), 'way')}",
        "nothing was tested": "nothing was tested" + ("" if _complete(finished) else ": time was up"),
        "interrupted": "interrupted; this is what was found until then",
    }[judgement.verdict]
    rest = [f"{counts['rules_passed']} of {_plural(len(judgement.rules), 'rule')} passed"]
    for key, word in (
        ("rules_deviating", "deviate"),
        ("rules_known", "known to deviate"),
        ("rules_not_observed", "not observed"),
        ("rules_not_claimed", "not claimed"),
        ("rules_judged_elsewhere", "not judged by steps"),
    ):
        if counts[key]:
            rest.append(f"{counts[key]} {word}")
    text = Text(plain(what, 200), style=STYLES[judgement.verdict])
    text.append(f"  ({', '.join(rest)})", style="default")
    return text


def _complete(finished: Finished) -> bool:
    return all(method.complete for method in finished.outcome.methods.values())


def _plural(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _methods(finished: Finished) -> RenderableType:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), show_header=False)
    for method in finished.outcome.methods.values():
        if method.method == "sampled":
            table.add_row("sampled", method.title, _plural(method.sequences, "sequence"))
            continue
        noun = NOUNS[method.method]
        row = f"{method.covered:,} of {_plural(method.total, noun)}"
        if method.deviated:
            row += f", {method.deviated:,} deviated"
        if method.missed:
            row += f", {method.missed:,} only reachable through a deviation: not observed"
        table.add_row(method.method, method.title, row)
    tally, seconds = finished.outcome.tally, finished.outcome.seconds
    rate = tally.steps / seconds if seconds else 0
    harness = 1 - tally.driver_seconds / (seconds * finished.heading.jobs) if seconds else 0
    total = (
        f"{tally.steps:,} steps in {duration(seconds)} ({rate:,.0f}/s), the whole state compared after each; "
        f"{tally.calls:,} driver calls, harness {max(0.0, harness):.1%}"
    )
    return Group(table, Text(total), Text())


_COLUMNS: Final = (
    ("pass", "passed", "green"),
    ("deviation", "deviate", "bold red"),
    ("known deviation", "known", "yellow"),
    ("not observed", "not observed", "yellow"),
    ("not claimed", "not claimed", "dim"),
    ("judged elsewhere", "not by steps", "dim"),
)


def _rules(finished: Finished) -> Table:
    results = finished.judgement.rules
    styles = {status: style for status, _, style in _COLUMNS}
    columns = [column for column in _COLUMNS if any(result.status == column[0] for result in results)]
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    table.add_column("chapter", no_wrap=True, min_width=max(len(result.rule.chapter) for result in results))
    for _, title, _ in columns:
        table.add_column(title, justify="right")
    table.add_column("which", overflow="fold")
    for chapter, group in groupby(results, key=lambda result: result.rule.chapter):
        rows = list(group)
        cells = []
        for status, _, style in columns:
            number = sum(result.status == status for result in rows)
            cells.append(Text(str(number) if number else "·", style=style if number else "dim"))
        named = [
            result for result in rows if result.status in ("deviation", "known deviation", "not observed")
        ]
        named.sort(key=lambda result: result.status == "not observed")
        which = Text()
        for result in named:
            which.append(result.rule.id + " ", style=styles[result.status])
        table.add_row(chapter, *cells, which)
    return table


def deviation_report(found: Deviation, *, with_sequence: bool = True) -> RenderableType:
    """One deviation: the sentence, what is allowed, what was seen, the trees, the way there."""
    facts = Table(box=None, pad_edge=False, show_header=False, padding=(0, 2, 0, 0))
    facts.add_column(style="bold", no_wrap=True)
    facts.add_column(overflow="fold")
    broken = [rule(one) for one in found.rules]
    if broken:
        facts.add_row(
            "rule", Text.assemble((broken[0].id, "bold red"), f" ({broken[0].level}) {broken[0].sentence}")
        )
    facts.add_row("call", Text(spoken(found.operation, found.before)))
    facts.add_row("allowed", Text(" or ".join(_allowed(found.differences[0])), style="green"))
    facts.add_row("seen", Text(_seen(found.differences[0]), style="red"))
    for further in found.differences[1:4]:
        facts.add_row("also", Text(f"allowed {' or '.join(_allowed(further))}; seen {_seen(further)}"))
    if len(found.differences) > 4:
        facts.add_row("", f"and {len(found.differences) - 4} more differences")
    if len(broken) > 1:
        facts.add_row("see also", ", ".join(one.id for one in broken[1:]) + "   (snaptree rules ID)")
    if found.flaky:
        facts.add_row(
            "flaky", Text("it did not come back when the same calls were made again", style="yellow")
        )
    parts: list[RenderableType] = [facts, Text(), Columns(list(_trees(found)), padding=(0, 6), expand=False)]
    if with_sequence:
        parts += [Text(), Text("smallest sequence", style="bold"), _sequence(found)]
    return Padding(Group(*parts), (0, 0, 0, 1))


def _allowed(difference: Difference) -> Iterator[str]:
    return (plain(f"{_place(difference)}{one}", 300) for one in difference.expected)


def _seen(difference: Difference) -> str:
    return plain(f"{_place(difference)}{difference.observed}", 600)


def _place(difference: Difference) -> str:
    """Whose part it is, in the words of somebody who looks at a tree."""
    if difference.part in ("outcome", "result", "casualties"):
        return "" if difference.part == "outcome" else f"{difference.part}: "
    if difference.part == "current":
        return "current is "
    if difference.part == "existence":
        return "" if difference.where == "domain" else f"{difference.where} is "
    who = {"active": "the active state", "base": "the base", "domain": "the domain"}
    return f"{who.get(difference.where, difference.where)}: {difference.part} "


def _trees(found: Deviation) -> Iterator[Tree]:
    target = getattr(found.operation, "snapshot", None)
    named = found.before.snapshots.get(target) if target is not None else None
    call = Note(f"← {found.operation.call}", "bold")
    yield drawn(sketch_of(found.before), "before", {named.name: call} if named is not None else None)
    yield drawn(sketch_of(found.after), "allowed after", _notes(found.differences, expected=True))
    if found.seen_after is not None:
        seen: Sketch = sketch_seen(found.seen_after)
        yield drawn(seen, "seen after", _notes(found.differences, expected=False))


def _notes(differences: tuple[Difference, ...], *, expected: bool) -> Notes:
    notes: dict[str, Note] = {}
    for one in differences:
        if one.part in ("outcome", "result", "casualties", "current"):
            continue
        text = one.expected[0] if expected else one.observed
        earlier = notes.get(one.where)
        notes[one.where] = Note(
            f"{earlier.text}; {text}" if earlier is not None else text, "green" if expected else "bold red"
        )
    return notes


def _sequence(found: Deviation) -> Table:
    table = Table(box=None, pad_edge=False, show_header=False, padding=(0, 2, 0, 0))
    table.add_column(justify="right", style="dim")
    table.add_column(overflow="fold")
    table.add_column(style="dim", overflow="fold")
    last = len(found.run.steps)
    for number, taken in enumerate(found.run.steps, start=1):
        answer = said(taken.answer)
        style = "bold red" if number == last else ""
        table.add_row(
            str(number),
            Text(spoken(taken.operation, taken.before), style=style),
            "" if answer == "accepted" else plain(answer, 120),
        )
    return table
