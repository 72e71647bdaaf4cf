"""Judges a history of several callers: an order that explains it, or the first call that none explains."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from snaptree.conformance.engine.answers import Declined, Failed, answer_text
from snaptree.conformance.engine.differences import Difference
from snaptree.conformance.judging.linearizing import MOST_NODES, Result, Search, linearize
from snaptree.conformance.judging.moments import Moment, faults
from snaptree.conformance.sequences.history import Call, History
from snaptree.spec import operations as ops
from snaptree.spec.profiles import Profile
from snaptree.spec.state import Domain, blank_domain

MOST_NODES_OF_A_PREFIX: Final = 2_000
"""The moments that a search for the first unexplained call visits at most, in a part of the history."""

ORDER: Final = "CONCUR-1"
ALONE: Final = "CONCUR-2"
LOOK: Final = "CONCUR-3"
PROGRESS: Final = "CONCUR-4"
UNANSWERED: Final = "CONCUR-5"
FAILURE: Final = "CONCUR-6"
RECOVERY: Final = "CONCUR-7"
REFUSAL: Final = "REFUSE-1"
FAILED: Final = "REFUSE-2"
ISSUED_TWICE: Final = "NAME-1"


@dataclass(frozen=True)
class Contradiction:
    """The first call of a history, by its end, that nothing explains, and the rule that it breaks.

    ``differences`` say what is wrong with its answer, for each of the states that were found possible.
    """

    call: Call
    rule: str
    expected: str
    observed: str
    differences: tuple[tuple[Difference, ...], ...] = ()
    possible: tuple[Domain, ...] = ()
    """The states that the search stood in when it needed the call, at most ``FRONTIER``."""


@dataclass(frozen=True)
class Opinion:
    """What the specification says of a history: explained, unexplained, or undecided after so many nodes.

    ``order`` are the calls that took effect, in an order that explains the history.
    """

    result: Result
    order: tuple[Call, ...]
    nodes: int
    contradiction: Contradiction | None = None


def assess_history(history: History, profile: Profile, *, most_nodes: int = MOST_NODES) -> Opinion:
    """Judge a history under a profile; each search visits ``most_nodes`` moments at most.

    Raises TraceError if the history begins with what is no tree.
    """
    return assess_calls(history.calls, first_moment(history, profile), most_nodes=most_nodes)


def assess_calls(calls: Sequence[Call], first: Moment, *, most_nodes: int = MOST_NODES) -> Opinion:
    """Judge calls, in the order in which they began, that found the domain at a moment."""
    busy = wrongly_busy(calls)
    if busy is not None:
        return Opinion("unexplained", (), 0, busy)
    lone = _lone_failure(calls)
    if lone is not None:
        return Opinion("unexplained", (), 0, lone)
    found = linearize(calls, first, most_nodes=most_nodes)
    if found.result != "unexplained":
        return Opinion(found.result, tuple(calls[number] for number in found.order), found.nodes)
    end, nodes = _first_unexplained(calls, first, found, most_nodes)
    return Opinion("unexplained", (), nodes, _contradiction(calls, first, end, most_nodes))


def first_moment(history: History, profile: Profile) -> Moment:
    """The moment before the first call. Raises TraceError if the start of the history is no tree."""
    start = history.header.started()
    fresh = blank_domain(history.header.disks, persistent=history.header.persistent)
    return Moment.first(fresh if start is None else start.domain, profile, start)


def wrongly_busy(calls: Sequence[Call]) -> Contradiction | None:
    """The first call that was refused as ``Busy`` with nothing, or nothing but such calls, in its way."""
    in_the_way = [call for call in calls if call.changes]
    for call in calls:
        if call.is_busy and not any(other is not call and other.overlaps(call) for other in in_the_way):
            allowed = "not refused as Busy: no call that changes the domain overlaps this one"
            return Contradiction(call, ALONE, allowed, "refused as Busy")
    for group in _groups([call for call in calls if call.is_busy or call.changes]):
        if len(group) > 1 and all(call.is_busy for call in group):
            allowed = f"one of {len(group)} calls that overlap is not refused as Busy"
            return Contradiction(group[0], PROGRESS, allowed, "each of them is refused as Busy")
    return None


def _groups(calls: Iterable[Call]) -> list[list[Call]]:
    """Calls that overlap, directly or through others, in the order in which they began."""
    groups: list[list[Call]] = []
    end: int | None = 0
    for call in calls:
        if groups and (end is None or call.begin <= end):
            groups[-1].append(call)
        else:
            groups.append([call])
            end = call.begin
        end = None if end is None or not call.is_answered else max(end, call.end or call.begin)
    return groups


def _lone_failure(calls: Sequence[Call]) -> Contradiction | None:
    """The first call that failed although no other overlaps it: that is no matter of several callers."""
    for call in calls:
        if not isinstance(call.answer, Failed) or not call.is_answered:
            continue
        if not any(other is not call and other.overlaps(call) for other in calls):
            return Contradiction(call, FAILED, "accepted, or refused with a kind", answer_text(call.answer))
    return None


def _first_unexplained(
    calls: Sequence[Call], first: Moment, found: Search, most_nodes: int
) -> tuple[int, int]:
    """The first end of a call up to which no order explains the history, and the nodes of all searches.

    What ids tell of calls that came later does not count for it, unless a search without it is undecided.
    """
    bound = min(most_nodes, MOST_NODES_OF_A_PREFIX)
    ends = sorted({call.end for call in calls if call.is_answered and call.end is not None})
    reached = None if found.stuck_at is None else calls[found.stuck_at].end
    low, high = 0 if reached is None else ends.index(reached), len(ends) - 1
    by_all = low
    nodes, middle = found.nodes, low  # mostly the first search stopped at the right call
    while low < high:
        tried = linearize(calls, first, until=ends[middle], most_nodes=bound)
        nodes += tried.nodes
        if tried.result == "undecided":
            return ends[by_all], nodes
        if tried.result == "explained":
            low = middle + 1
        else:
            high = middle
        middle = (low + high) // 2
    return ends[low], nodes


def _contradiction(calls: Sequence[Call], first: Moment, end: int, most_nodes: int) -> Contradiction:
    call = next(one for one in calls if one.end == end and one.is_answered)
    known = [other for other in calls if other.begin <= end]
    most_nodes = min(most_nodes, MOST_NODES_OF_A_PREFIX)
    searched = linearize(known, first, until=end, most_nodes=most_nodes)
    if searched.stuck_at is None or known[searched.stuck_at] is not call:
        # It stopped earlier, at what this call tells of ids: a state without it shows what is wrong with it.
        searched = linearize(
            [one for one in known if one is not call], first, until=end, most_nodes=most_nodes
        )
    differences = tuple(dict.fromkeys(faults(moment, call) for moment in searched.frontier))
    shown = min((one for one in differences if one), key=len, default=())
    expected = " or ".join(shown[0].expected) if shown else "an answer that some order explains"
    observed = shown[0].observed if shown or call.answer is None else answer_text(call.answer)
    rule = _rule(known, call, first, shown, most_nodes)
    possible = tuple(moment.domain for moment in searched.frontier)
    return Contradiction(call, rule, expected, observed, differences, possible)


def _rule(
    calls: Sequence[Call], call: Call, first: Moment, shown: Sequence[Difference], most_nodes: int
) -> str:
    """The rule that a reader would name: what would have to be allowed for the history to be explained."""
    if any(one.part == "id" and one.relation == "new" for one in shown):
        return ISSUED_TWICE
    for rule, may_have_happened in _EXCUSES.items():
        changed = [
            replace(one, answer=None) if one is not call and may_have_happened(one) else one for one in calls
        ]
        if changed != list(calls):
            excused = linearize(changed, first, until=call.end, most_nodes=most_nodes)
            # The order tells only if it needs the effect, not if it needs to forget the answer.
            if any(changed[number] is not calls[number] for number in excused.order):
                return rule
    if any(isinstance(one.operation, ops.Crash) for one in calls):
        quiet = [_never_recovered(one) for one in calls]
        if linearize(quiet, first, until=call.end, most_nodes=most_nodes).result == "explained":
            return RECOVERY
    beside = [one for one in calls if one is not call and one.overlaps(call) and not one.operation.reads_only]
    if beside and not any(one.is_answered for one in beside):
        return UNANSWERED
    return LOOK if call.operation.reads_only else ORDER


def _never_recovered(call: Call) -> Call:
    """A crash whose recovery ends nothing: calls that it interrupted may take effect later."""
    return replace(call, answer=None) if isinstance(call.operation, ops.Crash) else call


_EXCUSES: Final[dict[str, Callable[[Call], bool]]] = {
    FAILURE: lambda call: isinstance(call.answer, Failed) and not call.operation.reads_only,
    REFUSAL: lambda call: isinstance(call.answer, Declined) and not call.operation.reads_only,
}
"""The rules that calls break which had an effect that their answer denies."""
