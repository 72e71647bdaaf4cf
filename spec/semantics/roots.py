"""One root: what a hypervisor without a second tree refuses."""

from __future__ import annotations

from collections.abc import Iterator

from snaptree.spec.profiles import Profile
from snaptree.spec.state import Domain


def splits_the_root(domain: Domain, snapshot: str, profile: Profile) -> Iterator[str]:
    """Removing a root that has several children, where only one root may exist: each would be a root."""
    if profile.roots != "single" or domain.snapshots[snapshot].parent is not None:
        return
    if len(domain.children_of(snapshot)) > 1:
        yield "Unsupported"
