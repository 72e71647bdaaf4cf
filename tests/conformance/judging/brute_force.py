"""A second opinion on small histories: every order of the calls that agrees with the clock is tried."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from snaptree.conformance.engine.answers import Declined, Failed, Returned
from snaptree.conformance.sequences.history import Call, History, Observe
from snaptree.spec.operations import SNAPSHOT_ARGUMENTS, snapshots_of, with_ids
from snaptree.spec.outcomes import Accepted, Outcome
from snaptree.spec.profiles import Profile
from snaptree.spec.semantics import step
from snaptree.spec.state import Domain, blank_domain

from .drawn_histories import shown, translated


def is_explained(history: History, profile: Profile) -> bool:
    """Whether some order of the calls explains every answer."""
    calls = list(history.calls)
    mentioned = {one for call in calls for one in _texts(call)}
    issued = {
        call.answer.result for call in calls if call.operation.creates and isinstance(call.answer, Returned)
    }
    free = sorted(one for one in mentioned - issued if isinstance(one, str))
    return _goes_on(blank_domain(history.header.disks), calls, {}, free, profile)


def _texts(call: Call) -> list[Any]:
    result = call.answer.result if isinstance(call.answer, Returned) else None
    if isinstance(call.operation, Observe) and isinstance(result, dict):
        found: list[Any] = [result["current"]]
        for entry in result["snapshots"]:
            found += [entry["id"], entry["parent"]]
    else:
        found = list(result) if isinstance(result, list) else [result]
    if isinstance(call.answer, Declined):
        found += [one for one in call.answer.casualties or () if one != "active"]
    return found + [getattr(call.operation, key, None) for key in SNAPSHOT_ARGUMENTS]


def _goes_on(
    domain: Domain, left: list[Call], ids: dict[str, str], free: list[str], profile: Profile
) -> bool:
    if all(call.answer is None for call in left):
        return True
    for number, call in enumerate(left):
        if any(other.answer is not None and (other.end or 0) < call.begin for other in left):
            continue
        rest = left[:number] + left[number + 1 :]
        for after, known in _after(domain, call, ids, free, profile):
            if _goes_on(after, rest, known, [one for one in free if one not in known.values()], profile):
                return True
    return False


def _after(
    domain: Domain, call: Call, ids: dict[str, str], free: list[str], profile: Profile
) -> Iterator[tuple[Domain, dict[str, str]]]:
    """The domains and ids after a call that takes effect now, if its answer is right."""
    theirs = {issued: ours for ours, issued in ids.items()}
    named = snapshots_of(call.operation)
    operation = with_ids(call.operation, {one: theirs.get(one, f"no {one}") for one in named})
    outcome = step(domain, operation, profile)
    if isinstance(call.answer, Failed):
        yield domain, ids
    elif call.answer is None:
        if isinstance(outcome, Accepted):
            yield outcome.domain, ids
            for one in free if operation.creates else ():
                yield outcome.domain, {**ids, outcome.result: one}
    elif _is_right(call, outcome, domain, ids):
        if not isinstance(outcome, Accepted) or not isinstance(call.answer, Returned):
            yield domain, ids
            return
        created = {outcome.result: call.answer.result} if operation.creates else {}
        yield outcome.domain, {**ids, **created}


def _is_right(call: Call, outcome: Outcome, domain: Domain, ids: dict[str, str]) -> bool:
    answer = call.answer
    if isinstance(answer, Declined):
        if answer.kind == "Busy":
            return True
        if isinstance(outcome, Accepted) or answer.kind not in outcome.kinds:
            return False
        if answer.kind != "WouldDiscard" or outcome.casualties is None:
            return True
        wanted = [ids.get(one, one) for one in outcome.casualties.to_json()]
        return answer.casualties is not None and sorted(wanted) == sorted(answer.casualties)
    if not isinstance(outcome, Accepted) or not isinstance(answer, Returned):
        return False
    if call.operation.creates:
        return isinstance(answer.result, str) and answer.result not in ids.values()
    if isinstance(call.operation, Observe):
        return bool(answer.result == shown(domain, ids))
    return bool(answer.result == translated(outcome.result, ids))
