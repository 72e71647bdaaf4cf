"""merge_into_parent: the parent's point becomes the point of the snapshot, which goes."""

from __future__ import annotations

from collections.abc import Iterator

from snaptree.spec.copies import replace
from snaptree.spec.operations import MergeIntoParent, MergeIntoParentForced
from snaptree.spec.outcomes import Casualties
from snaptree.spec.profiles import Profile
from snaptree.spec.semantics.resetting import reset, reset_refused
from snaptree.spec.semantics.roots import splits_the_root
from snaptree.spec.state import Domain, tree_order


def refused(domain: Domain, operation: MergeIntoParent, profile: Profile) -> Iterator[str]:
    """Other dependents of the parent, or a second root."""
    if destroyed(domain, operation, profile):
        yield "WouldDiscard"
    yield from splits_the_root(domain, operation.snapshot, profile)


def forced_refused(domain: Domain, operation: MergeIntoParentForced, profile: Profile) -> Iterator[str]:
    """A reset that is not offered, or a second root."""
    yield from reset_refused(domain, operation, destroyed(domain, operation, profile), profile)
    yield from splits_the_root(domain, operation.snapshot, profile)


def destroyed(
    domain: Domain, operation: MergeIntoParent | MergeIntoParentForced, profile: Profile
) -> Casualties:
    """The other dependents of the parent, with everything below them."""
    parent = domain.snapshots[operation.snapshot].parent
    others = [child for child in domain.children_of(parent) if child != operation.snapshot]
    gone = [below for other in others for below in domain.subtree(other)]
    active = domain.current == parent or domain.current in gone
    return Casualties(tuple(tree_order(domain, gone)), active)


def effect(
    domain: Domain, operation: MergeIntoParent | MergeIntoParentForced, profile: Profile
) -> tuple[Domain, None]:
    """The tree: casualties go, the snapshot goes, its children move to the parent.

    The active state: unchanged, or reset to the merged parent if it was a casualty.
    """
    merged = domain.snapshots[operation.snapshot]
    lost = destroyed(domain, operation, profile)
    after = domain
    for other in domain.children_of(merged.parent):
        if other != merged.id:
            after = after.with_cut_off(other)
    if merged.parent is None:
        # The base holds disks and configuration only: nobody resumes from it.
        after = replace(after, base=replace(merged.point, memory=None, power="off"))
    else:
        parent = replace(after.snapshots[merged.parent], point=merged.point, captured=merged.captured)
        after = after.with_changed(parent)
    after = after.with_spliced_out(merged.id)
    if isinstance(operation, MergeIntoParentForced) and lost.active:
        after = reset(after, merged.parent, operation.resume_as)
    return after, None
