"""What each hypervisor does with a witness: seen by running it, never taken from a profile."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import combinations

from snaptree.conformance.answers import Declined, Failed, Returned, said
from snaptree.conformance.aspects import conditions_of
from snaptree.conformance.comparing.portrait import common_parts, portrait, worded
from snaptree.conformance.comparing.witnesses import LONGEST, Way, asked
from snaptree.conformance.deviations import outcome_word, rules_broken
from snaptree.conformance.differences import Difference
from snaptree.conformance.driver import Driver
from snaptree.conformance.lockstep import Taken
from snaptree.conformance.reports.words import called, plain, spoken
from snaptree.conformance.sequences import Run, run_sequence
from snaptree.spec.operations import CALLS
from snaptree.spec.outcomes import Accepted, Refused
from snaptree.spec.profiles import Profile
from snaptree.spec.rules import attribute


@dataclass(frozen=True)
class Side:
    """One of the hypervisors: what it is called in the table, and its driver."""

    title: str
    driver: Driver

    @property
    def profile(self) -> Profile:
        """What it claims."""
        return self.driver.profile


@dataclass(frozen=True)
class Cell:
    """What one of them did with the last call of a witness.

    ``reached`` is False where an earlier call already went another way: the last
    one then says nothing. ``deviates`` says that it is not what its profile claims.
    ``kinds`` are all refusals that would have been right, where it refused as it should.
    """

    text: str
    reached: bool = True
    deviates: bool = False
    kinds: frozenset[str] = frozenset()

    def alike(self, other: Cell) -> bool:
        """Whether two say the same: where each might have given the other's refusal, they do."""
        return self.text == other.text or bool(self.kinds & other.kinds)


@dataclass(frozen=True)
class Row:
    """One difference: a witness, what each did, and the rules that speak of it."""

    way: Way
    taken: Taken
    cells: tuple[Cell, ...]
    rules: tuple[str, ...]
    offered: bool
    """Whether all of them offer the call at all."""

    @property
    def differs(self) -> bool:
        """Whether any two that got there answered differently."""
        reached = [cell for cell in self.cells if cell.reached]
        return not all(one.alike(other) for one, other in combinations(reached, 2))

    @property
    def sign(self) -> tuple[object, ...]:
        """Two rows with the same sign tell the same difference."""
        # A port or a process in a message is another one each time.
        cells = tuple(re.sub(r"\d{4,}", "…", cell.text) for cell in self.cells)
        return (asked(self.way[-1]), cells) if self.offered else (self.way[-1].call,)


def see(way: Way, sides: Sequence[Side]) -> Row:
    """Run a witness on fresh domains of all, and put what they did side by side."""
    # A chain that reaches a limit is long; what it holds is the business of shorter ones.
    watch = len(way) <= LONGEST
    runs = [run_sequence(side.driver, way, finish=False, watch=watch) for side in sides]
    leading = max(range(len(runs)), key=lambda place: _reached(runs, place, way))
    reference = runs[leading].steps
    cells = tuple(
        _cell(place, runs, sides, way, [_answer(taken) for taken in reference]) for place in range(len(sides))
    )
    offered = all(side.profile.claims(way[-1].call) for side in sides)
    return Row(way, reference[-1], cells, _rules(runs, sides), offered)


def rows(ways: Sequence[Way], sides: Sequence[Side], told: Callable[[int], None]) -> list[Row]:
    """The differences that show, one row each, those with the shortest witness first."""
    found: dict[tuple[object, ...], Row] = {}
    for number, way in enumerate(ways, start=1):
        row = see(way, sides)
        told(number)
        if row.differs and (row.sign not in found or _rank(row) < _rank(found[row.sign])):
            found[row.sign] = row
    return sorted(found.values(), key=lambda row: (CALLS.index(row.way[-1].call), len(row.way)))


def _rank(row: Row) -> tuple[bool, int]:
    """Of a call that somebody does not offer, one that the others accept says most; then the shortest."""
    accepted = any(cell.text.startswith("accepted") for cell in row.cells)
    return (not row.offered and not accepted, len(row.way))


def _reached(runs: Sequence[Run], place: int, way: Way) -> tuple[bool, int]:
    """How much a run says about the witness: whether it came to its end, and with how many others."""
    answers = [_answer(taken) for taken in runs[place].steps]
    others = sum([_answer(taken) for taken in run.steps][: len(way) - 1] == answers[:-1] for run in runs)
    return len(answers) == len(way), others


def _answer(taken: Taken) -> str:
    """An answer in one word."""
    if isinstance(taken.answer, Returned):
        return "accepted"
    return taken.answer.kind if isinstance(taken.answer, Declined) else "failed"


def _cell(place: int, runs: Sequence[Run], sides: Sequence[Side], way: Way, reference: list[str]) -> Cell:
    steps = runs[place].steps
    for number, taken in enumerate(steps[: len(way) - 1]):
        if _answer(taken) != reference[number] or taken.differences:
            what = said(taken.answer) if not taken.differences else _deviating(taken.differences[0])
            return Cell(
                f"{spoken(taken.operation, taken.before)} before it: {plain(what, 80)}", reached=False
            )
    last = steps[-1]
    text = _last_words(last)
    if last.differences:
        return Cell(f"{text}; {_deviating(last.differences[0])}", deviates=True)
    if isinstance(last.outcome, Refused):
        return Cell(text, kinds=last.outcome.kinds)
    return Cell(", ".join([text, *_shown(place, runs, sides, way)]))


def _last_words(taken: Taken) -> str:
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
    """In what the state after an accepted call differs from that on any other."""
    here = runs[place].steps[-1]
    words: dict[str, None] = {}
    for other, run in enumerate(runs):
        there = run.steps[-1]
        if len(run.steps) != len(way) or not _agreed(here, there) or other == place:
            continue
        for part in common_parts(sides[place].profile, sides[other].profile):
            if portrait(here.after, part) != portrait(there.after, part):
                words.setdefault(worded(here.after, part))
        mine, theirs = here.outcome, there.outcome
        assert isinstance(mine, Accepted), "both accepted"
        assert isinstance(theirs, Accepted), "both accepted"
        if here.operation.reads_only and mine.result != theirs.result:
            words.setdefault(f"answers {_named(here, mine.result)}")
    return list(words)


def _agreed(here: Taken, there: Taken) -> bool:
    """Whether both accepted, as their profiles say."""
    accepted = isinstance(here.outcome, Accepted) and isinstance(there.outcome, Accepted)
    return accepted and not there.differences and not here.differences


def _named(taken: Taken, result: object) -> str:
    if isinstance(result, list):
        return "[" + ", ".join(called(taken.after, one) for one in result) + "]"
    return called(taken.after, result) if isinstance(result, str) else str(result)


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
            relation = "target" if getattr(taken.operation, "snapshot", None) is not None else "domain"
            word = outcome_word(taken)
            for rule in attribute(taken.operation.call, word, "outcome", relation, conditions)[:1]:
                found.setdefault(rule)
    return tuple(found)
