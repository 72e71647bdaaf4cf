"""What is looked at after a step: which part, of which snapshot, seen from the operation.

These words are the vocabulary in which rules say what they speak of, so that a
difference between model and driver can be attributed to rules.
"""

from __future__ import annotations

from typing import Final

from snaptree.spec.bindings.libvirt_calls import RevertToSnapshot
from snaptree.spec.operations import Create, Discard, LookupByName, MergeIntoParent, Operation, Revert
from snaptree.spec.outcomes import Accepted, Outcome
from snaptree.spec.profiles import Profile
from snaptree.spec.semantics import destroyed
from snaptree.spec.state import Domain

PARTS: Final = (
    "outcome", "result", "casualties", "existence", "parent", "order", "id", "uuid", "name", "description",
    "captured", "current", "content", "size", "memory", "power", "configuration", "managed_save", "events",
)  # fmt: skip

RELATIONS: Final = (
    "target", "parent", "child", "descendant", "sibling", "ancestor", "other",
    "new", "active", "base", "domain",
)  # fmt: skip

_BITS: Final = {relation: 1 << place for place, relation in enumerate(RELATIONS)}


def target_of(operation: Operation) -> str | None:
    """The snapshot that an operation names, or None."""
    return getattr(operation, "snapshot", None)


def relation_of(before: Domain, target: str | None, snapshot: str) -> str:
    """How ``snapshot`` is related to the operation's target in the tree before it."""
    if snapshot not in before.snapshots:
        return "target" if snapshot == target else "new"
    if target is None or target not in before.snapshots:
        # An operation without a target acts where the active state is.
        return "parent" if snapshot == before.current and target is None else "other"
    if snapshot == target:
        return "target"
    parent = before.snapshots[target].parent
    if snapshot == parent:
        return "parent"
    above = list(before.ancestors(snapshot))
    if target in above:
        return "child" if above[1] == target else "descendant"
    if snapshot in before.ancestors(parent):
        return "ancestor"
    family = before.children_of(parent)
    return "sibling" if any(ancestor in family for ancestor in above) else "other"


def relations_present(before: Domain, operation: Operation, outcome: Outcome) -> int:
    """Every relation that some snapshot has to the target, as a set of bits.

    This is counted on every step of every method, so it looks at the shape of
    the tree around the target and never at each snapshot.
    """
    bits = _BITS["active"] | _BITS["base"] | _BITS["domain"]
    target = target_of(operation)
    if isinstance(outcome, Accepted) and operation.creates:
        bits |= _BITS["new"]
    snapshots = before.snapshots
    if target is None or target not in snapshots:
        if target is None and before.current is not None:
            bits |= _BITS["parent"]
        if len(snapshots) > (before.current is not None):
            bits |= _BITS["other"]
        return bits | (_BITS["target"] if target is not None else 0)
    bits |= _BITS["target"]
    parent = snapshots[target].parent
    children = before.children_of(target)
    below = children
    seen = 1
    if children:
        bits |= _BITS["child"]
        seen += len(children)
        if any(before.children_of(child) for child in below):
            bits |= _BITS["descendant"]
    if parent is not None:
        bits |= _BITS["parent"]
        seen += 1
        if snapshots[parent].parent is not None:
            bits |= _BITS["ancestor"]
    siblings = len(before.children_of(parent)) - 1
    if siblings:
        bits |= _BITS["sibling"]
        seen += siblings
    if seen < len(snapshots) and parent is not None and _has_others(before, parent):
        bits |= _BITS["other"]
    return bits


def _has_others(before: Domain, parent: str) -> bool:
    """Whether something lies neither above nor under the parent: an aunt, or another root."""
    for ancestor in before.ancestors(parent):
        if len(before.children_of(before.snapshots[ancestor].parent)) > 1:
            return True
    return False


_NONE: Final[frozenset[str]] = frozenset()


def conditions_of(before: Domain, operation: Operation, profile: Profile) -> frozenset[str]:
    """Which of the conditions that rules can name hold for this step."""
    held: list[str] = []
    if before.retired:
        held.append("retired")
    if before.managed_save is not None:
        held.append("image")
    if before.independent:
        held.append("independent")
    if not before.persistent:
        held.append("transient")
    target = before.snapshots.get(target_of(operation) or "")
    if target is not None and target.name.isdecimal():
        held.append("numeric-name")
    match operation:
        case Create():
            if operation.memory:
                held.append("with-memory")
            elif before.active.power != "off":
                held.append("disk-only")
            if operation.quiesce:
                held.append("quiesce")
            if operation.name in before.names and profile.names.policy == "replace":
                held.append("replaces")
            if profile.roots == "single" and before.current is None and before.snapshots:
                held.append("second-root")
        case Revert():
            point = before.snapshots.get(operation.snapshot)
            if point is not None:
                held.append("disk-only" if point.point.memory is None else "with-memory")
            if operation.resume_as is not None:
                held.append("resume-as")
        case MergeIntoParent() | Discard() if operation.forced:
            if operation.resume_as is not None:
                held.append("resume-as")
            if destroyed(before, operation).active:
                held.append("reset")
                if before.snapshots[operation.snapshot].parent is None:
                    held.append("base-reset")
        case RevertToSnapshot() if operation.snapshot in before:
            on = before.snapshots[operation.snapshot].point.memory is not None
            held.append("with-memory" if on else "disk-only")
            if operation.flags & 3:
                held.append("resume-as")
        case LookupByName():
            if len(before.names.get(operation.name, ())) > 1:
                held.append("repeated-name")
    return frozenset(held) if held else _NONE


def names_of(bits: int) -> tuple[str, ...]:
    """The relations in a set of bits."""
    return tuple(relation for relation, bit in _BITS.items() if bits & bit)
