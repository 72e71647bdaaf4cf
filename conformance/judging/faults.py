"""Which deviations are one fault, as far as it can be told.

A fault in a plain case also shows in special cases, where the rule about the special case would be blamed. A
fault that has several effects shows some of them alone where the others could not have been seen.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from functools import cache

from snaptree.conformance.engine.answers import Declined, Failed
from snaptree.conformance.engine.differences import PROCESS, Difference
from snaptree.conformance.judging.consequences import BYSTANDERS, is_of_any_call, kind_of
from snaptree.conformance.judging.deviations import OF_LOOKS, Deviation, outcome_word
from snaptree.spec.operations import target_of
from snaptree.spec.outcomes import Accepted, Refused
from snaptree.spec.profiles import Profile
from snaptree.spec.rules import attribute, rule
from snaptree.spec.vocabulary import FAULT_PARTS, PARTS, RELATIONS, Holdings, conditions_of, pairs, told_by


def distinct(deviations: Iterable[Deviation], profile: Profile) -> list[Deviation]:
    """One deviation for each fault: that of the worst consequence, in the plainest case, the shortest."""
    kept: list[Deviation] = []
    for found in sorted(deviations, key=_place):
        if not any(_same_fault(found, earlier, profile) for earlier in kept):
            kept.append(found)
    return kept


def one_for_any_call(deviations: Iterable[Deviation]) -> list[Deviation]:
    """The deviations, those of one kind that is a fault whatever the call only once, with the other calls.

    What a list of known deviations names is left out before: a known one never hides a new one.
    """
    kept: dict[tuple[str, ...], Deviation] = {}
    for found in deviations:
        kind = kind_of(found.differences[0])
        shared = found.differences[0].part == "outcome" and (
            is_of_any_call(kind)
            or (found.rule in _OF_ANY_CALL and (kind != "outcome accepted" or found.rule == _UNKNOWN_ID))
            or _is_of_one_case(found.rule)
        )
        if found.differences[0].part in FAULT_PARTS:
            # How storage is changed is the same code for most calls.
            shared, kind = True, f"{found.rule} {kind}"
        key: tuple[str, ...] = (
            (found.rule, kind) if shared and not is_of_any_call(kind) else (kind,) if shared else (found.id,)
        )
        if not is_of_any_call(kind):
            key = _wrong_kind(found) or key
        first = kept.get(key)
        kept[key] = found if first is None else _with(first, found)
    return list(kept.values())


def _with(first: Deviation, found: Deviation) -> Deviation:
    """The first deviation, which names another that is the same fault."""
    call = found.operation.call
    known = call in (first.operation.call, *first.also_in)
    return replace(
        first,
        also_in=first.also_in if known else (*first.also_in, call),
        also_as=(*first.also_as, (found.rule, call)),
    )


def _wrong_kind(found: Deviation) -> tuple[str, ...]:
    """The kinds that were right and the one that was answered; empty if it is no matter of kinds.

    An adapter has one table of errors: a wrong entry shows in every call that can meet the error.
    """
    taken = found.run.steps[-1]
    outcome, answer = taken.outcome, taken.answer
    if found.differences[0].part != "outcome" or not isinstance(outcome, Refused):
        return ()
    return ("kind", answer.kind, *sorted(outcome.kinds)) if isinstance(answer, Declined) else ()


_UNKNOWN_ID = "REFUSE-4"
_OF_ANY_CALL = frozenset(["REFUSE-2", _UNKNOWN_ID, "REFUSE-5"])
"""Rules about what every call refuses: the same wrong answer to several calls is one fault.

Calls that take an unknown id are one fault; a call that is not claimed and accepted is one by itself.
"""


@cache
def _is_of_one_case(identifier: str) -> bool:
    """Whether a rule says what several calls answer in one special case: one check is missing in all."""
    aspects = rule(identifier).aspects if identifier else ()
    return bool(aspects) and all(one.conditions and set(one.parts) == {"outcome"} for one in aspects)


def _place(found: Deviation) -> tuple[int, int, int, str, str]:
    return found.cost, len(found.conditions), len(found.sequence), found.operation.call, found.id


def _same_fault(found: Deviation, earlier: Deviation, profile: Profile) -> bool:
    if found.operation.call != earlier.operation.call:
        return False
    here, there = found.differences[0], earlier.differences[0]
    if here.part == PROCESS or there.part == PROCESS:
        return (here.part, here.relation) == (there.part, there.relation)
    if here.part in OF_LOOKS or there.part in OF_LOOKS:
        return here.part == there.part
    # The case that went wrong earlier has to be part of the case at hand.
    special = earlier.conditions <= found.conditions
    alike = special and kind_of(here) == kind_of(there)
    if alike and (earlier.rule in _speaking(found) or _refuses_first(earlier)):
        return True
    if special and here.part == there.part == "order" and found.rule == earlier.rule:
        return True  # whether the roots were asked for, or the children of a snapshot, is chance
    if special and _harms_bystanders(found, here) and _harms_bystanders(earlier, there):
        return here.part == there.part or {here.part, there.part} == {"content", "size"}
    return found.kinds <= earlier.kinds and not _would_show(there, found, profile)


def _refuses_first(earlier: Deviation) -> bool:
    """Whether a call was refused or failed where it is accepted, or with the wrong kind in a special case.

    The same answer in a more special case, where another one is right, only came before that.
    """
    taken = earlier.run.steps[-1]
    plain = isinstance(taken.outcome, Accepted) or bool(earlier.conditions)
    answered = isinstance(taken.answer, Declined | Failed)
    return plain and answered and earlier.differences[0].part == "outcome"


def _harms_bystanders(found: Deviation, difference: Difference) -> bool:
    """Whether a call that names no snapshot changed a point: which one is chance."""
    return target_of(found.operation) is None and (
        difference.relation == "base" or difference.relation in BYSTANDERS
    )


def _speaking(found: Deviation) -> tuple[str, ...]:
    """Every rule that speaks of the first difference, with those that were named for it."""
    first, taken = found.differences[0], found.run.steps[-1]
    word = outcome_word(taken)
    speaking = attribute(found.operation.call, word, first.part, first.relation, found.conditions)
    return (*found.rules, *speaking)


def _would_show(difference: Difference, found: Deviation, profile: Profile) -> bool:
    """Whether a difference of this kind would have shown in the step of another deviation."""
    taken = found.run.steps[-1]
    if difference.part not in PARTS or difference.relation not in RELATIONS:
        return True
    conditions = conditions_of(taken.before, taken.operation, profile)
    holdings = Holdings(lambda captured: captured)
    told = told_by(
        taken.before,
        taken.operation,
        taken.outcome,
        conditions,
        holdings,
        looked=taken.observation is not None,
    )
    return bool(told & pairs(difference.part, difference.relation))
