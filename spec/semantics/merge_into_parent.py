"""merge_into_parent: the parent's point becomes the point of the snapshot, which goes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from snaptree.spec.operations import MergeIntoParent
from snaptree.spec.outcomes import Casualties
from snaptree.spec.profiles import Profile
from snaptree.spec.semantics.active_state import reset, resume_refused
from snaptree.spec.state import Domain, tree_order


def refused(domain: Domain, operation: MergeIntoParent, profile: Profile) -> Iterator[str]:
    """Plain: other dependents of the parent. Forced: a reset that is not offered."""
    lost = destroyed(domain, operation)
    if not operation.forced:
        if lost:
            yield "WouldDiscard"
        return
    yield from resume_refused(operation.resume_as, profile)
    to_base = domain.snapshots[operation.snapshot].parent is None
    if lost.active and to_base and not profile.offers("reset_to_base"):
        yield "Unsupported"


def destroyed(domain: Domain, operation: MergeIntoParent) -> Casualties:
    """The other dependents of the parent, with everything below them."""
    parent = domain.snapshots[operation.snapshot].parent
    others = [child for child in domain.children_of(parent) if child != operation.snapshot]
    gone = [below for other in others for below in domain.subtree(other)]
    active = domain.current == parent or domain.current in gone
    return Casualties(tuple(tree_order(domain, gone)), active)


def effect(domain: Domain, operation: MergeIntoParent, profile: Profile) -> tuple[Domain, None]:
    """The tree: casualties go, the snapshot goes, its children move to the parent.

    The active state: unchanged, or reset to the merged parent if it was a casualty.
    """
    merged = domain.snapshots[operation.snapshot]
    lost = destroyed(domain, operation)
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
    if lost.active:
        after = reset(after, merged.parent, operation.resume_as)
    return after, None
