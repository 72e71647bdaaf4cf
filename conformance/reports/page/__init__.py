"""report.html: the whole report as one file that needs no network, no server and no other file.

The policy of the page allows its own style and script and nothing else, by their digests. What a driver
says is text in it: the template escapes every value, and the pictures are made as a tree of elements.
"""

from __future__ import annotations

import shlex
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from itertools import groupby
from pathlib import Path
from typing import Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from markupsafe import Markup

from snaptree.conformance.judging.class_coverage import text_of_cell
from snaptree.conformance.judging.deviations import Deviation
from snaptree.conformance.judging.rule_results import RuleResult
from snaptree.conformance.reports.basis import basis_of
from snaptree.conformance.reports.claim import claim_of
from snaptree.conformance.reports.drawing import tree_svg
from snaptree.conformance.reports.exports import form_for
from snaptree.conformance.reports.results import Report, documented_limits, rule_counts, trace_path
from snaptree.conformance.reports.telling import (
    SequenceLine,
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
from snaptree.conformance.reports.words import call_text, duration, plain
from snaptree.spec.rules import Rule, rule, specification_version

HERE: Final = Path(__file__).parent

MOST_DRAWN: Final = 200
"""Deviations that the page shows in full; report.json and the traces have all of them."""

STATUS: Final = {
    "deviation": "deviates",
    "known deviation": "known to deviate",
    "not observed": "not observed",
    "pass": "passed",
    "not claimed": "not claimed",
    "judged elsewhere": "not judged by steps",
}
"""The results of rules in the words of the page, those first that a reader looks for."""


@dataclass(frozen=True)
class Command:
    """A line to copy, and what it does."""

    what: str
    line: str


@dataclass(frozen=True)
class Shown:
    """A deviation as the page shows it."""

    found: Deviation
    call: str
    broken: tuple[Rule, ...]
    differences: tuple[tuple[str, str], ...]
    interrupted: tuple[tuple[str, str], ...]
    pictures: tuple[tuple[str, Markup], ...]
    title: str
    sequence: tuple[SequenceLine, ...]
    commands: tuple[Command, ...]
    known: str = ""

    @property
    def allowed(self) -> str:
        """What the specification allows in place of the first difference."""
        return self.differences[0][0]

    @property
    def seen(self) -> str:
        """What was seen in the first difference."""
        return self.differences[0][1]


def page_html(report: Report) -> str:
    """The content of ``report.html``."""
    judgement, heading, record = report.judgement, report.heading, report.record
    environment = Environment(
        loader=FileSystemLoader(HERE), autoescape=select_autoescape(default=True, default_for_string=True),
        undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True,
    )  # fmt: skip
    environment.filters.update(text=plain, words=_with_code)
    style, script = ((HERE / name).read_text(encoding="utf-8") for name in ("page.css", "page.js"))
    result, numbers = verdict_words(report)
    new = judgement.new[:MOST_DRAWN]
    return environment.get_template("page.html.j2").render(
        style=Markup(style),
        script=Markup(script),
        style_digest=_digest(style),
        script_digest=_digest(script),
        verdict=judgement.verdict,
        result=result,
        numbers=numbers.split(", "),
        heading=heading,
        specification=specification_version,
        claim=list(claim_of(record, report.assessment.bounds).sentences()),
        basis=basis_of(record, heading.profile),
        unseen=[one for one in judgement.rules if one.status == "not observed"],
        empty=[text_of_cell(cell) for cell in report.classes.empty],
        class_line=class_line(report.classes),
        unfinished=record.unfinished,
        methods=list(record.methods.values()),
        steps=record.tally.steps,
        seconds=duration(record.seconds),
        new=[_shown(report, found) for found in new],
        more=len(judgement.new) - len(new),
        known=[_shown(report, found, known=True) for found in judgement.known[:MOST_DRAWN]],
        not_seen=list(not_seen_words(report)),
        limits=[(call, limit, times) for (call, limit), times in documented_limits(report).items()],
        chapters=[(name, list(rows)) for name, rows in groupby(judgement.rules, key=_chapter)],
        counts=rule_counts(judgement),
        status=STATUS,
        statuses=[(key, word, judgement.count(key)) for key, word in STATUS.items()],  # type: ignore[arg-type]
    )


def _with_code(sentence: str) -> Markup:
    """A sentence of the specification, with what stands in backquotes as code."""
    parts = sentence.split("`")
    return Markup("").join(
        Markup("<code>{}</code>").format(part) if number % 2 else part for number, part in enumerate(parts)
    )


def _chapter(result: RuleResult) -> str:
    return result.rule.chapter


def _digest(content: str) -> str:
    """The source of a content security policy that allows exactly this content."""
    return f"sha256-{b64encode(sha256(content.encode()).digest()).decode()}"


def _shown(report: Report, found: Deviation, *, known: bool = False) -> Shown:
    return Shown(
        found,
        call_text(found.operation, found.before),
        tuple(rule(one) for one in found.rules),
        tuple((allowed_words(one), seen_words(one)) for one in found.differences),
        tuple(interruption_lines(found)),
        tuple((one.title, Markup(tree_svg(one.sketch, one.title, one.notes))) for one in pictures_of(found)),
        sequence_title(found),
        tuple(sequence_of(found)),
        tuple(_commands(report, found)),
        known_words(report, found) if known else "",
    )


def _commands(report: Report, found: Deviation) -> Iterator[Command]:
    """The lines that a reader copies: play it again, judge what was recorded, read the rules."""
    again = report.replay_command(found)
    if again is not None:
        yield Command("make the same calls again", again)
        folder = report.folder
        if folder is not None and trace_path(folder, found).exists():
            trace = str(trace_path(folder, found))
            form = form_for(report.heading.profile.name)
            yield Command("judge the recorded answers, without it", shlex.join(["snaptree", "judge", trace]))
            yield Command(
                "a script or page for its maintainer", shlex.join(["snaptree", "export", trace, "--as", form])
            )
    if found.rules:
        yield Command("read the rules", f"snaptree rules {' '.join(found.rules)}")
