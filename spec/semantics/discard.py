"""discard: a snapshot goes, and its content with it."""

from __future__ import annotations

from collections.abc import Iterator

from snaptree.spec.operations import Discard
from snaptree.spec.outcomes import Casualties
from snaptree.spec.profiles import Profile
from snaptree.spec.semantics.active_state import reset, resume_refused
from snaptree.spec.state import Domain, tree_order


def refused(domain: Domain, operation: Discard, profile: Profile) -> Iterator[str]:
    """Plain: anything that depends on the snapshot. Forced: a reset that is not offered."""
    lost = destroyed(domain, operation)
    if not operation.forced:
        if lost:
            yield "WouldDiscard"
        return
    yield from resume_refused(operation.resume_as, profile)
    to_base = domain.snapshots[operation.snapshot].parent is None
    if lost.active and to_base and not profile.offers("reset_to_base"):
        yield "Unsupported"


def destroyed(domain: Domain, operation: Discard) -> Casualties:
    """Everything below the snapshot, and the active state if it grew from there."""
    subtree = list(domain.subtree(operation.snapshot))
    return Casualties(tuple(tree_order(domain, subtree[1:])), domain.current in subtree)


def effect(domain: Domain, operation: Discard, profile: Profile) -> tuple[Domain, None]:
    """The tree: the snapshot and everything below it go.

    The active state: unchanged, or reset to the parent if it was a casualty.
    """
    parent = domain.snapshots[operation.snapshot].parent
    lost = destroyed(domain, operation)
    after = domain.with_cut_off(operation.snapshot)
    if lost.active:
        after = reset(after, parent, operation.resume_as)
    return after, None
