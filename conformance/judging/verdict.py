"""The verdict of a whole run: its deviations, those that are known, and the results of the rules."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal

from snaptree.conformance.judging.deviations import Deviation
from snaptree.conformance.judging.faults import distinct, one_for_any_call
from snaptree.conformance.judging.known import Known
from snaptree.conformance.judging.record import Ending, RunRecord, Why
from snaptree.conformance.judging.rule_results import RuleResult, Status, rule_results
from snaptree.spec.profiles import Profile
from snaptree.spec.rules import Rule, rule

Verdict = Literal["conforms", "deviates", "incomplete", "nothing was tested", "interrupted"]

EXIT_CODES: Final[dict[Verdict, int]] = {
    "conforms": 0,
    "incomplete": 6,
    "deviates": 1,
    "nothing was tested": 4,
    "interrupted": 130,
}

EARLY_CODES: Final[dict[Why, int]] = {"host gave out": 3, "worker died": 5}
"""Exit codes of runs that could not go on."""

PRECEDENCE: Final = (130, 5, 1, 3, 4, 6, 0)
"""Exit codes, the one that wins first: where several apply, the run has the first of them."""


@dataclass(frozen=True)
class Judgement:
    """The result of the whole run.

    ``complete`` says whether every method was completed; ``unfinished`` are the names of those that were
    not. ``accepted`` says that the user named them all as such that may stay unfinished.
    """

    verdict: Verdict
    rules: tuple[RuleResult, ...]
    new: tuple[Deviation, ...]
    known: tuple[Deviation, ...]
    not_seen_again: tuple[Known, ...]
    listed: tuple[Known, ...] = ()
    ending: Ending = field(default_factory=Ending)
    complete: bool = True
    unfinished: tuple[str, ...] = ()
    accepted: bool = False

    def entry_of(self, found: Deviation) -> Known:
        """The entry of a known deviation."""
        return next(entry for entry in self.listed if entry.matches(found))

    @property
    def exit_code(self) -> int:
        """The exit code of ``check``."""
        own = 0 if self.verdict == "incomplete" and self.accepted else EXIT_CODES[self.verdict]
        codes = {own, EARLY_CODES.get(self.ending.why, own)}
        return next(code for code in PRECEDENCE if code in codes)

    def count(self, status: Status) -> int:
        """The number of rules with this status."""
        return sum(result.status == status for result in self.rules)


def judge(
    record: RunRecord,
    profile: Profile,
    selected: Sequence[Rule],
    known: Sequence[Known] = (),
    *,
    level: Literal["must", "should"] = "must",
    accept_incomplete: Collection[str] = (),
) -> Judgement:
    """Judge a run by the selected rules.

    A deviation counts if a selected rule of the requested level is the first that it breaks, or one beside
    it. Faults of the driver's process count under any selection, and come first; the others stand in the
    order of their consequences. ``known`` deviations do not count against the driver. Methods and graphs in
    ``accept_incomplete`` may stay unfinished.
    """
    chosen = {one.id for one in selected}
    relevant = [
        found
        for found in distinct(record.deviations.values(), profile)
        if found.of_process or any(broken in chosen and _counts(broken, level) for broken in found.rules)
    ]
    expected = [found for found in relevant if any(entry.matches(found) for entry in known)]
    new = one_for_any_call(found for found in relevant if not any(entry.matches(found) for entry in known))
    new.sort(key=lambda found: not found.of_process)
    results = tuple(rule_results(selected, record.tally.coverage, profile, new, expected))
    unfinished = tuple(dict.fromkeys(part.name for part in record.unfinished))
    missing = tuple(
        entry for entry in known if not entry.flaky and not any(entry.matches(found) for found in relevant)
    )
    return Judgement(
        _verdict(record, results, new),
        results,
        tuple(new),
        tuple(expected),
        missing,
        tuple(known),
        record.ending,
        record.complete,
        unfinished,
        accepted=bool(unfinished)
        and set(unfinished) <= set(accept_incomplete)
        and not record.too_many_undecided,
    )


def _counts(identifier: str, level: str) -> bool:
    return level == "should" or rule(identifier).level == "MUST"


def _verdict(record: RunRecord, results: Sequence[RuleResult], new: Sequence[Deviation]) -> Verdict:
    if record.ending.why == "interrupted":
        return "interrupted"
    if new:
        return "deviates"
    if not any(result.status in ("pass", "known deviation") for result in results):
        return "nothing was tested"
    if not record.complete:
        return "incomplete"
    return "conforms"
