"""libvirt's lists: filters in groups, and the order in which what passes them is given."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from enum import IntFlag
from typing import Final

from snaptree.spec.bindings import has_unknown, refused
from snaptree.spec.outcomes import Accepted, Outcome
from snaptree.spec.profiles import Profile
from snaptree.spec.state import Domain, Snapshot


class ListFlag(IntFlag):
    """virDomainSnapshotListFlags. One bit is ROOTS for a domain and DESCENDANTS for a snapshot."""

    ROOTS = 1 << 0
    DESCENDANTS = 1 << 0
    METADATA = 1 << 1
    LEAVES = 1 << 2
    NO_LEAVES = 1 << 3
    NO_METADATA = 1 << 4
    INACTIVE = 1 << 5
    ACTIVE = 1 << 6
    DISK_ONLY = 1 << 7
    INTERNAL = 1 << 8
    EXTERNAL = 1 << 9
    TOPOLOGICAL = 1 << 10


# What a snapshot has to be for each filter, group by group. Without files there is no INTERNAL and
# no EXTERNAL. Every listed snapshot keeps its domain from being removed (POWER-8), which is what
# libvirt means by metadata.
_Kept = Callable[[Domain, Snapshot], bool]
_GROUPS: Final[tuple[dict[ListFlag, _Kept], ...]] = (
    {
        ListFlag.LEAVES: lambda domain, snapshot: not domain.children_of(snapshot.id),
        ListFlag.NO_LEAVES: lambda domain, snapshot: bool(domain.children_of(snapshot.id)),
    },
    {
        ListFlag.METADATA: lambda domain, snapshot: snapshot.id in domain,
        ListFlag.NO_METADATA: lambda domain, snapshot: snapshot.id not in domain,
    },
    {
        ListFlag.INACTIVE: lambda _, snapshot: (
            snapshot.point.memory is None and snapshot.point.power == "off"
        ),
        ListFlag.ACTIVE: lambda _, snapshot: snapshot.point.memory is not None,
        ListFlag.DISK_ONLY: lambda _, snapshot: (
            snapshot.point.memory is None and snapshot.point.power != "off"
        ),
    },
)


def filtered(domain: Domain, found: Iterable[str], flags: int, call: str, profile: Profile) -> Outcome:
    """The answer to a list: those of the snapshots found that pass the filters, in order of creation.

    ``call`` is the call of this specification that the profile has to claim.
    """
    given = ListFlag(flags)
    if has_unknown(flags, ListFlag) or not domain.defined:
        return refused("InvalidArgument")
    if given & (ListFlag.INTERNAL | ListFlag.EXTERNAL) or not profile.claims(call):
        return refused("Unsupported")
    kept = [domain.snapshots[one] for one in found]
    for group in _GROUPS:
        wanted = [passes for flag, passes in group.items() if flag in given]
        # No flag of a group is the same as all of them.
        kept = [one for one in kept if not wanted or any(passes(domain, one) for passes in wanted)]
    kept.sort(key=lambda one: one.serial)
    if ListFlag.TOPOLOGICAL in given:
        # After a REDEFINE a parent may be younger than its child; it is never deeper.
        kept.sort(key=lambda one: sum(1 for _ in domain.ancestors(one.id)))
    return Accepted([one.id for one in kept], domain)
