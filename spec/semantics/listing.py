"""The look-ups. None of them changes anything; order is that of creation."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator

from snaptree.spec.operations import Children, LookupById, LookupByName, Operation, Parent
from snaptree.spec.profiles import Profile
from snaptree.spec.state import Domain


def refused(domain: Domain, operation: Operation, profile: Profile) -> Iterator[str]:
    """Nothing beyond an id that is not listed."""
    yield from ()


def list_effect(domain: Domain, operation: Operation, profile: Profile) -> tuple[Domain, list[str]]:
    """Every id in order of creation."""
    return domain, [snapshot.id for snapshot in domain.in_order()]


def children_refused(domain: Domain, operation: Children, profile: Profile) -> Iterator[str]:
    """An id that is not listed; None means base, which always has its roots."""
    if operation.snapshot is not None and operation.snapshot not in domain.snapshots:
        yield "NoSuchSnapshot"


def children_effect(domain: Domain, operation: Children, profile: Profile) -> tuple[Domain, list[str]]:
    """The children in order of creation."""
    return domain, list(domain.children_of(operation.snapshot))


def parent_effect(domain: Domain, operation: Parent, profile: Profile) -> tuple[Domain, str | None]:
    """The parent, or None for a root."""
    return domain, domain.snapshots[operation.snapshot].parent


def current_effect(domain: Domain, operation: Operation, profile: Profile) -> tuple[Domain, str | None]:
    """The snapshot that the active state grew from, or None."""
    return domain, domain.current


def lookup_refused(domain: Domain, operation: LookupByName, profile: Profile) -> Iterator[str]:
    """A name that nobody bears, or that several bear where the profile does not choose."""
    bearers = domain.names.get(operation.name, ())
    if not bearers:
        yield "NoSuchSnapshot"
    if len(bearers) > 1 and profile.names.lookup == "ambiguous":
        yield "AmbiguousName"


def lookup_effect(domain: Domain, operation: LookupByName, profile: Profile) -> tuple[Domain, str]:
    """The one bearer, or the first in the order that the profile states."""
    bearers = domain.names[operation.name]
    if len(bearers) == 1:
        return domain, bearers[0]
    walk = _depth_first if profile.names.lookup == "first-depth-first" else _breadth_first
    return domain, next(snapshot for snapshot in walk(domain) if snapshot in bearers)


def _depth_first(domain: Domain) -> Iterator[str]:
    for root in domain.children_of(None):
        yield from domain.subtree(root)


def _breadth_first(domain: Domain) -> Iterator[str]:
    waiting = deque(domain.children_of(None))
    while waiting:
        here = waiting.popleft()
        yield here
        waiting.extend(domain.children_of(here))


def lookup_by_id_effect(domain: Domain, operation: LookupById, profile: Profile) -> tuple[Domain, str]:
    """The id itself."""
    return domain, operation.snapshot


def count_effect(domain: Domain, operation: Operation, profile: Profile) -> tuple[Domain, int]:
    """How many snapshots are listed; retired ones are not."""
    return domain, len(domain.snapshots)
