"""Everything that removes a snapshot: from the tree before to the tree after, or refused.

No delete says what becomes of storage. It says which layers hold the content that
the tree after speaks of. Every layer that stays reads the same before and after: a
backend whose layers build on each other has to see to that.
"""

from __future__ import annotations

from dataclasses import replace

from snaptree.conformance.drivers.kit.kept_tree.changes import check_resume
from snaptree.conformance.drivers.kit.kept_tree.tree import KeptTree, Retired
from snaptree.conformance.drivers.kit.one_delete import ACTIVE, casualties
from snaptree.spec.outcomes import InvalidArgument, NoSuchSnapshot, WouldDiscard


def merge_into_children(tree: KeptTree, snapshot: str) -> KeptTree:
    """The snapshot goes; what grew from it takes over what it held."""
    target = tree.node(snapshot)
    if not tree.children(target.id) and tree.current != target.id:
        raise WouldDiscard(
            f"nothing grows from {target.name!r}, so nothing can take over its content",
            casualties=[target.id],
        )
    return tree.without([target.id])


def merge_into_parent(
    tree: KeptTree, snapshot: str, *, forced: bool = False, resume_as: str | None = None
) -> KeptTree:
    """The snapshot's layer becomes its parent's, or the base; the parent's old layer goes."""
    target = tree.node(snapshot)
    check_resume(resume_as)
    others = [child for child in tree.children(target.parent) if child != target.id]
    lost = tree.in_order(below for other in others for below in tree.subtree(other))
    active_lost = tree.current == target.parent or tree.current in lost
    if (lost or active_lost) and not forced:
        raise WouldDiscard(
            f"{target.name!r} is not all that grows from its parent",
            casualties=[*lost, *([ACTIVE] if active_lost else [])],
        )
    after = tree.without([*lost, target.id])
    if target.parent is None:
        after = replace(after, base=target.layer)
    else:
        parent = after.snapshots[target.parent]
        after = after.with_snapshot(replace(parent, layer=target.layer, captured=target.captured))
    return after.with_fresh_active(target.parent) if active_lost else after


def discard(tree: KeptTree, snapshot: str, *, forced: bool = False, resume_as: str | None = None) -> KeptTree:
    """The snapshot goes with its content; forced, with everything that grew from it."""
    target = tree.node(snapshot)
    check_resume(resume_as)
    lost = casualties(tree, target.id)
    if lost and not forced:
        raise WouldDiscard(f"something grows from {target.name!r}", casualties=lost)
    after = tree.without(tree.subtree(target.id))
    return after.with_fresh_active(target.parent) if ACTIVE in lost else after


def remove_subtree(tree: KeptTree, snapshot: str, keep_root: bool) -> KeptTree:
    """The subtree goes, its top too unless it is kept; the active state keeps its content."""
    target = tree.node(snapshot)
    return tree.without(below for below in tree.subtree(target.id) if not (keep_root and below == target.id))


def retire(tree: KeptTree, snapshot: str) -> KeptTree:
    """The snapshot leaves the tree; its layer stays, under whatever grew from it."""
    target = tree.node(snapshot)
    gone = Retired(target.uuid, target.layer)
    return replace(tree.without([target.id]), retired={**tree.retired, target.id: gone})


def reclaim(tree: KeptTree, snapshot: str) -> KeptTree:
    """The layer of a retired snapshot goes."""
    if isinstance(snapshot, str) and snapshot in tree.snapshots:
        raise InvalidArgument(f"{tree.snapshots[snapshot].name!r} was not retired")
    if not isinstance(snapshot, str) or snapshot not in tree.retired:
        raise NoSuchSnapshot("no retired snapshot has this id")
    return replace(tree, retired={key: gone for key, gone in tree.retired.items() if key != snapshot})
