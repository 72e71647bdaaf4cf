"""remove_subtree: a snapshot and all below it go, the active state stays."""

from __future__ import annotations

from collections.abc import Iterator

from snaptree.spec.copies import replace
from snaptree.spec.operations import RemoveSubtree
from snaptree.spec.profiles import Profile
from snaptree.spec.state import Domain


def refused(domain: Domain, operation: RemoveSubtree, profile: Profile) -> Iterator[str]:
    """Nothing: what goes was named as a subtree, and the active state is kept."""
    yield from ()


def effect(domain: Domain, operation: RemoveSubtree, profile: Profile) -> tuple[Domain, None]:
    """The tree: the subtree goes, leaf first, its top too unless it is kept.

    The active state: unchanged; current is the nearest survivor or none.
    """
    top = operation.snapshot
    survivor: str | None
    if operation.keep_root:
        heads, survivor = domain.children_of(top), top
    else:
        heads, survivor = (top,), domain.snapshots[top].parent
    after = domain
    for head in heads:
        after = after.with_cut_off(head)
    if after.current is not None and after.current not in after.snapshots:
        after = replace(after, current=survivor)
    return after, None
