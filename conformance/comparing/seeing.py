"""Runs a witness on each hypervisor: the result is seen, never taken from a profile."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Protocol

from snaptree.conformance.comparing.portrait import common_parts, in_words, portrait
from snaptree.conformance.comparing.witnesses import LONGEST, Way, asked
from snaptree.conformance.engine.answers import Declined, Failed, Returned, answer_text
from snaptree.conformance.engine.differences import Difference
from snaptree.conformance.engine.lockstep import StepResult
from snaptree.conformance.judging.deviations import outcome_word, rules_broken
from snaptree.conformance.reports.words import call_text, plain, snapshot_label
from snaptree.conformance.sequences.running import Run
from snaptree.spec.operations import CALLS, Operation, target_of
from snaptree.spec.outcomes import Accepted, Refused
from snaptree.spec.profiles import Profile
from snaptree.spec.rules import attribute
from snaptree.spec.vocabulary import conditions_of


class Plays(Protocol):
    """Runs a sequence on a driver: ``run_sequence``, here or in another process."""

    def __call__(self, operations: Iterable[Operation], *, finish: bool, watch: bool) -> Run:
        """The steps, up to the first difference."""


@dataclass(frozen=True)
class Side:
    """One of the hypervisors: its title in the table, its claims, and what runs a sequence on it."""

    title: str
    profile: Profile
    play: Plays


@dataclass(frozen=True)
class Cell:
    """The result of the last call of a witness on one of them.

    ``reached`` is False if an earlier call already had another outcome: the last one then proves nothing.
    ``deviates`` says that the result contradicts its profile. ``kinds`` are all correct refusals, if it
    refused correctly.
    """

    text: str
    reached: bool = True
    deviates: bool = False
    kinds: frozenset[str] = frozenset()

    def alike(self, other: Cell) -> bool:
        """Whether two results agree: if each could have given the other's refusal, they do."""
        return self.text == other.text or bool(self.kinds & other.kinds)


@dataclass(frozen=True)
class Row:
    """One difference: a witness, the result of each, and the rules about it."""

    way: Way
    taken: StepResult
    cells: tuple[Cell, ...]
    rules: tuple[str, ...]
    offered: bool
    """Whether all of them offer the call at all."""

    @property
    def differs(self) -> bool:
        """Whether any two that came to the end answered differently."""
        reached = [cell for cell in self.cells if cell.reached]
        return not all(one.alike(other) for one, other in combinations(reached, 2))

    @property
    def sign(self) -> tuple[object, ...]:
        """Rows with the same sign show the same difference."""
        # A port or a process in a message is another one each time.
        cells = tuple(re.sub(r"\d{4,}", "…", cell.text) for cell in self.cells)
        return (asked(self.way[-1]), cells) if self.offered else (self.way[-1].call,)


def see(way: Way, sides: Sequence[Side]) -> Row:
    """Run a witness on fresh domains of all, and put the results side by side."""
    # A chain that reaches a limit is long; what it holds is the business of shorter ones.
    watch = len(way) <= LONGEST
    runs = [side.play(way, finish=False, watch=watch) for side in sides]
    leading = max(range(len(runs)), key=lambda place: _reached(runs, place, way))
    reference = runs[leading].steps
    cells = tuple(
        _cell(place, runs, sides, way, [_answer(taken) for taken in reference]) for place in range(len(sides))
    )
    offered = all(side.profile.claims(way[-1].call) for side in sides)
    return Row(way, reference[-1], cells, _rules(runs, sides), offered)


def rows(ways: Sequence[Way], sides: Sequence[Side], told: Callable[[int], None]) -> list[Row]:
    """The visible differences, one row each, those with the shortest witness first."""
    found: dict[tuple[object, ...], Row] = {}
    for number, way in enumerate(ways, start=1):
        row = see(way, sides)
        told(number)
        if row.differs and (row.sign not in found or _rank(row) < _rank(found[row.sign])):
            found[row.sign] = row
    return sorted(found.values(), key=lambda row: (CALLS.index(row.way[-1].call), len(row.way)))


def _rank(row: Row) -> tuple[bool, int]:
    """The order of rows: first the calls that all others accept, then the shortest witness."""
    accepted = any(cell.text.startswith("accepted") for cell in row.cells)
    return (not row.offered and not accepted, len(row.way))


def _reached(runs: Sequence[Run], place: int, way: Way) -> tuple[bool, int]:
    """Whether a run came to the end of the witness, and with how many others."""
    answers = [_answer(taken) for taken in runs[place].steps]
    others = sum([_answer(taken) for taken in run.steps][: len(way) - 1] == answers[:-1] for run in runs)
    return len(answers) == len(way), others


def _answer(taken: StepResult) -> str:
    """An answer in one word."""
    if isinstance(taken.answer, Returned):
        return "accepted"
    return taken.answer.kind if isinstance(taken.answer, Declined) else "failed"


def _cell(place: int, runs: Sequence[Run], sides: Sequence[Side], way: Way, reference: list[str]) -> Cell:
    steps = runs[place].steps
    for number, taken in enumerate(steps[: len(way) - 1]):
        if _answer(taken) != reference[number] or taken.differences:
            what = answer_text(taken.answer) if not taken.differences else _deviating(taken.differences[0])
            return Cell(
                f"{call_text(taken.operation, taken.before)} before it: {plain(what, 80)}", reached=False
            )
    last = steps[-1]
    text = _last_words(last)
    if last.differences:
        return Cell(f"{text}; {_deviating(last.differences[0])}", deviates=True)
    if isinstance(last.outcome, Refused):
        return Cell(text, kinds=last.outcome.kinds)
    return Cell(", ".join([text, *_shown(place, runs, sides, way)]))


def _last_words(taken: StepResult) -> str:
    match taken.answer:
        case Returned():
            return "accepted"
        case Declined(kind=kind, native=native):
            if kind == "Unsupported" and native is None:
                return "not offered"
            code = native.get("code") if native is not None else None
            return f"refused as {kind}" + (f" ({plain(str(code), 40)})" if code is not None else "")
        case Failed(error=error):
            return f"failed: {plain(error, 90)}"


def _deviating(difference: Difference) -> str:
    expected = " or ".join(difference.expected)
    if difference.part == "outcome":
        return plain(f"its profile allows: {expected}", 160)
    return plain(f"{difference.part} of {difference.where}: {difference.observed} instead of {expected}", 160)


def _shown(place: int, runs: Sequence[Run], sides: Sequence[Side], way: Way) -> list[str]:
    """The parts in which the state after an accepted call differs from that on any other."""
    here = runs[place].steps[-1]
    words: dict[str, None] = {}
    for other, run in enumerate(runs):
        there = run.steps[-1]
        if len(run.steps) != len(way) or not _agreed(here, there) or other == place:
            continue
        for part in common_parts(sides[place].profile, sides[other].profile):
            if portrait(here.after, part) != portrait(there.after, part):
                words.setdefault(in_words(here.after, part))
        mine, theirs = here.outcome, there.outcome
        assert isinstance(mine, Accepted), "both accepted"
        assert isinstance(theirs, Accepted), "both accepted"
        if here.operation.reads_only and mine.result != theirs.result:
            words.setdefault(f"answers {_named(here, mine.result)}")
    return list(words)


def _agreed(here: StepResult, there: StepResult) -> bool:
    """Whether both accepted, as their profiles claim."""
    accepted = isinstance(here.outcome, Accepted) and isinstance(there.outcome, Accepted)
    return accepted and not there.differences and not here.differences


def _named(taken: StepResult, result: object) -> str:
    if isinstance(result, list):
        return "[" + ", ".join(snapshot_label(taken.after, one) for one in result) + "]"
    return snapshot_label(taken.after, result) if isinstance(result, str) else str(result)


def _rules(runs: Sequence[Run], sides: Sequence[Side]) -> tuple[str, ...]:
    """The rules about the refusals among the answers, and those that a deviation breaks."""
    found: dict[str, None] = {}
    for run, side in zip(runs, sides, strict=True):
        taken, profile = run.steps[-1], side.profile
        if taken.differences:
            for rule in rules_broken(taken, taken.differences, profile)[:1]:
                found.setdefault(rule)
        elif isinstance(taken.outcome, Refused):
            conditions = conditions_of(taken.before, taken.operation, profile)
            relation = "target" if target_of(taken.operation) is not None else "domain"
            word = outcome_word(taken)
            for rule in attribute(taken.operation.call, word, "outcome", relation, conditions)[:1]:
                found.setdefault(rule)
    return tuple(found)
