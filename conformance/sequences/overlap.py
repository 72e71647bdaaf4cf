"""Calls of several callers that overlap, and whether one order of them explains every answer.

This is for a handful of calls in the model's ids; a history of many is for the checker.
Each call has a place where it began and one where it ended, on a clock that only counts. An order explains
them if it agrees with those places and the model answers each call as the driver did. A look-up that fits the
present state is put there at once: it changes nothing, so that no other place can be better.

A call that failed, or has no answer, may have happened at any time after it began, or never. A call that was
refused as ``Busy`` has no effect; whether it may be is another question (``busy_wrongly``).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from snaptree.conformance.engine.answers import Answer, Declined, Failed, Returned, answer_text, in_kinds
from snaptree.conformance.engine.comparison import Comparison
from snaptree.conformance.engine.documented import documented_refusal
from snaptree.conformance.engine.form import fault_of_form, fits_form
from snaptree.conformance.engine.identities import Identities
from snaptree.conformance.sequences.history import Observe
from snaptree.schemas.wording import value
from snaptree.spec.operations import Count, Operation
from snaptree.spec.outcomes import Accepted
from snaptree.spec.profiles import Profile
from snaptree.spec.semantics import step
from snaptree.spec.state import Domain

BUSY: Final = "Busy"

NEVER: Final = 1 << 62
"""The end of a call that never ended."""


@dataclass(frozen=True)
class TimedCall:
    """One call of one caller, snapshots by the model's ids; ``answer`` is None if it has none.

    ``issued`` is the id of a snapshot that it made, also where the answer is not to be known yet.
    """

    caller: str
    operation: Operation
    began: int
    ended: int = NEVER
    answer: Answer | None = None
    issued: str | None = None

    @property
    def changes(self) -> bool:
        """Whether it asks for a change."""
        return not self.operation.reads_only

    @property
    def busy(self) -> bool:
        """Whether it was refused as ``Busy``."""
        return isinstance(self.answer, Declined) and self.answer.kind == BUSY

    @property
    def open(self) -> bool:
        """Whether it may have happened or not: it failed, or has no answer."""
        return self.answer is None or isinstance(self.answer, Failed)

    def overlaps(self, other: TimedCall) -> bool:
        """Whether each of the two began before the other ended."""
        return self.began < other.ended and other.began < self.ended


@dataclass(frozen=True)
class Beginning:
    """Where the calls begin: the state, the ids that are known, and the profile."""

    domain: Domain
    identities: Identities
    profile: Profile


@dataclass(frozen=True)
class Reached:
    """A state that an order of some calls leads to, with the ids that are known there."""

    domain: Domain
    identities: Identities


def after(reached: Reached, call: TimedCall, profile: Profile) -> tuple[Reached | None, str]:
    """The state after a call in a state; None and what the model allows, if the answer does not fit."""
    identities = reached.identities.copy()
    comparison, before = Comparison(profile, identities), reached.domain
    answer = call.answer
    if isinstance(call.operation, Observe):
        return _seen(reached, comparison, answer)
    outcome = step(before, call.operation, profile)
    if call.open:
        if not isinstance(outcome, Accepted):
            return None, "a state in which it can happen"
        answer = Returned(call.issued if call.operation.creates else outcome.result)
    assert answer is not None, "a call without an answer was given one"
    if isinstance(answer, Declined):
        outcome, answer = in_kinds(call.operation, before, outcome, answer)
        if documented_refusal(call.operation, before, outcome, answer, profile) is not None:
            return reached, ""
    wrong = next(comparison.of_answer(call.operation, before, outcome, answer), None)
    if wrong is not None:
        return None, " or ".join(wrong.expected)
    return Reached(outcome.domain if isinstance(outcome, Accepted) else before, identities), ""


def _seen(reached: Reached, comparison: Comparison, answer: Answer | None) -> tuple[Reached | None, str]:
    if not isinstance(answer, Returned):
        return reached, ""
    if not fits_form(answer.result):
        return None, f"an observation: {fault_of_form(answer.result)}"
    domain = reached.domain
    wrong = next(comparison.of_state(Count(), domain, domain, answer.result), None)
    if wrong is not None:
        return None, f"{wrong.where} {wrong.part} {' or '.join(wrong.expected)}, seen {wrong.observed}"
    return Reached(domain, comparison.identities), ""


def explain(beginning: Beginning, calls: Iterable[TimedCall]) -> Reached | None:
    """A state that some order leads to, in which every answer fits; None if there is no such order."""
    left = tuple(call for call in calls if not call.busy and not (call.open and not call.changes))
    return _search(Reached(beginning.domain, beginning.identities), left, beginning.profile)


def _search(reached: Reached, left: tuple[TimedCall, ...], profile: Profile) -> Reached | None:
    if all(call.open for call in left):
        return reached
    first_end = min(call.ended for call in left if not call.open)
    next_ones = [call for call in left if call.began <= first_end]
    for call in next_ones:
        if not call.changes:
            same, _ = after(reached, call, profile)
            if same is not None:
                return _search(same, _without(left, call), profile)
    for call in next_ones:
        if call.changes:
            further, _ = after(reached, call, profile)
            found = None if further is None else _search(further, _without(left, call), profile)
            if found is not None:
                return found
    return None


def _without(calls: tuple[TimedCall, ...], one: TimedCall) -> tuple[TimedCall, ...]:
    return tuple(call for call in calls if call is not one)


@dataclass(frozen=True)
class Unexplained:
    """The first call, in the order of their ends, that no order explains, and what is allowed instead."""

    call: TimedCall
    allowed: tuple[str, ...]


def first_unexplained(beginning: Beginning, calls: Sequence[TimedCall]) -> Unexplained | None:
    """The first call that nothing explains, None if some order explains all of them."""
    if explain(beginning, calls) is not None:
        return None
    ended = sorted((call for call in calls if call.ended != NEVER), key=lambda call: call.ended)
    for place, last in enumerate(ended):
        known = {id(call) for call in ended[: place + 1]}
        so_far = [
            call if id(call) in known else replace(call, answer=None, ended=NEVER)
            for call in calls
            if call.began < last.ended
        ]
        if explain(beginning, so_far) is None:
            return Unexplained(last, tuple(dict.fromkeys(_allowed(beginning, so_far, last))))
    return Unexplained(ended[-1], ("what one order of the calls allows",))


def _allowed(beginning: Beginning, calls: Sequence[TimedCall], last: TimedCall) -> Iterator[str]:
    """What the model allows of a call before and after each other call that changes something."""
    start = Reached(beginning.domain, beginning.identities)
    states = [start]
    for call in calls:
        if call.changes and call is not last and not call.busy:
            states += [
                one for one, _ in (after(state, call, beginning.profile) for state in [*states]) if one
            ]
    for state in states:
        yield after(state, last, beginning.profile)[1] or "what it returned, were it not for later answers"


def busy_wrongly(call: TimedCall, calls: Iterable[TimedCall]) -> bool:
    """Whether a call that was refused as ``Busy`` was alone: no call that changes something overlaps it."""
    others = (one for one in calls if one is not call and one.changes)
    return call.busy and not any(call.overlaps(one) for one in others)


def all_busy(calls: Sequence[TimedCall]) -> bool:
    """Whether calls that overlap were refused as ``Busy``, all that change something."""
    changing = [call for call in calls if call.changes]
    return len(changing) > 1 and all(call.busy for call in changing)


def words_of(call: TimedCall) -> str:
    """A call with its answer, in words."""
    given = call.operation.arguments().values()
    arguments = ", ".join(_json(one) for one in given if one not in (None, "", False))
    said = f"{call.caller}: {call.operation.call}({arguments})"
    if call.answer is None:
        return f"{said} without an answer"
    if isinstance(call.answer, Returned):
        result = call.answer.result
        shown = _shape(result) if isinstance(call.operation, Observe) else _json(result)
        return f"{said} returned {shown}" if result is not None else f"{said} returned"
    return f"{said} {answer_text(call.answer)}"


def _shape(seen: object) -> str:
    """The names that an observation lists, and which is current."""
    if not isinstance(seen, dict) or not isinstance(seen.get("snapshots"), list):
        return value(seen)
    names = [entry.get("name") for entry in seen["snapshots"] if isinstance(entry, dict)]
    return f"{_json(names)}, current {_json(seen.get('current'))}"


def _json(result: object) -> str:
    """A result as JSON, its first 200 characters."""
    text = json.dumps(result)
    return text if len(text) <= 200 else f"{text[:200]}…"
