"""Everything that removes a snapshot: from the tree before to the tree after, or refused.

No delete says what becomes of the images. It says which layers hold the content
that the tree after speaks of; ``storage`` gives every layer that stays another
backing file where its old one goes, without changing what it reads.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from snaptree.conformance.drivers.qemu.changes import check_resume, find
from snaptree.conformance.drivers.qemu.tree import Retired, Tree
from snaptree.spec.outcomes import InvalidArgument, NoSuchSnapshot, WouldDiscard


def merge_into_children(tree: Tree, snapshot: str) -> Tree:
    """The snapshot goes; what grew from it takes over what it held."""
    target = find(tree, snapshot)
    if not tree.children(target.id) and tree.current != target.id:
        raise WouldDiscard(
            f"nothing grows from {target.name!r}, so nothing can take over its content",
            casualties=[target.id],
        )
    return tree.without([target.id])


def merge_into_parent(
    tree: Tree, snapshot: str, *, forced: bool = False, resume_as: str | None = None
) -> Tree:
    """The snapshot's layer becomes its parent's, or the base; the parent's old layer goes."""
    target = find(tree, snapshot)
    check_resume(resume_as)
    others = [child for child in tree.children(target.parent) if child != target.id]
    lost = _in_order(tree, (below for other in others for below in tree.subtree(other)))
    active_lost = tree.current == target.parent or tree.current in lost
    if (lost or active_lost) and not forced:
        raise _would_discard(f"{target.name!r} is not all that grows from its parent", lost, active_lost)
    after = tree.without([*lost, target.id])
    if target.parent is None:
        after = replace(after, base=target.layer)
    else:
        parent = after.snapshots[target.parent]
        after = after.with_snapshot(replace(parent, layer=target.layer, captured=target.captured))
    return after.with_fresh_active(target.parent) if active_lost else after


def discard(tree: Tree, snapshot: str, *, forced: bool = False, resume_as: str | None = None) -> Tree:
    """The snapshot goes with its content; forced, with everything that grew from it."""
    target = find(tree, snapshot)
    check_resume(resume_as)
    subtree = tree.subtree(target.id)
    lost = [below for below in subtree if below != target.id]
    active_lost = tree.current in subtree
    if (lost or active_lost) and not forced:
        raise _would_discard(f"something grows from {target.name!r}", lost, active_lost)
    after = tree.without(subtree)
    return after.with_fresh_active(target.parent) if active_lost else after


def remove_subtree(tree: Tree, snapshot: str, keep_root: bool) -> Tree:
    """The subtree goes, its top too unless it is kept; the active state keeps its content."""
    target = find(tree, snapshot)
    return tree.without(below for below in tree.subtree(target.id) if not (keep_root and below == target.id))


def retire(tree: Tree, snapshot: str) -> Tree:
    """The snapshot leaves the tree; its layer stays, under whatever grew from it."""
    target = find(tree, snapshot)
    gone = Retired(target.uuid, target.layer)
    return replace(tree.without([target.id]), retired={**tree.retired, target.id: gone})


def reclaim(tree: Tree, snapshot: str) -> Tree:
    """The layer of a retired snapshot goes."""
    if isinstance(snapshot, str) and snapshot in tree.snapshots:
        raise InvalidArgument(f"{tree.snapshots[snapshot].name!r} was not retired")
    if not isinstance(snapshot, str) or snapshot not in tree.retired:
        raise NoSuchSnapshot("no retired snapshot has this id")
    return replace(tree, retired={key: gone for key, gone in tree.retired.items() if key != snapshot})


def _would_discard(text: str, lost: list[str], active: bool) -> WouldDiscard:
    return WouldDiscard(text, casualties=[*lost, *(["active"] if active else [])])


def _in_order(tree: Tree, snapshots: Iterable[str]) -> list[str]:
    wanted = set(snapshots)
    return [one for one in tree.snapshots if one in wanted]
