"""retire and reclaim: out of the tree now, out of the storage later."""

from __future__ import annotations

from collections.abc import Iterator

from snaptree.spec.copies import replace
from snaptree.spec.operations import Reclaim, Retire
from snaptree.spec.profiles import Profile
from snaptree.spec.semantics.roots import splits_the_root
from snaptree.spec.state import Domain


def retire_refused(domain: Domain, operation: Retire, profile: Profile) -> Iterator[str]:
    """A second root. No data moves, so no number of dependents is too many."""
    yield from splits_the_root(domain, operation.snapshot, profile)


def retire_effect(domain: Domain, operation: Retire, profile: Profile) -> tuple[Domain, None]:
    """The tree: as after a merge into the children. The active state: unchanged."""
    snapshot = domain.snapshots[operation.snapshot]
    after = domain.with_spliced_out(snapshot.id)
    return replace(after, retired=after.retired.insert(snapshot.id, snapshot)), None


def reclaim_refused(domain: Domain, operation: Reclaim, profile: Profile) -> Iterator[str]:
    """A snapshot that is still in the tree, or none that was retired."""
    if operation.snapshot in domain.snapshots:
        yield "InvalidArgument"
    elif operation.snapshot not in domain.retired:
        yield "NoSuchSnapshot"


def reclaim_effect(domain: Domain, operation: Reclaim, profile: Profile) -> tuple[Domain, None]:
    """The tree: unchanged. The active state: unchanged. Only storage goes."""
    return replace(domain, retired=domain.retired.remove(operation.snapshot)), None
