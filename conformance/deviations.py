"""Deviations: what a difference means, in a form that is found again.

A deviation has a stable id, made from rule, operation and the shape before it,
so that the same one is recognised in another run, on another seed or machine.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

from snaptree.conformance.answers import Declined, said
from snaptree.conformance.aspects import conditions_of
from snaptree.conformance.canonical import shape_of
from snaptree.conformance.differences import Difference
from snaptree.conformance.driver import Driver
from snaptree.conformance.lockstep import Taken
from snaptree.conformance.sequences import Recorded, Run, run_sequence, smallest
from snaptree.spec.operations import Operation
from snaptree.spec.outcomes import Accepted
from snaptree.spec.profiles import Profile
from snaptree.spec.rules import attribute
from snaptree.spec.state import Domain


@dataclass(frozen=True)
class Deviation:
    """One way in which a driver does not do what its profile claims.

    ``rules`` are the ids that it breaks, the most specific first. ``sequence``
    is the smallest one found. ``flaky`` says that it did not come back when the
    sequence was run again. ``method`` is how it was found.
    """

    id: str
    rules: tuple[str, ...]
    operation: Operation
    differences: tuple[Difference, ...]
    expected: tuple[str, ...]
    observed: str
    before: Domain
    after: Domain
    seen_after: dict[str, Any] | None
    run: Run = field(repr=False)
    method: str = ""
    flaky: bool = False
    times: int = 1

    @property
    def sequence(self) -> tuple[Operation, ...]:
        """The operations from a fresh domain to the deviation."""
        return tuple(taken.operation for taken in self.run.steps)


def outcome_word(taken: Taken) -> str:
    """``accepted``, or the kind of refusal: what the model expected, in the rules' words."""
    if isinstance(taken.outcome, Accepted):
        return "accepted"
    if isinstance(taken.answer, Declined) and taken.answer.kind in taken.outcome.kinds:
        return taken.answer.kind
    return min(taken.outcome.kinds)


def rules_broken(taken: Taken, differences: Sequence[Difference], profile: Profile) -> tuple[str, ...]:
    """The rules that the first difference breaks, then those of the others.

    For each difference these are the two most specific rules that speak of it.
    """
    word = outcome_word(taken)
    conditions = conditions_of(taken.before, taken.operation, profile)
    found: dict[str, None] = {}
    for difference in differences:
        speaking = attribute(taken.operation.call, word, difference.part, difference.relation, conditions)
        for rule in speaking[:2]:
            found.setdefault(rule)
    return tuple(found)


def fingerprint(taken: Taken, rules: Sequence[str]) -> str:
    """The stable id: eight hexadecimal digits."""
    shape = shape_of(taken.before)
    target = getattr(taken.operation, "snapshot", None)
    place = shape.order.index(target) if target in shape.order else None
    text = repr((tuple(rules[:1]), taken.operation.call, place, shape.key))
    return sha256(text.encode()).hexdigest()[:8]


def examine(driver: Driver, run: Run, method: str) -> Deviation:
    """Replay a failing run, make it small, and say what it is.

    The smallest sequence is one whose last step breaks the same rule in the
    same call; it may end in a smaller tree than the one first seen.
    """
    profile = driver.profile
    first = sign_of(run, profile)

    def fails_alike(sequence: Sequence[Recorded]) -> bool:
        again = run_sequence(driver, sequence, persistent=run.persistent)
        return bool(again.differences) and sign_of(again, profile) == first

    # What changed nothing is seldom needed, and is most of a long walk: it is left out in one go first.
    *changing, last = zip(run.recorded, run.steps, strict=True)
    needed = [one for one, taken in changing if taken.after is not taken.before] + [last[0]]
    short = len(needed) < len(run.recorded) and fails_alike(needed)
    recorded = needed if short else run.recorded
    flaky = not short and not fails_alike(recorded)
    best = run
    if not flaky:
        shortest = smallest(recorded, fails_alike)
        best = run_sequence(driver, shortest, persistent=run.persistent)
        if not best.differences or sign_of(best, profile) != first:
            best, flaky = run, True
    return described(best, profile, method, flaky=flaky)


Sign = tuple[str, tuple[str, ...], str, str]
"""What two runs have in common that show the same deviation: call, first rule, part, allowed outcome."""


def sign_of(run: Run, profile: Profile) -> Sign:
    """The sign of a run that deviated."""
    taken = run.steps[-1]
    rules = rules_broken(taken, run.differences, profile)[:1]
    return taken.operation.call, rules, run.differences[0].part, outcome_word(taken)


def described(run: Run, profile: Profile, method: str, *, flaky: bool) -> Deviation:
    """What a run that ended in a difference means."""
    taken = run.steps[-1]
    first = run.differences[0]
    rules = rules_broken(taken, run.differences, profile)
    return Deviation(
        id=fingerprint(taken, rules),
        rules=rules,
        operation=taken.operation,
        differences=run.differences,
        expected=first.expected,
        observed=first.observed if first.part != "outcome" else said_of(taken, first),
        before=taken.before,
        after=taken.after,
        seen_after=taken.observation,
        run=run,
        method=method,
        flaky=flaky,
    )


def said_of(taken: Taken, difference: Difference) -> str:
    """The driver's own words where the outcome itself was wrong."""
    return difference.observed or said(taken.answer)
