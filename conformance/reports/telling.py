"""What a report says, in words and sketches that a terminal and a page both show."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from snaptree.conformance.engine.answers import answer_text
from snaptree.conformance.engine.differences import NOTHING_NEW, PROCESS, Difference
from snaptree.conformance.judging.class_coverage import ClassCoverage, text_of_cell
from snaptree.conformance.judging.deviations import Deviation
from snaptree.conformance.judging.record import Why, count_of
from snaptree.conformance.reports.results import Report, lost_rules, rule_counts
from snaptree.conformance.reports.trees import Note, Notes, Sketch, sketch_observation, sketch_of
from snaptree.conformance.reports.words import call_text, plain
from snaptree.conformance.sequences.running import BESIDE
from snaptree.spec.operations import target_of
from snaptree.spec.text import quoted
from snaptree.spec.vocabulary import FAULT_PARTS

ENDINGS: Final[dict[Why, str]] = {
    "host gave out": "the driver or its host gave out",
    "processes ended": "work was given up that ended too many processes of the driver",
    "worker died": "a worker process failed",
}
"""Why a run could not go on, in the words of its verdict."""

BESIDE_ANOTHER: Final = (
    "; a second domain makes each call first, with other content, and is closed at the end"
)


@dataclass(frozen=True)
class Picture:
    """A tree of a deviation: its title, and what is to be remarked beside its snapshots."""

    title: str
    sketch: Sketch
    notes: Notes


@dataclass(frozen=True)
class SequenceLine:
    """A step of a smallest sequence: the call, and the answer where it was not accepted."""

    call: str
    answer: str


def verdict_words(report: Report) -> tuple[str, str]:
    """The result of a run, and the numbers of rules, steps and transitions that it rests on."""
    return plain(_result(report), 400), ", ".join(_numbers(report))


def _result(report: Report) -> str:
    judgement, heading = report.judgement, report.heading
    early = ENDINGS.get(judgement.ending.why, "time was up")
    if judgement.ending.why == "shard":
        early = f"shard {judgement.ending.text} leaves out a part of {', '.join(judgement.unfinished)}"
    elif judgement.ending.why == "undecided":
        early = f"the checker decided too few histories of several callers, {judgement.ending.text} are open"
    elif judgement.unfinished and judgement.ending.why == "budget":
        early += f" before {', '.join(judgement.unfinished)} was done"
    if judgement.accepted:
        early += ", which --accept-incomplete allows"
    what = {
        "conforms": f"{heading.asked} conforms to what its profile claims",
        "incomplete": f"{heading.asked}: no deviation, but the run is incomplete: {early}",
        "deviates": f"{heading.asked} deviates in {count_of(len(judgement.new), 'way')}",
        "nothing was tested": "nothing was tested" + ("" if report.record.complete else f": {early}"),
        "interrupted": "interrupted; this is what was found until then",
    }[judgement.verdict]
    if judgement.verdict == "deviates" and not judgement.complete:
        what += f", and the run is incomplete: {early}"
    return what


def _numbers(report: Report) -> Iterator[str]:
    judgement, record = report.judgement, report.record
    counts = rule_counts(judgement)
    yield f"{counts['rules_passed']} of {count_of(len(judgement.rules), 'rule')} passed"
    for key, word in (
        ("rules_deviating", "deviate"),
        ("rules_known", "known to deviate"),
        ("rules_not_observed", "not observed"),
        ("rules_not_claimed", "not claimed"),
        ("rules_judged_elsewhere", "not judged by steps"),
    ):
        if counts[key]:
            yield f"{counts[key]} {word}"
    documented = record.tally.documented.total()
    if documented:
        yield f"{count_of(documented, 'step')} refused as documented"
    if report.assessment.bounds.methods is not None:
        yield f"by {', '.join(report.assessment.bounds.methods)} alone"
    if record.uncrashed and counts["rules_not_observed"]:
        yield f"no crash: {record.uncrashed}"
    if record.unheld and counts["rules_not_observed"]:
        yield f"one caller: {record.unheld}"
    if record.closed_off:
        yield f"{count_of(record.closed_off, 'transition')} closed off"


def known_words(report: Report, found: Deviation) -> str:
    """A known deviation in a line: what it is, why it is known, and where that is written."""
    entry = report.judgement.entry_of(found)
    why = plain(entry.reason, 300) + (f" ({plain(entry.link)})" if entry.link else "")
    if entry.owner:
        why += f"; {plain(entry.owner, 100)} mends it"
    if entry.expires is not None:
        why += f"; accepted until {entry.expires}"
    return f"known deviation {found.id}: {found.rule} in {found.operation.call}: {why}"


def not_seen_words(report: Report) -> Iterator[str]:
    """What becomes of the known deviations that the run did not meet: it may not have come to them.

    Entries that are accepted no longer come first, and what a baseline showed that this run does not last.
    """
    for one in report.assessment.known.expired:
        who = f", which {plain(one.owner, 100)} mends" if one.owner else ""
        yield (
            f"expired on {one.expires}: the known deviation of {plain(one.rule)} in "
            f"{plain(one.operation)}{who}; it counts again"
        )
    yield from _missed_words(report)
    lost = lost_rules(report)
    for status in sorted(set(lost.values())):
        which = ", ".join(one for one, now in lost.items() if now == status)
        yield f"passed in the baseline, and {status} now: {which}"


def _missed_words(report: Report) -> Iterator[str]:
    entries = report.judgement.not_seen_again
    missed = [f"{plain(one.rule)} in {plain(one.operation)}" for one in entries if not one.id]
    former = [f"{one.id} {plain(one.rule)} in {plain(one.operation)}" for one in entries if one.id]
    if missed and not report.judgement.complete:
        yield f"not met by this part of a run: the known deviations of {', '.join(missed)}"
    else:
        for one in missed:
            yield f"no longer seen: the known deviation of {one}; if it is mended, take its entry out"
    for one in former:
        seen = "no longer seen" if report.judgement.complete else "not met by this part of a run"
        yield f"{seen}: deviation {one}, which the baseline has"


def allowed_words(difference: Difference) -> str:
    """What the specification allows in place of a difference."""
    return " or ".join(plain(f"{_place(difference)}{one}", 300) for one in difference.expected)


def seen_words(difference: Difference) -> str:
    """What was seen in a difference."""
    return plain(f"{_place(difference)}{difference.observed}", 600)


def _place(difference: Difference) -> str:
    """The name of the affected part, for a reader who looks at a tree."""
    if difference.part in FAULT_PARTS:
        return ""
    if difference.part in ("outcome", "result", "casualties", PROCESS):
        return "" if difference.part in ("outcome", PROCESS) else f"{difference.part}: "
    if difference.part == "current":
        return "current is "
    if difference.part == "existence":
        told = difference.where == "domain" or difference.expected == (NOTHING_NEW,)
        return "" if told else f"{quoted(difference.where)} is "
    who = {"active": "the active state", "base": "the base", "domain": "the domain"}
    return f"{who.get(difference.where, quoted(difference.where))}: {difference.part} "


def pictures_of(found: Deviation) -> Iterator[Picture]:
    """The tree before the last call, the one allowed after it, and the one that was seen."""
    target = target_of(found.operation)
    named = found.before.snapshots.get(target) if target is not None else None
    call = Note(f"← {found.operation.call}", "bold")
    cut_off = found.run.interruption
    either = cut_off is not None and not cut_off.moment.finished
    first = "allowed: before" if either else "before"
    yield Picture(first, sketch_of(found.before), {named.name: call} if named is not None else {})
    yield Picture(
        "allowed: after" if either else "allowed after",
        sketch_of(found.after),
        _notes(found.differences, expected=True),
    )
    if found.seen_after is not None:
        seen = sketch_observation(found.seen_after)
        title = "seen after" if cut_off is None else f"seen after the {cut_off.moment.kind}"
        yield Picture(title, seen, _notes(found.differences, expected=False))


def interruption_lines(found: Deviation) -> Iterator[tuple[str, str]]:
    """Where the last call was cut off: the effects around, and what was seen against each allowed state."""
    cut_off = found.run.interruption
    if cut_off is None:
        return
    moment = cut_off.moment
    for effect in moment.around:
        failed = moment.kind == "error" and effect.number == moment.done
        word = "failed" if failed else "" if effect.happened else "missing"
        yield word, plain(f"effect {effect.number} of {moment.of}: {effect.text}", 300)
    for state, texts in cut_off.against.items():
        for text in texts:
            yield f"≠ {state}", plain(text, 300)


def _notes(differences: tuple[Difference, ...], *, expected: bool) -> Notes:
    notes: dict[str, Note] = {}
    for one in differences:
        if one.part in ("outcome", "result", "casualties", "current", PROCESS, *FAULT_PARTS):
            continue
        text = one.expected[0] if expected else one.observed
        earlier = notes.get(one.where)
        notes[one.where] = Note(
            f"{earlier.text}; {text}" if earlier is not None else text, "green" if expected else "bold red"
        )
    return notes


def sequence_title(found: Deviation) -> str:
    """The heading of a smallest sequence."""
    return f"smallest sequence{BESIDE_ANOTHER if found.run.looks == BESIDE else ''}"


def sequence_of(found: Deviation) -> Iterator[SequenceLine]:
    """The steps of a smallest sequence; the last one showed the deviation."""
    for taken in found.run.steps:
        answer = answer_text(taken.answer)
        shown = "" if answer == "accepted" else plain(answer, 120)
        yield SequenceLine(call_text(taken.operation, taken.before), shown)


NAMED_EMPTY: Final = 3
"""Empty classes that the report names; ``--coverage`` and the files name all."""


def class_line(coverage: ClassCoverage) -> str:
    """One line: the classes that were met, the pairs, and what stayed empty."""
    line = f"classes of arguments: {coverage.met:,} of {coverage.feasible:,}, accepted and refused apart"
    if coverage.pairs is not None:
        line += f"; {coverage.pairs.met:,} of {coverage.pairs.feasible:,} pairs"
    if coverage.empty:
        named = [text_of_cell(cell) for cell in coverage.empty[:NAMED_EMPTY]]
        more = len(coverage.empty) - len(named)
        line += f"; no step met {', '.join(named)}" + (f" and {more:,} more (--coverage)" if more else "")
    return line
