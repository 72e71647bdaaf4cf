"""What a step can tell: the parts and relations in which another answer would have been seen.

A comparison that cannot fail is no evidence. A revert to a point that the active state equals tells nothing
about its content; a disk that reads zero cannot show that it was emptied; two equal times of capture cannot
show which of the two was kept. A pair (part, relation) is *told* by a step if a difference there would have
been visible.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import reduce
from operator import and_
from typing import Final

from snaptree.spec.operations import Operation, target_of
from snaptree.spec.outcomes import Accepted, Outcome
from snaptree.spec.state import Domain, Point, Snapshot
from snaptree.spec.vocabulary.parts import PARTS
from snaptree.spec.vocabulary.relations import RELATIONS, relation_of, relations_present

_WIDTH: Final = len(RELATIONS)
_PART_PLACES: Final = {part: place * _WIDTH for place, part in enumerate(PARTS)}
_RELATION_PLACES: Final = {relation: place for place, relation in enumerate(RELATIONS)}
_IN_EVERY_PART: Final = sum(1 << place for place in _PART_PLACES.values())

TimeOf = Callable[[int], object]
"""The driver's time of capture for the model's; None where it shows none."""


def pairs(parts: str | tuple[str, ...] = (), relations: str | tuple[str, ...] = ()) -> int:
    """The pairs of these parts and relations as a set of bits; an empty field means all."""
    some = parts.split() if isinstance(parts, str) else parts
    places = relations.split() if isinstance(relations, str) else relations
    row = sum(1 << _RELATION_PLACES[one] for one in places or RELATIONS)
    return sum(row << _PART_PLACES[one] for one in some or PARTS)


def pairs_of(bits: int) -> list[tuple[str, str]]:
    """The pairs (part, relation) in a set of bits."""
    return [
        (part, relation)
        for part, place in _PART_PLACES.items()
        for relation, offset in _RELATION_PLACES.items()
        if bits >> place + offset & 1
    ]


_LISTED: Final = "target parent child descendant sibling ancestor other"
_SNAPSHOTS: Final = f"{_LISTED} new"

_OUTCOME: Final = pairs("outcome form")
_RESULT: Final = pairs("result", "target domain")
_RESULT_ORDER: Final = pairs("order", "target domain")
_CASUALTIES: Final = pairs("casualties", "target domain")
_ID: Final = pairs("id", "new")
_ALWAYS: Final = (
    pairs("existence parent name uuid", _SNAPSHOTS)
    | pairs("power size", f"active {_SNAPSHOTS}")
    | pairs("events", "domain")
    | pairs("visibility")
    | pairs("content size configuration", "base")
)
"""Where a change always shows, whatever the domain holds."""
_ORDER: Final = pairs("order", "domain")
_CAPTURED: Final = pairs("captured", _LISTED)
_DESCRIPTION: Final = pairs("description", _LISTED)
_AT: Final = {relation: pairs("", relation) for relation in RELATIONS}
_OF_WHAT_IS_GONE: Final = pairs("outcome form result casualties existence visibility")
_RECORD_OF_TARGET: Final = _AT["target"] & ~pairs("outcome form result casualties visibility")
_AT_SNAPSHOTS: Final = pairs("", _SNAPSHOTS)
_ACTIVE_CONTENT: Final = pairs("content", "active")
_CONTENT: Final = pairs("content", f"active {_LISTED}")
_MEMORY: Final = pairs("memory", f"active {_LISTED}")
_CONFIGURATION: Final = pairs("configuration", f"active {_LISTED}")
_HELD: Final = {
    (content, memory, configuration): _CONTENT * content | _MEMORY * memory | _CONFIGURATION * configuration
    for content in (False, True)
    for memory in (False, True)
    for configuration in (False, True)
}
"""Where a loss of what a point holds would show."""
_HELD_BELOW: Final = {holds: bits & _AT_SNAPSHOTS for holds, bits in _HELD.items()}
_HELD_ACTIVE: Final = {holds: bits & _AT["active"] for holds, bits in _HELD.items()}
_BASE: Final = pairs("content size configuration", "base")
_IMAGE: Final = pairs("managed_save", "active")


@dataclass(frozen=True)
class Change:
    """Pairs that a call may change, and which of them a step did change.

    ``when`` is a condition without which the call leaves them as they are.
    """

    may: int
    did: Callable[[Domain, Domain, Operation, TimeOf], int]
    when: str | None = None


def _of_points(relation: str, parts: str) -> Callable[[Point, Point], int]:
    bit = {part: pairs(part, relation) for part in parts.split()}
    content, size = bit.get("content", 0), bit.get("size", 0)
    memory, power = bit.get("memory", 0), bit.get("power", 0)
    configuration = bit.get("configuration", 0)

    def changed(old: Point, new: Point) -> int:
        if old is new:
            return 0
        bits = 0
        if old.disks is not new.disks:
            before, after = old.seen["disks"], new.seen["disks"]
            bits |= size if len(before) != len(after) else 0
            for name, disk in after.items():
                known = before.get(name)
                if known is None:
                    bits |= size
                elif known is not disk:
                    bits |= size if known["size"] != disk["size"] else 0
                    bits |= content if known["blocks"] != disk["blocks"] else 0
        if old.memory != new.memory:
            bits |= memory
        if old.power != new.power:
            bits |= power
        # Two empty maps of rpds are equal, and unequal as well: only the first is asked.
        return bits if old.configuration == new.configuration else bits | configuration

    return changed


_POINT: Final = "content size memory power configuration"
_active = _of_points("active", _POINT)
_parent = _of_points("parent", _POINT)
_base = _of_points("base", "content size configuration")
_new = _of_points("new", "content size configuration")


def _active_did(before: Domain, after: Domain, _operation: Operation, _time_of: TimeOf) -> int:
    return _active(before.active, after.active)


def _current_did(before: Domain, after: Domain, _operation: Operation, _time_of: TimeOf) -> int:
    return _CURRENT if before.current != after.current else 0


def _image_did(before: Domain, after: Domain, _operation: Operation, _time_of: TimeOf) -> int:
    return _IMAGE if before.managed_save != after.managed_save else 0


def _parent_did(before: Domain, after: Domain, operation: Operation, time_of: TimeOf) -> int:
    merged = before.snapshots[str(target_of(operation))]
    if merged.parent is None:
        return 0
    old, new = before.snapshots[merged.parent], after.snapshots[merged.parent]
    bits = _parent(old.point, new.point)
    return bits | _PARENT_CAPTURED if time_of(old.captured) != time_of(new.captured) else bits


def _base_did(before: Domain, after: Domain, _operation: Operation, _time_of: TimeOf) -> int:
    return _base(before.base, after.base)


def _new_did(before: Domain, after: Domain, _operation: Operation, _time_of: TimeOf) -> int:
    # A driver that captures nothing shows what was captured before.
    old = before.base if before.current is None else before.snapshots[before.current].point
    made = None if after.current is None else after.snapshots.get(after.current)
    if made is None:
        return 0
    bits = _new(old, made.point) | (_NEW_DESCRIPTION if made.description else 0)
    return bits if before.active.memory is None else bits | _NEW_MEMORY


def _record_did(before: Domain, after: Domain, operation: Operation, _time_of: TimeOf) -> int:
    target = str(target_of(operation))
    old, new = before.snapshots[target], after.snapshots[target]
    return (_NAME if old.name != new.name else 0) | (
        _TARGET_DESCRIPTION if old.description != new.description else 0
    )


_CURRENT: Final = pairs("current", "domain")
_PARENT_CAPTURED: Final = pairs("captured", "parent")
_NEW_MEMORY: Final = pairs("memory", "new")
_NEW_DESCRIPTION: Final = pairs("description", "new")
_NAME: Final = pairs("name", "target")
_TARGET_DESCRIPTION: Final = pairs("description", "target")

_CURRENT_CHANGES: Final = Change(_CURRENT, _current_did)
_IMAGE_CHANGES: Final = Change(_IMAGE, _image_did)
_ACTIVE_CHANGES: Final = Change(pairs(_POINT, "active"), _active_did)
_RESETS: Final = (
    Change(pairs(_POINT, "active"), _active_did, "reset"),
    Change(_IMAGE, _image_did, "reset"),
    Change(_CURRENT, _current_did, "reset"),
)
_PARENT_CHANGES: Final = Change(pairs(_POINT, "parent") | _PARENT_CAPTURED, _parent_did)
_BASE_CHANGES: Final = Change(_BASE, _base_did)


def _of_active(parts: str, *others: Change) -> tuple[Change, ...]:
    return (Change(pairs(parts, "active"), _active_did), *others)


CHANGES: Final[dict[str, tuple[Change, ...]]] = {
    "create": (
        # Nothing is known of the time of a new capture: it is learned.
        Change(
            pairs("content size memory configuration description captured", "new"),
            _new_did,
        ),
        _CURRENT_CHANGES,
    ),
    "revert": (_ACTIVE_CHANGES, _CURRENT_CHANGES, _IMAGE_CHANGES),
    "merge_into_children": (_CURRENT_CHANGES,),
    "merge_into_parent": (_PARENT_CHANGES, _BASE_CHANGES, _CURRENT_CHANGES),
    "merge_into_parent_forced": (_PARENT_CHANGES, _BASE_CHANGES, *_RESETS),
    "discard_forced": _RESETS,
    "remove_subtree": (_CURRENT_CHANGES,),
    "retire": (_CURRENT_CHANGES,),
    "rename": (Change(_NAME, _record_did),),
    "describe": (Change(_TARGET_DESCRIPTION, _record_did),),
    "start": _of_active("memory power", _IMAGE_CHANGES),
    "stop": _of_active("memory power"),
    "crash": _of_active("memory power"),
    "pause": _of_active("power"),
    "resume": _of_active("power"),
    "managed_save": _of_active("memory power", _IMAGE_CHANGES),
    "managed_save_remove": (_IMAGE_CHANGES,),
    "write_disk": _of_active("content"),
    "resize_disk": _of_active("content size"),
    "attach_disk": _of_active("content size"),
    "detach_disk": _of_active("content size"),
    "configure": _of_active("configuration"),
    "write_memory": _of_active("memory"),
}
"""What each call may change where it is accepted. A pair that it may change is told if it did change.

Every other pair is told where the domain holds a value that could have been lost.
"""


class Holdings:
    """What one domain holds that could be lost, as pairs; found again only where the domain has changed."""

    def __init__(self, time_of: TimeOf) -> None:
        self.time_of = time_of
        self._snapshots: object = None
        self._alike = 0
        self._single: dict[str, int] = {}
        self._by_target: dict[str | None, int] = {}
        self._point: Point | None = None
        self._in_active = 0

    def of(self, domain: Domain, target: str | None) -> int:
        """The pairs for the domain in this state, seen from an operation's target."""
        if domain.snapshots is not self._snapshots:
            self._look_at(domain)
        active = domain.active
        if active is not self._point:
            self._in_active = _HELD_ACTIVE[active.holds]
            self._point = active
        bits = _ALWAYS | self._alike | self._in_active
        if self._single:
            bits |= self._seen_from(domain, target)
        if domain.independent and any(disk.blocks for disk in domain.independent.values()):
            bits |= _ACTIVE_CONTENT
        return bits if domain.managed_save is None else bits | _IMAGE

    def _look_at(self, domain: Domain) -> None:
        self._snapshots = domain.snapshots
        self._by_target.clear()
        snapshots = domain.in_order()
        held = {
            one.id: _HELD_BELOW[one.point.holds] | (_DESCRIPTION if one.description else 0)
            for one in snapshots
        }
        self._alike = _CURRENT if held else 0
        if self._has_two_times(snapshots):
            self._alike |= _CAPTURED
        # What every snapshot holds would show wherever one stands; only the rest is asked for one by one.
        common = reduce(and_, held.values(), -1) if held else 0
        self._alike |= common
        self._single = {snapshot: bits for snapshot, bits in held.items() if bits != common}

    def _has_two_times(self, snapshots: list[Snapshot]) -> bool:
        """Whether the driver shows two times of capture that differ."""
        first: object = None
        for place, one in enumerate(snapshots):
            shown = self.time_of(one.captured)
            time = shown if type(shown) is int else repr(shown)
            if place and time != first:
                return True
            first = time
        return False

    def _seen_from(self, domain: Domain, target: str | None) -> int:
        known = self._by_target.get(target)
        if known is None:
            known = 0
            for snapshot, bits in self._single.items():
                known |= bits & _AT[relation_of(domain, target, snapshot)]
            self._by_target[target] = known
        return known


def _of_the_rest(before: Domain, after: Domain, target: str | None) -> int:
    """Every pair of what is still there: what is gone shows that it is, and nothing else."""
    if len(after.snapshots) == len(before.snapshots) - 1 and target is not None and target not in after:
        return ~_AT["target"]
    bits = _AT["active"] | _AT["base"] | _AT["domain"]
    for relation in {relation_of(before, target, snapshot) for snapshot in after.snapshots}:
        bits |= _AT[relation]
    return bits


def told_by(
    before: Domain,
    operation: Operation,
    outcome: Outcome,
    conditions: frozenset[str],
    holdings: Holdings,
    *,
    looked: bool,
) -> int:
    """The pairs that a step tells of, as a set of bits; without a look only those of the answer."""
    target = target_of(operation)
    relations = _IN_EVERY_PART * relations_present(before, operation, outcome)
    if isinstance(outcome, Accepted):
        bits = _told_by_answer(operation, outcome)
        if looked:
            bits |= _told_by_change(before, operation, outcome.domain, conditions, holdings)
    else:
        bits = _OUTCOME if outcome.casualties is None else _OUTCOME | _CASUALTIES
        if looked:
            bits |= holdings.of(before, target) | (_ORDER if len(before.snapshots) > 1 else 0)
    if target is not None and target not in before.snapshots:
        bits &= ~_RECORD_OF_TARGET
    return bits & relations


def _told_by_answer(operation: Operation, outcome: Accepted) -> int:
    if operation.creates:
        return _OUTCOME | _ID
    if not operation.reads_only and outcome.result is None:
        return _OUTCOME
    ordered = isinstance(outcome.result, list) and len(outcome.result) > 1
    return _OUTCOME | _RESULT | _RESULT_ORDER if ordered else _OUTCOME | _RESULT


def _told_by_change(
    before: Domain, operation: Operation, after: Domain, conditions: frozenset[str], holdings: Holdings
) -> int:
    target = target_of(operation)
    bits = holdings.of(before, target)
    if len(after.snapshots) > 1:
        bits |= _ORDER
    if len(after.snapshots) < len(before.snapshots):
        bits &= _OF_WHAT_IS_GONE | _of_the_rest(before, after, target)
    for change in CHANGES.get(operation.call, ()):
        if change.when is None or change.when in conditions:
            bits &= ~change.may
            if after is not before:
                bits |= change.did(before, after, operation, holdings.time_of)
    return bits
