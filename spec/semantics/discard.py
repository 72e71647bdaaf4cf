"""discard: a snapshot goes, and its content with it."""

from __future__ import annotations

from collections.abc import Iterator

from snaptree.spec.operations import Discard, DiscardForced
from snaptree.spec.outcomes import Casualties
from snaptree.spec.profiles import Profile
from snaptree.spec.semantics.resetting import reset, reset_refused
from snaptree.spec.state import Domain, tree_order


def refused(domain: Domain, operation: Discard, profile: Profile) -> Iterator[str]:
    """Anything that depends on the snapshot."""
    if destroyed(domain, operation, profile):
        yield "WouldDiscard"


def forced_refused(domain: Domain, operation: DiscardForced, profile: Profile) -> Iterator[str]:
    """A reset that is not offered."""
    return reset_refused(domain, operation, destroyed(domain, operation, profile), profile)


def destroyed(domain: Domain, operation: Discard | DiscardForced, profile: Profile) -> Casualties:
    """Everything below the snapshot, and the active state if it grew from there."""
    subtree = list(domain.subtree(operation.snapshot))
    return Casualties(tuple(tree_order(domain, subtree[1:])), domain.current in subtree)


def effect(domain: Domain, operation: Discard | DiscardForced, profile: Profile) -> tuple[Domain, None]:
    """The tree: the snapshot and everything below it go.

    The active state: unchanged, or reset to the parent if it was a casualty.
    """
    parent = domain.snapshots[operation.snapshot].parent
    lost = destroyed(domain, operation, profile)
    after = domain.with_cut_off(operation.snapshot)
    if isinstance(operation, DiscardForced) and lost.active:
        after = reset(after, parent, operation.resume_as)
    return after, None
