"""merge_into_children: a snapshot goes, and what grew from it keeps its content."""

from __future__ import annotations

from collections.abc import Iterator

from snaptree.spec.operations import MergeIntoChildren
from snaptree.spec.outcomes import Casualties
from snaptree.spec.profiles import Profile
from snaptree.spec.semantics.roots import splits_the_root
from snaptree.spec.state import Domain


def refused(domain: Domain, operation: MergeIntoChildren, profile: Profile) -> Iterator[str]:
    """A snapshot on which nothing depends, more dependents than can be merged into, or a second root."""
    children, active = domain.dependents(operation.snapshot)
    if not children and not active:
        yield "WouldDiscard"
    limit = profile.limits.merge_children
    if limit is not None and len(children) + active > limit:
        yield "LimitExceeded"
    yield from splits_the_root(domain, operation.snapshot, profile)


def destroyed(domain: Domain, operation: MergeIntoChildren, profile: Profile) -> Casualties:
    """The snapshot itself where nothing would take over its content, else nothing.

    The mail: "fail if it would require any snapshot to be discarded (even the
    one which was supposed to be merged)".
    """
    children, active = domain.dependents(operation.snapshot)
    return Casualties() if children or active else Casualties((operation.snapshot,))


def effect(domain: Domain, operation: MergeIntoChildren, profile: Profile) -> tuple[Domain, None]:
    """The tree: the children move to the parent, which is current if this one was.

    The active state: unchanged, as every other point.
    """
    return domain.with_spliced_out(operation.snapshot), None
