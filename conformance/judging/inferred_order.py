"""Which calls came before others, as ids tell that are issued once.

A snapshot is used after its creation and before its removal, and a listing shows the order of creation.
Each conclusion follows from the specification, for ids that one create returned in this history, and no
other: an id that was issued twice tells nothing here, and the search finds it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Final

from snaptree.conformance.driver import Json
from snaptree.conformance.engine.answers import Declined, Returned
from snaptree.conformance.engine.form import fits_form
from snaptree.conformance.sequences.history import Call, Observe
from snaptree.spec import operations as ops
from snaptree.spec.operations import KINDS, Operation, target_of
from snaptree.spec.profiles import Profile

_REMOVES: Final[frozenset[type[Operation]]] = frozenset({
    ops.Discard, ops.DiscardForced, ops.MergeIntoChildren, ops.MergeIntoParent, ops.MergeIntoParentForced,
    ops.Retire, ops.RemoveSubtree,
})  # fmt: skip
"""What removes the snapshot that it names, when it is accepted."""

_REMOVES_OTHERS: Final[frozenset[type[Operation]]] = frozenset({
    ops.DiscardForced, ops.MergeIntoParentForced, ops.RemoveSubtree, ops.UndefineForced,
})  # fmt: skip
"""What may remove snapshots that it does not name. A call of another API may as well."""

_SPLICES: Final[frozenset[type[Operation]]] = frozenset({
    ops.MergeIntoChildren, ops.MergeIntoParent, ops.MergeIntoParentForced, ops.Retire,
})  # fmt: skip
"""What gives the children of the snapshot that it names to its parent."""

_KEEPS_POINTS: Final[frozenset[type[Operation]]] = frozenset({*KINDS.values(), ops.WriteBlocks}) - {
    ops.MergeIntoParent, ops.MergeIntoParentForced,
}  # fmt: skip
"""What gives no snapshot the point of another one."""

_OF_THE_MODEL: Final[frozenset[type[Operation]]] = frozenset({*KINDS.values(), ops.WriteBlocks, Observe})


@dataclass(slots=True)
class Evidence:
    """The calls that tell of one id, by their numbers."""

    creates: list[int] = field(default_factory=list)
    present: list[int] = field(default_factory=list)
    absent: list[int] = field(default_factory=list)
    removals: list[int] = field(default_factory=list)
    possible_removals: list[int] = field(default_factory=list)
    """Those that may have removed it, and have no answer that counts."""


class Order:
    """For each call the calls that took effect before it, beside those that had ended when it began."""

    def __init__(self, calls: Sequence[Call]) -> None:
        self.calls = calls
        self.before: list[set[int]] = [set() for _ in calls]

    def add(self, earlier: int, later: int) -> None:
        """Note one conclusion."""
        if earlier != later and not self.calls[earlier].precedes(self.calls[later]):
            self.before[later].add(earlier)


@dataclass(frozen=True)
class Inferred:
    """What the ids of a history tell before any order is tried."""

    before: list[set[int]]
    """For each call the numbers of calls that took effect before it."""
    parents: dict[int, frozenset[str | None]]
    """For the number of a create what can have been current when it took effect; None is base."""
    contents: dict[int, Json]
    """For the number of a create the disks that it captured, as a look showed them."""


def infer(
    calls: Sequence[Call], known: frozenset[str], profile: Profile, required: Sequence[bool]
) -> Inferred:
    """The order of calls, and the parents of new snapshots, as far as ids tell them.

    ``known`` are ids that were issued before the history. Only calls that are ``required`` are evidence: the
    others have no answer yet, or none at all.
    """
    order = Order(calls)
    evidence, listings = _gather(calls, profile, required)
    once = {one: it for one, it in evidence.items() if len(it.creates) == 1 and one not in known}
    for number, listed in listings:
        made = [once[one].creates[0] for one in listed if one in once]
        for first, second in pairwise(made):
            order.add(first, second)
        if not isinstance(calls[number].operation, ops.Children):
            there = set(listed)
            for one, it in once.items():
                if one not in there:
                    it.absent.append(number)
    wide = [number for number, call in enumerate(calls) if _may_remove_any(call, profile)]
    for it in once.values():
        _conclude(order, it, wide)
    return Inferred(
        order.before, _parents(calls, once, profile, required), _contents(calls, once, profile, required)
    )


def _gather(
    calls: Sequence[Call], profile: Profile, required: Sequence[bool]
) -> tuple[dict[str, Evidence], list[tuple[int, list[str]]]]:
    """What each call tells of ids, and the full listings and those of children."""
    evidence: dict[str, Evidence] = defaultdict(Evidence)
    listings: list[tuple[int, list[str]]] = []
    absence_is_told = not any(one.kind == "NoSuchSnapshot" for one in profile.refuses)
    for number, call in enumerate(calls):
        operation, answer, target = call.operation, call.answer, target_of(call.operation)
        accepted = isinstance(answer, Returned)
        if type(operation) is ops.Create and isinstance(answer, Returned) and isinstance(answer.result, str):
            evidence[answer.result].creates.append(number)
        if target is not None and type(operation) in _REMOVES and (accepted or not call.is_answered):
            whole = required[number] and accepted and not getattr(operation, "keep_root", False)
            (evidence[target].removals if whole else evidence[target].possible_removals).append(number)
        if not required[number]:
            continue
        listed = _listed(call)
        if listed is not None:
            listings.append((number, listed))
        for one in _present(call, listed):
            evidence[one].present.append(number)
        if absence_is_told and target is not None and _is_unknown(operation, answer):
            evidence[target].absent.append(number)
    return evidence, listings


def _conclude(order: Order, it: Evidence, wide: list[int]) -> None:
    """The conclusions from one id; ``wide`` are the calls that may have removed any snapshot."""
    calls, create = order.calls, it.creates[0]
    for number in it.present:
        order.add(create, number)
    removal = it.removals[0] if len(it.removals) == 1 else None
    if removal is not None:
        for number in it.present:
            order.add(number, removal)
    elif it.removals:
        return
    for number in it.absent:
        if calls[number].precedes(calls[create]):
            continue
        if calls[create].precedes(calls[number]):
            if removal is not None:
                order.add(removal, number)
        elif removal is None:
            between = (calls[one] for one in (*it.possible_removals, *wide))
            if not any(_may_lie_between(calls[create], one, calls[number]) for one in between):
                order.add(number, create)
        elif not _may_lie_between(calls[create], calls[removal], calls[number]):
            order.add(number, create)


def _may_lie_between(first: Call, call: Call, last: Call) -> bool:
    return not call.precedes(first) and not last.precedes(call)


def _parents(
    calls: Sequence[Call], once: dict[str, Evidence], profile: Profile, required: Sequence[bool]
) -> dict[int, frozenset[str | None]]:
    """What looks tell of parents; a snapshot that was merged away may have stood between the two."""
    if profile.names.policy == "replace" or any(
        may_have_effect(call) and type(call.operation) not in _OF_THE_MODEL for call in calls
    ):
        return {}
    merges = [call for call in calls if type(call.operation) in _SPLICES and may_have_effect(call)]
    found: dict[int, frozenset[str | None]] = {}
    for number, call in enumerate(calls):
        for snapshot, parent in _families(call) if required[number] else ():
            if snapshot in once:
                create = once[snapshot].creates[0]
                between = (one for one in merges if _may_lie_between(calls[create], one, call))
                allowed = frozenset({parent, *(target_of(one.operation) for one in between)})
                found[create] = found.get(create, allowed) & allowed
    return found


def _contents(
    calls: Sequence[Call], once: dict[str, Evidence], profile: Profile, required: Sequence[bool]
) -> dict[int, Json]:
    """The disks that new snapshots were first shown with, before any merge can have given them others."""
    changing = [call for call in calls if may_have_effect(call) and type(call.operation) not in _KEEPS_POINTS]
    found: dict[int, Json] = {}
    if profile.observes.get("disks") != "always":
        return found
    for number, call in enumerate(calls):
        looked = required[number] and isinstance(call.operation, Observe) and _listed(call) is not None
        if not looked or not isinstance(call.answer, Returned):
            continue
        for entry in call.answer.result["snapshots"]:
            if entry["id"] not in once or "disks" not in entry.get("point", ()):
                continue
            create = once[entry["id"]].creates[0]
            if create not in found and not any(
                _may_lie_between(calls[create], one, call) for one in changing
            ):
                found[create] = entry["point"]["disks"]
    return found


def _families(call: Call) -> Iterator[tuple[str, str | None]]:
    """The snapshots and their parents that an answer shows."""
    operation, answer = call.operation, call.answer
    if not isinstance(answer, Returned):
        return
    if isinstance(operation, ops.Parent):
        yield operation.snapshot, answer.result
    elif isinstance(operation, ops.Children):
        yield from ((one, operation.snapshot) for one in _listed(call) or ())
    elif isinstance(operation, Observe) and _listed(call) is not None:
        yield from ((one["id"], one["parent"]) for one in answer.result["snapshots"] if "parent" in one)


def may_have_effect(call: Call) -> bool:
    """Whether a call may change the domain, as far as its answer tells."""
    return not call.operation.reads_only and (not call.is_answered or isinstance(call.answer, Returned))


def _may_remove_any(call: Call, profile: Profile) -> bool:
    operation = call.operation
    if not may_have_effect(call):
        return False
    replaces = type(operation) is ops.Create and profile.names.policy == "replace"
    return replaces or type(operation) in _REMOVES_OTHERS or type(operation) not in _OF_THE_MODEL


def _is_unknown(operation: Operation, answer: object) -> bool:
    """Whether an answer says that no listed snapshot has the id that the operation names."""
    if not isinstance(answer, Declined) or answer.kind != "NoSuchSnapshot":
        return False
    return isinstance(operation, ops.OnSnapshot) and type(operation) in _OF_THE_MODEL - {ops.Reclaim}


def _listed(call: Call) -> list[str] | None:
    """The ids that a call listed in order of creation; None if it listed none."""
    if not isinstance(call.answer, Returned):
        return None
    result = call.answer.result
    if isinstance(call.operation, ops.ListSnapshots | ops.Children) and isinstance(result, list):
        return [one for one in result if isinstance(one, str)]
    if isinstance(call.operation, Observe) and fits_form(result) and "snapshots" in result:
        return [entry["id"] for entry in result["snapshots"]]
    return None


def _present(call: Call, listed: list[str] | None) -> Iterator[str]:
    """The ids of snapshots that were listed when the call took effect, as its answer tells."""
    operation, answer = call.operation, call.answer
    yield from listed or ()
    if isinstance(answer, Declined) and answer.kind == "WouldDiscard" and type(operation) in _REMOVES:
        yield operation.snapshot  # type: ignore[attr-defined]  # each of them names one
        yield from (one for one in answer.casualties or () if one != "active")
    if not isinstance(answer, Returned) or type(operation) not in _OF_THE_MODEL - {ops.Reclaim}:
        return
    target = target_of(operation)
    if target is not None:
        yield target
    if operation.reads_only and isinstance(answer.result, str):
        yield answer.result
