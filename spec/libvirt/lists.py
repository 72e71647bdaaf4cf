"""libvirt's lists: filters in groups, and the order of the result."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final

from snaptree.spec.bindings import refused
from snaptree.spec.libvirt.flags import ListFlag
from snaptree.spec.outcomes import Accepted, Outcome
from snaptree.spec.state import Domain, Snapshot

__all__ = ["ListFlag", "filtered"]

# What a snapshot has to be for each filter, group by group. Without files there is no INTERNAL and
# no EXTERNAL. Every listed snapshot keeps its domain from being removed (POWER-21), which is what
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


def filtered(domain: Domain, found: Iterable[str], flags: int) -> Outcome:
    """The answer to a list with flags that libvirt knows: the snapshots that pass, in order of creation."""
    given = ListFlag(flags)
    if given & (ListFlag.INTERNAL | ListFlag.EXTERNAL):
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
