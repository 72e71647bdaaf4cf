"""Deviations: the meaning of differences, with an id that is the same in every run.

The id is made of rule, call, conditions and the kind of the difference, so the same deviation is recognised
in another run, with another seed, any number of jobs or on another machine.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Final

from snaptree.conformance.driver import Driver, Observation
from snaptree.conformance.engine.answers import Declined, answer_text
from snaptree.conformance.engine.differences import OTHER_LOOKS, PROCESS, SECOND_LOOK, Difference
from snaptree.conformance.engine.lockstep import StepResult
from snaptree.conformance.judging.consequences import cost_of, in_order, kind_of
from snaptree.conformance.sequences.looking import run_with
from snaptree.conformance.sequences.plain import with_plain_arguments
from snaptree.conformance.sequences.running import Recorded, Run, smallest, with_single_writes
from snaptree.conformance.sequences.wishes import with_fewer_wishes
from snaptree.spec.operations import Operation
from snaptree.spec.outcomes import Accepted
from snaptree.spec.profiles import Profile
from snaptree.spec.rules import attribute, rule
from snaptree.spec.state import Domain
from snaptree.spec.vocabulary import CONDITIONS, conditions_of

ALONE: Final = "CONCUR-2"
"""Says when a domain may be busy; every caller of the suite is alone."""

REFUSES: Final = "REFUSE-2"
"""Says that what cannot be done is refused, which a call that fails has not done."""

OF_LOOKS: Final = {SECOND_LOOK: "LOOK-1", OTHER_LOOKS: "LOOK-2"}
"""The rules that looks break, whatever the calls between them."""

BUSY: Final = "outcome refused as Busy"

PROCESS_FAULT: Final = "PROCESS"
"""Takes the place of a rule in lists of known deviations, for a fault of the driver's process."""


@dataclass(frozen=True)
class Deviation:
    """One way in which a driver contradicts its profile.

    ``rules`` are the ids that it breaks, the most specific first. ``sequence`` is the smallest one found.
    ``conditions`` are those that held. ``also_in`` names other calls in which the same fault showed,
    ``also_as`` the rule and the call under which each would stand by itself.
    ``flaky`` says that a second run of the sequence did not show it. ``method`` is the method that found
    it.
    """

    id: str
    rules: tuple[str, ...]
    operation: Operation
    differences: tuple[Difference, ...]
    expected: tuple[str, ...]
    observed: str
    before: Domain
    after: Domain
    seen_after: Observation | None
    run: Run = field(repr=False)
    method: str = ""
    flaky: bool = False
    times: int = 1
    conditions: frozenset[str] = frozenset()
    also_in: tuple[str, ...] = ()
    also_as: tuple[tuple[str, str], ...] = ()

    @property
    def cost(self) -> int:
        """The worst consequence of its differences, see ``consequences``."""
        return min(cost_of(one) for one in self.differences)

    @property
    def kinds(self) -> frozenset[str]:
        """The kinds of all its differences."""
        return frozenset(kind_of(one) for one in self.differences)

    @property
    def rule(self) -> str:
        """The first rule that it breaks; ``PROCESS`` for a fault of the driver's process."""
        return self.rules[0] if self.rules else PROCESS_FAULT

    @property
    def of_process(self) -> bool:
        """Whether it is a fault of the driver's process. No rule speaks of it."""
        return self.differences[0].part == PROCESS

    @property
    def sequence(self) -> tuple[Operation, ...]:
        """The operations from a fresh domain to the deviation."""
        return tuple(taken.operation for taken in self.run.steps)


def outcome_word(taken: StepResult) -> str:
    """``accepted``, or the kind of refusal: what the model expected, in the rules' words."""
    if isinstance(taken.outcome, Accepted):
        return "accepted"
    if isinstance(taken.answer, Declined) and taken.answer.kind in taken.outcome.kinds:
        return taken.answer.kind
    return min(taken.outcome.kinds)


def rules_broken(taken: StepResult, differences: Sequence[Difference], profile: Profile) -> tuple[str, ...]:
    """The rules that the first difference breaks, then those of the others; an answer counts first.

    Each difference gives the two most specific rules that speak of it.
    """
    word = outcome_word(taken)
    conditions = conditions_of(taken.before, taken.operation, profile)
    found: dict[str, None] = {}
    for difference in in_order(differences):
        if difference.part == PROCESS:
            continue
        speaking = attribute(taken.operation.call, word, difference.part, difference.relation, conditions)
        for named in (*_whatever_the_call(difference, word), *speaking)[:2]:
            found.setdefault(named)
    return tuple(found)


def _whatever_the_call(difference: Difference, word: str) -> tuple[str, ...]:
    """The rule of an answer that is wrong whatever was asked."""
    if difference.part in OF_LOOKS:
        return (OF_LOOKS[difference.part],)
    kind = kind_of(difference)
    if kind == BUSY:
        return (ALONE,)
    failed = difference.part == "outcome" and kind.startswith("outcome failed")
    return (REFUSES,) if failed and word != "accepted" else ()


def fingerprint(call: str, rule: str, conditions: Iterable[str], kind: str) -> str:
    """The stable id: eight hexadecimal digits of what went wrong, without names, values and lengths."""
    # Who shows a malformed state, or none, does so after any call: these are faults of showing.
    shows = kind.startswith(("form of", "visibility of", *OF_LOOKS))
    one = (rule, kind) if kind == BUSY or shows else (rule, call, tuple(sorted(conditions)), kind)
    return sha256(repr(one).encode()).hexdigest()[:8]


def _never() -> bool:
    return False


def examine(driver: Driver, run: Run, method: str, expired: Callable[[], bool] = _never) -> Deviation:
    """Replay a failing run, shrink it until time is ``expired``, and describe it.

    The smallest sequence is one whose last step breaks the same rule in the same call; it may end in a
    smaller tree than the original.
    """
    profile = driver.profile
    first = sign_of(run, profile)

    def fails_alike(sequence: Sequence[Recorded]) -> bool:
        if expired():
            return False
        again = run_with(driver, sequence, run.looks, persistent=run.persistent)
        return bool(again.differences) and sign_of(again, profile) == first

    # What changed nothing is seldom needed, and is most of a long walk: it is left out in one go first.
    *changing, last = zip(run.recorded, run.steps, strict=True)
    needed = [one for one, taken in changing if taken.after is not taken.before] + [last[0]]
    if expired():
        return deviation_of(run, profile, method, flaky=False)
    short = len(needed) < len(run.recorded) and fails_alike(needed)
    recorded = needed if short else run.recorded
    flaky = not short and not fails_alike(recorded) and not expired()
    best = run
    if not flaky:
        shortest = smallest(recorded, fails_alike)
        singly = with_single_writes(shortest)
        if len(singly) > len(shortest) and fails_alike(singly):
            # Most of the blocks that were written in one call are seldom needed.
            shortest = smallest(singly, fails_alike)
        shortest = with_plain_arguments(with_fewer_wishes(shortest, fails_alike), fails_alike)
        best = run_with(driver, shortest, run.looks, persistent=run.persistent)
        if not best.differences or sign_of(best, profile) != first:
            best, flaky = run, True
    return deviation_of(best, profile, method, flaky=flaky)


Sign = tuple[str, tuple[str, ...], str, str, int]
"""What two runs have in common that show the same deviation.

Call, first rule, kind of the first difference, allowed outcome, and the worst consequence.
"""


def sign_of(run: Run, profile: Profile) -> Sign:
    """The sign of a run that deviated."""
    taken = run.steps[-1]
    differences = in_order(run.differences)
    rules = rules_broken(taken, differences, profile)[:1]
    worst = min(cost_of(one) for one in differences)
    return taken.operation.call, rules, kind_of(differences[0]), outcome_word(taken), worst


def deviation_of(run: Run, profile: Profile, method: str, *, flaky: bool) -> Deviation:
    """The deviation of a run that ended in a difference."""
    taken = run.steps[-1]
    differences = in_order(run.differences)
    first = differences[0]
    rules = rules_broken(taken, differences, profile)
    conditions = conditions_of(taken.before, taken.operation, profile)
    if first.part == PROCESS:
        identifier = fingerprint(first.where, PROCESS_FAULT, (), first.relation)
    else:
        identifier = fingerprint(
            taken.operation.call, (*rules, "")[0], _telling(conditions, taken, rules), kind_of(first)
        )
    return Deviation(
        id=identifier,
        rules=rules,
        operation=taken.operation,
        differences=differences,
        expected=first.expected,
        observed=first.observed if first.part != "outcome" else outcome_text(taken, first),
        before=taken.before,
        after=taken.after,
        seen_after=taken.observation,
        run=run,
        method=method,
        flaky=flaky,
        conditions=conditions,
    )


def _telling(conditions: frozenset[str], taken: StepResult, rules: Sequence[str]) -> frozenset[str]:
    """The conditions that say which case went wrong.

    A call that is refused anyway is refused whatever else the domain holds: that is chance, unless the rule
    speaks of it.
    """
    if isinstance(taken.outcome, Accepted):
        return conditions
    spoken = frozenset[str]().union(*(aspect.conditions for one in rules[:1] for aspect in rule(one).aspects))
    return frozenset(one for one in conditions if one in spoken or not CONDITIONS[one].is_of_domain)


def outcome_text(taken: StepResult, difference: Difference) -> str:
    """The driver's answer in words, if the answer itself was wrong."""
    return difference.observed or answer_text(taken.answer)
