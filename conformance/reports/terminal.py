"""The report on a terminal: verdict, rules by chapter, and each deviation with all that is needed to fix
it.
"""

from __future__ import annotations

from itertools import groupby
from typing import Final

from rich.columns import Columns
from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from snaptree.conformance.judging.class_coverage import ClassCoverage, text_of_pair
from snaptree.conformance.judging.deviations import Deviation
from snaptree.conformance.judging.record import count_of
from snaptree.conformance.judging.verdict import Verdict
from snaptree.conformance.reports.basis import basis_of
from snaptree.conformance.reports.claim import claim_of
from snaptree.conformance.reports.meetings import rows_of
from snaptree.conformance.reports.results import Report
from snaptree.conformance.reports.telling import (
    allowed_words,
    class_line,
    interruption_lines,
    known_words,
    not_seen_words,
    pictures_of,
    seen_words,
    sequence_of,
    sequence_title,
    verdict_words,
)
from snaptree.conformance.reports.trees import draw_tree
from snaptree.conformance.reports.words import call_text, duration, plain, text_of_way
from snaptree.conformance.running.heading import Heading
from snaptree.conformance.running.known_list import NO_DEVIATIONS, KnownList
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


def print_heading(console: Console, heading: Heading, known: KnownList) -> None:
    """Print everything that is needed to repeat the run."""
    console.print(
        Text.assemble(
            (f"snaptree {heading.snaptree_version}", "bold"),
            f" · specification {specification_version} · driver ",
            (plain(heading.title, 200), "bold"),
            f" · profile {plain(heading.profile.name)} · seed {heading.seed} · "
            f"{heading.jobs} job{'s' if heading.jobs > 1 else ''}",
        ),
        soft_wrap=not console.is_terminal,
    )
    if known.listed:
        console.print(
            Text(
                f"{count_of(len(known.listed), 'known deviation')} of this version: {known.path} "
                f"(--deviations {NO_DEVIATIONS} counts them)",
                style="dim",
            ),
            soft_wrap=True,
        )


def print_report(console: Console, report: Report) -> None:
    """Print the whole report. The last line repeats the verdict, because users read the end first."""
    judgement = report.judgement
    console.print()
    console.print(Panel(_verdict(report), border_style=STYLES[judgement.verdict], expand=False))
    console.print(_methods(report))
    console.print(_rules(report))
    _print_deviations(console, report)
    if judgement.new:
        console.print()
        console.print(_verdict(report), soft_wrap=not console.is_terminal)
    if report.folder is not None:
        console.print(Text(f"written: {report.folder}", style="dim"), soft_wrap=True)


def print_scenarios(console: Console, report: Report) -> None:
    """Print the result of scenarios that the user wrote: they say nothing about what they do not show."""
    _print_deviations(console, report)
    verdict = report.judgement.verdict
    for method in report.record.methods.values():
        row = f"no deviation in {method.covered:,} of {count_of(method.total, method.noun)}"
        console.print()
        if verdict != "conforms":
            console.print(_verdict(report), soft_wrap=not console.is_terminal)
        console.print(
            Text(f"{row}, {count_of(report.record.tally.steps, 'step')}", style=STYLES[verdict]),
            soft_wrap=True,
        )
    if report.folder is not None:
        console.print(Text(f"written: {report.folder}", style="dim"), soft_wrap=True)


def _print_deviations(console: Console, report: Report) -> None:
    judgement = report.judgement
    shown = judgement.new[:MOST_SHOWN]
    faults = sum(found.of_process for found in judgement.new)
    if faults:
        console.print()
        console.print(Text("faults of the process, which come before the rules", style="bold red"))
    for number, found in enumerate(shown, start=1):
        console.print()
        if faults and number == faults + 1:
            console.print(Text("deviations from rules\n", style="bold red"))
        title = Text.assemble((f"deviation {number} of {len(judgement.new)}", "bold"), f"  {found.id}")
        console.rule(title, align="left")
        console.print(deviation_report(found))
        replay = report.replay_command(found)
        if replay is not None:
            # One line however long it is: it is there to be copied.
            console.print(Text.assemble(("\n replay  ", "bold"), replay), soft_wrap=True)
    if len(judgement.new) > len(shown):
        console.print(f"\n{len(judgement.new) - len(shown)} more deviations are in the report's files.")
    for line in (*(known_words(report, found) for found in judgement.known), *not_seen_words(report)):
        console.print(Text(line, style="yellow"))


def _verdict(report: Report) -> Text:
    """One line: the result, and the number of rules that were not observed."""
    what, numbers = verdict_words(report)
    text = Text(what, style=STYLES[report.judgement.verdict])
    text.append(f"  ({numbers})", style="default")
    return text


def _a(word: str) -> str:
    return f"an {word}" if word[0] in "aeiou" else f"a {word}"


def _methods(report: Report) -> RenderableType:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), show_header=False)
    for method in report.record.methods.values():
        if not method.total:
            table.add_row(method.method, method.title, count_of(method.sequences, method.noun))
            continue
        row = f"{method.covered:,} of {count_of(max(method.total, method.done), method.noun)}"
        if method.deviated:
            row += f", {method.deviated:,} deviated"
        if method.closed_off:
            row += f", {method.closed_off:,} closed off: only reachable through a deviation or a refusal"
        table.add_row(method.method, method.title, row)
    tally, seconds = report.record.tally, report.record.seconds
    rate = tally.steps / seconds if seconds else 0
    harness = 1 - tally.driver_seconds / (seconds * report.heading.jobs) if seconds else 0
    pace = report.heading.pace
    met = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for title in ("held inside", "look-ups of another caller", "its other calls"):
        met.add_column(title, overflow="fold")
    for line in rows_of(tally):
        met.add_row(*line.texts)
    total = (
        f"{tally.steps:,} steps in {duration(seconds)} ({rate:,.0f}/s); "
        f"{tally.calls:,} driver calls, harness {max(0.0, harness):.1%}; bounds of {_a(pace)} driver"
    )
    record, profile = report.record, report.heading.profile
    basis = [Text(f"  - {plain(one, 400)}") for one in basis_of(record, profile)]
    claim = [Text(f"  - {plain(one, 600)}") for one in claim_of(record, report.assessment.bounds).sentences()]
    return Group(
        table, *([met] if met.row_count else []), Text(total), Text(class_line(report.classes)), Text(),
        Text("what was made, and held (chapter 'claims')"), *claim, Text("this rests on"), *basis, Text(),
    )  # fmt: skip


def print_coverage(console: Console, coverage: ClassCoverage) -> None:
    """Print the steps of every class, and the pairs that no step met, each with a way to where it can be."""
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for title in ("call", "argument", "class"):
        table.add_column(title, overflow="fold")
    for title in ("accepted", "refused"):
        table.add_column(title, justify="right")
    answers: dict[tuple[str, str, str], dict[str, int]] = {}
    for cell, number in coverage.steps.items():
        answers.setdefault((cell.call, cell.argument, cell.name), {})[cell.answer] = number
    for row, steps in sorted(answers.items()):
        table.add_row(*row, *(_number(steps.get(answer)) for answer in ("accepted", "refused")))
    console.print(Text("\nclasses of arguments, in steps without difference", style="bold"))
    console.print(table)
    if coverage.pairs is not None:
        console.print(
            f"\npairs that no step met: {len(coverage.pairs.empty):,} of {coverage.pairs.feasible:,}; each is"
            " feasible where the calls behind it lead, and was not drawn there"
        )
        for pair, way in coverage.pairs.empty.items():
            line = f"  {text_of_pair(pair)}: {text_of_way(way)}"
            console.print(line, markup=False, highlight=False, soft_wrap=True)


def _number(steps: int | None) -> Text:
    """The number of steps; a dot where the model finds none feasible."""
    if steps is None:
        return Text("·", style="dim")
    return Text(f"{steps:,}", style="" if steps else "bold yellow")


_COLUMNS: Final = (
    ("pass", "passed", "green"),
    ("deviation", "deviate", "bold red"),
    ("known deviation", "known", "yellow"),
    ("not observed", "not observed", "yellow"),
    ("not claimed", "not claimed", "dim"),
    ("judged elsewhere", "not by steps", "dim"),
)


def _rules(report: Report) -> Table:
    results = report.judgement.rules
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
    """One deviation: rule, allowed and seen outcome, the trees, and the smallest sequence."""
    facts = Table(box=None, pad_edge=False, show_header=False, padding=(0, 2, 0, 0))
    facts.add_column(style="bold", no_wrap=True)
    facts.add_column(overflow="fold")
    broken = [rule(one) for one in found.rules]
    if found.of_process:
        facts.add_row("fault", Text("of the driver's process: no rule speaks of it", style="bold red"))
    if broken:
        facts.add_row(
            "rule", Text.assemble((broken[0].id, "bold red"), f" ({broken[0].level}) {broken[0].sentence}")
        )
    facts.add_row("call", Text(call_text(found.operation, found.before)))
    facts.add_row("allowed", Text(allowed_words(found.differences[0]), style="green"))
    facts.add_row("seen", Text(seen_words(found.differences[0]), style="red"))
    for further in found.differences[1:4]:
        facts.add_row("also", Text(f"allowed {allowed_words(further)}; seen {seen_words(further)}"))
    if len(found.differences) > 4:
        facts.add_row("", f"and {len(found.differences) - 4} more differences")
    if len(broken) > 1:
        facts.add_row("see also", ", ".join(one.id for one in broken[1:]) + "   (snaptree rules ID)")
    for word, line in interruption_lines(found):
        facts.add_row(word, Text(line, style="red" if word in ("missing", "failed") else ""))
    if found.also_in:
        facts.add_row("also in", ", ".join(found.also_in))
    if found.flaky:
        facts.add_row(
            "flaky", Text("it did not come back when the same calls were made again", style="yellow")
        )
    trees = [draw_tree(one.sketch, one.title, one.notes) for one in pictures_of(found)]
    parts: list[RenderableType] = [facts, Text(), Columns(trees, padding=(0, 6), expand=False)]
    if with_sequence:
        parts += [Text(), Text(sequence_title(found), style="bold"), _sequence(found)]
    return Padding(Group(*parts), (0, 0, 0, 1))


def _sequence(found: Deviation) -> Table:
    table = Table(box=None, pad_edge=False, show_header=False, padding=(0, 2, 0, 0))
    table.add_column(justify="right", style="dim")
    table.add_column(overflow="fold")
    table.add_column(style="dim", overflow="fold")
    last = len(found.run.steps)
    for number, step in enumerate(sequence_of(found), start=1):
        table.add_row(str(number), Text(step.call, style="bold red" if number == last else ""), step.answer)
    return table
