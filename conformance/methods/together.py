"""together: callers run free against each other, on one domain and on two; their histories are judged.

A round that nothing explains is made small by playing it again some times, without callers, stretches and
calls, as long as the same rule is broken; what remains is told with its rate.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from time import perf_counter
from typing import ClassVar, Final

from snaptree.conformance.driver import DEFAULT_DISKS, Driver, Pace, pace_of
from snaptree.conformance.engine.answers import Failed, Returned
from snaptree.conformance.engine.differences import Difference
from snaptree.conformance.engine.identities import Identities
from snaptree.conformance.engine.lockstep import StepResult
from snaptree.conformance.judging.histories import ALONE, PROGRESS, Contradiction, assess_calls
from snaptree.conformance.judging.moments import Moment
from snaptree.conformance.methods.bounds import Bounds
from snaptree.conformance.methods.method import Ledger, Method, Part
from snaptree.conformance.methods.rounds import (
    Round,
    Script,
    Stretch,
    Wish,
    draw_script,
    in_turn,
    without_calls,
)
from snaptree.conformance.sequences.history import Call, Observe, words_of
from snaptree.conformance.sequences.running import Run
from snaptree.spec.operations import ListSnapshots
from snaptree.spec.outcomes import Accepted
from snaptree.spec.profiles import Profile
from snaptree.spec.state import blank_domain
from snaptree.spec.vocabulary import conditions_of, pairs

AGAIN: Final[dict[Pace, int]] = {"fast": 12, "ordinary": 8, "slow": 4}
"""How often a smaller round is played before it counts as one that does not fail, by the pace of a driver."""

MOST_ROUNDS: Final[dict[Pace, int]] = {"fast": 500, "ordinary": 150, "slow": 40}
"""The rounds that making one small takes at most."""


@dataclass(frozen=True)
class Share:
    """One round."""

    part: str
    number: int
    seed: str


@dataclass(frozen=True)
class Failure:
    """A round that nothing explains: the calls on the domain where that is so, and what is wrong."""

    script: Script
    calls: tuple[Call, ...]
    part: str
    rule: str
    call: Call
    expected: str
    text: str = ""


class Together(Method[Share]):
    """Rounds of several callers."""

    name: ClassVar[str] = "together"
    noun: ClassVar[str] = "round"
    shrinks: ClassVar[bool] = False

    def __init__(self) -> None:
        self._left_out: dict[str, set[str]] = {}
        """By driver, the calls that deviate when one caller makes them alone."""

    def parts(self, profile: Profile, bounds: Bounds) -> Sequence[Part]:
        """One, where callers can meet."""
        drawn = bounds.rounds and draw_script("", profile, all_create=True) is not None
        return (Part(self.name, "several callers at once", bounds.rounds),) if drawn else ()

    def units(self, profile: Profile, bounds: Bounds) -> Iterator[Share]:
        """One round after the other."""
        for part in self.parts(profile, bounds):
            yield from (Share(part.key, number, f"{bounds.seed} {number}") for number in range(part.total))

    def perform(self, driver: Driver, unit: Share, ledger: Ledger) -> Iterator[Run]:
        """Play the round; if nothing explains it, make it small."""
        drawn = draw_script(unit.seed, driver.profile, all_create=_lists_by_itself(driver.profile))
        assert drawn is not None, "a part was listed"
        left_out = self._left_out.setdefault(driver.name, set())
        failure = play(driver, without_calls(drawn, left_out), ledger)
        while failure is not None and _is_of_one(driver, failure.calls):
            alone = _deviating_alone(driver, failure.calls)
            if alone is None or ledger.expired():
                ledger.counts.missed += 1
                return
            left_out.add(alone)
            failure = play(driver, without_calls(drawn, left_out), ledger)
        if failure is None:
            ledger.counts.covered += 1
            return
        ledger.counts.deviated += 1
        if failure.text:
            # A call that never returns takes its process along, each time.
            yield _run(failure, "seen once")
            return
        yield _run(*_made_small(driver, failure, AGAIN[pace_of(driver)], ledger))


def _lists_by_itself(profile: Profile) -> bool:
    """Whether the order in which snapshots are listed is the hypervisor's, and not the driver's."""
    return profile.operations.get("list") == "native"


def _is_of_one(driver: Driver, calls: Sequence[Call]) -> bool:
    """Whether the same calls deviate one after the other as well: other methods tell of that."""
    return _found(driver.profile, Script(1, ()), in_turn(driver, calls)) is not None


def _deviating_alone(driver: Driver, calls: Sequence[Call]) -> str | None:
    """The call without which the others do not deviate one after the other; None if there is no such call."""
    kinds = dict.fromkeys(call.operation.call for call in calls if call.changes)
    kept = ((kind, [call for call in calls if call.operation.call != kind]) for kind in kinds)
    return next((kind for kind, others in kept if not _is_of_one(driver, others)), None)


def play(driver: Driver, script: Script, ledger: Ledger) -> Failure | None:
    """Play a round once, and judge it."""
    started = perf_counter()
    played = Round(driver, script).play()
    ledger.tally.calls += played.calls
    ledger.tally.driver_seconds += perf_counter() - started
    ledger.tally.rounds += 1
    if played.stuck:
        stuck = played.stuck[0]
        calls = next(one for one in played.histories if stuck in one)
        return Failure(script, calls, "progress", PROGRESS, stuck, "an answer", "never returned")
    failures = (_found(driver.profile, script, calls, ledger) for calls in played.histories)
    return next((one for one in failures if one is not None), None)


def _found(
    profile: Profile, script: Script, calls: tuple[Call, ...], ledger: Ledger | None = None
) -> Failure | None:
    """What is wrong with the calls on a fresh domain; what they show is counted in a ledger."""
    failed = next((call for call in calls if isinstance(call.answer, Failed)), None)
    if failed is not None:
        return Failure(script, calls, "overlap", "failed", failed, "an answer")
    opinion = assess_calls(calls, Moment.known(blank_domain(DEFAULT_DISKS), Identities(profile), profile))
    if opinion.contradiction is not None:
        return _failure(script, calls, opinion.contradiction)
    if ledger is not None and opinion.result == "explained":
        _count(calls, profile, ledger)
    if ledger is not None:
        ledger.tally.undecided += opinion.result == "undecided"
    return None


def _failure(script: Script, calls: tuple[Call, ...], found: Contradiction) -> Failure:
    parts = {ALONE: "patience", PROGRESS: "progress"}
    call = next(one for one in calls if one.begin == found.call.begin)
    beside = any(other.changes and other is not call and other.overlaps(call) for other in calls)
    part = parts.get(found.rule) or ("sight" if beside and not call.changes else "overlap")
    return Failure(script, calls, part, found.rule, call, found.expected)


def _count(calls: Sequence[Call], profile: Profile, ledger: Ledger) -> None:
    """Count what a history without a contradiction would have shown."""
    domain = blank_domain(DEFAULT_DISKS)
    changing = [call for call in calls if call.changes]
    for number, call in enumerate(changing):
        near = [other for other in changing[max(0, number - 8) : number + 9] if other is not call]
        overlap = any(other.overlaps(call) for other in near)
        accepted = isinstance(call.answer, Returned)
        parts = [*(["overlap"] if accepted else []), "progress"] if overlap else ["patience"]
        for part in parts:
            conditions = conditions_of(domain, call.operation, profile)
            ledger.tally.coverage[call.operation.call, "accepted", pairs(part, "domain"), conditions] += 1


def _made_small(driver: Driver, failure: Failure, times: int, ledger: Ledger) -> tuple[Failure, str]:
    """The smallest round that was seen to fail in the same way, and its rate, in words."""
    most, spent = MOST_ROUNDS[pace_of(driver)], 0

    def again(script: Script) -> Failure | None:
        nonlocal spent
        for _ in range(times):
            if spent >= most or ledger.expired():
                return None
            spent += 1
            found = play(driver, script, ledger)
            if found is not None and (found.part, found.call.operation.call) == wanted:
                return found
        return None

    wanted = (failure.part, failure.call.operation.call)
    best, smaller = failure, True
    while smaller:
        smaller = False
        for script in smaller_scripts(best.script):
            found = again(script)
            if found is not None:
                best, smaller = found, True
                break
    failed = 0
    for _ in range(times):
        found = play(driver, best.script, ledger)
        failed += found is not None and (found.part, found.call.operation.call) == wanted
    return best, f"{failed} of {times} rounds fail alike"


def smaller_scripts(script: Script) -> Iterator[Script]:
    """Rounds without a part of this one, the largest parts first."""
    stretches = script.stretches
    if script.callers > 1:
        for caller in range(script.callers):
            yield _with(script, [(*one[:caller], *one[caller + 1 :]) for one in stretches])
    if script.domains > 1:
        for domain in range(script.domains):
            kept = [
                tuple(tuple(w for w in wishes if w.domain == domain) for wishes in one) for one in stretches
            ]
            yield Script(1, tuple(kept))
    for number in range(len(stretches)):
        if len(stretches) > 1:
            yield _with(script, [*stretches[:number], *stretches[number + 1 :]])
    for number in range(len(stretches) - 1):
        joined = tuple((*a, *b) for a, b in zip(stretches[number], stretches[number + 1], strict=True))
        yield _with(script, [*stretches[:number], joined, *stretches[number + 2 :]])
    for number, stretch in enumerate(stretches):
        for caller, wishes in enumerate(stretch):
            for half in _shorter(wishes):
                changed = (*stretch[:caller], half, *stretch[caller + 1 :])
                yield _with(script, [*stretches[:number], changed, *stretches[number + 1 :]])


def _on(domain: int, wishes: tuple[Wish, ...]) -> tuple[Wish, ...]:
    return tuple(wish for wish in wishes if wish.domain == domain)


def _shorter(wishes: tuple[Wish, ...]) -> Iterator[tuple[Wish, ...]]:
    middle = len(wishes) // 2
    if middle > 1:
        yield wishes[middle:]
        yield wishes[:middle]
    for number in range(len(wishes)):
        yield (*wishes[:number], *wishes[number + 1 :])


def _with(script: Script, stretches: Sequence[Stretch]) -> Script:
    return Script(script.domains, tuple(stretches))


def _run(failure: Failure, rate: str) -> Run:
    domain = blank_domain(DEFAULT_DISKS)
    call = failure.call
    others = "; ".join(words_of(one) for one in failure.calls if one is not call)
    observed = f"{failure.text or words_of(call)} ({rate}; beside it {others})"
    wrong = Difference(failure.part, "domain", "domain", (failure.expected,), observed)
    look = isinstance(call.operation, Observe)
    operation = ListSnapshots() if look else call.operation
    seen = call.answer.result if look and isinstance(call.answer, Returned) else None
    answer = call.answer or Failed("it never returned")
    taken = StepResult(operation, domain, Accepted(None, domain), answer, seen, (wrong,), {})
    return Run((taken,), (wrong,), {}, history=failure.calls)
