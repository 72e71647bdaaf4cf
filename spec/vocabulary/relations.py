"""Relations: where a snapshot stands, seen from the operation's target in the tree before it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from snaptree.spec.operations import Operation, target_of
from snaptree.spec.outcomes import Accepted, Outcome
from snaptree.spec.state import Domain


@dataclass(frozen=True)
class Relation:
    """A place in the tree or around it. ``text`` is what readers see."""

    name: str
    text: str


RELATIONS: Final = {
    relation.name: relation
    for relation in (
        Relation("target", "the snapshot that is named"),
        Relation("parent", "its parent"),
        Relation("child", "its children"),
        Relation("descendant", "what is further below"),
        Relation("sibling", "its siblings, with what is below them"),
        Relation("ancestor", "what is above its parent"),
        Relation("other", "every other snapshot"),
        Relation("new", "the new snapshot"),
        Relation("active", "the active state"),
        Relation("base", "the base"),
        Relation("domain", "the domain"),
    )
}
"""The relations by name. What is not a snapshot (active, base, domain) is related to every operation."""

_BITS: Final = {relation: 1 << place for place, relation in enumerate(RELATIONS)}
_TARGET, _PARENT, _CHILD, _DESCENDANT, _SIBLING, _ANCESTOR, _OTHER, _NEW, *_NO_SNAPSHOTS = _BITS.values()
_ALWAYS: Final = sum(_NO_SNAPSHOTS)


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
    bits = _ALWAYS
    target = target_of(operation)
    if isinstance(outcome, Accepted) and operation.creates:
        bits |= _NEW
    snapshots = before.snapshots
    if target is None:
        if before.current is not None:
            bits |= _PARENT
        return bits | _OTHER if len(snapshots) > (before.current is not None) else bits
    bits |= _TARGET
    if target not in snapshots:
        return bits | _OTHER if snapshots else bits
    parent = snapshots[target].parent
    children = before.children_of(target)
    below = children
    seen = 1
    if children:
        bits |= _CHILD
        seen += len(children)
        if any(before.children_of(child) for child in below):
            bits |= _DESCENDANT
    if parent is not None:
        bits |= _PARENT
        seen += 1
        if snapshots[parent].parent is not None:
            bits |= _ANCESTOR
    siblings = len(before.children_of(parent)) - 1
    if siblings:
        bits |= _SIBLING
        seen += siblings
    if seen < len(snapshots) and parent is not None and _has_others(before, parent):
        bits |= _OTHER
    return bits


def _has_others(before: Domain, parent: str) -> bool:
    """Whether something lies neither above nor under the parent: an aunt, or another root."""
    for ancestor in before.ancestors(parent):
        if len(before.children_of(before.snapshots[ancestor].parent)) > 1:
            return True
    return False


def names_of(bits: int) -> tuple[str, ...]:
    """The relations in a set of bits."""
    return tuple(relation for relation, bit in _BITS.items() if bits & bit)
