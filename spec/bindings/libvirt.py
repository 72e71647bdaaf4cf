"""The fourth shape, the one that the world got: libvirt as shipped, from 0.8.0 on.

One delete that looks at the tree, reverts that say how to go on, and lists with
filters. Flags, their values and which of them exclude each other are those of
libvirt's documentation of virDomainSnapshotCreateXML, virDomainSnapshotDelete,
virDomainRevertToSnapshot and virDomainListAllSnapshots. A flag that speaks of
files, of which this specification does not speak, is ``Unsupported``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from enum import IntFlag
from typing import Final

from snaptree.spec import operations as ops
from snaptree.spec.bindings import Translation, asked, has_unknown, reclaim, refused
from snaptree.spec.outcomes import Accepted, Outcome
from snaptree.spec.profiles import Profile
from snaptree.spec.state import Domain, Snapshot

__all__ = [
    "CreateFlag", "DeleteFlag", "ListFlag", "Record", "RevertFlag", "create", "current", "delete", "list_all",
    "list_children", "lookup_by_name", "parent", "reclaim", "revert",
]  # fmt: skip


class CreateFlag(IntFlag):
    """virDomainSnapshotCreateFlags. ATOMIC and LIVE ask for what every create here does."""

    REDEFINE = 1 << 0
    CURRENT = 1 << 1
    NO_METADATA = 1 << 2
    HALT = 1 << 3
    DISK_ONLY = 1 << 4
    REUSE_EXT = 1 << 5
    QUIESCE = 1 << 6
    ATOMIC = 1 << 7
    LIVE = 1 << 8
    VALIDATE = 1 << 9


class DeleteFlag(IntFlag):
    """virDomainSnapshotDeleteFlags."""

    CHILDREN = 1 << 0
    METADATA_ONLY = 1 << 1
    CHILDREN_ONLY = 1 << 2


class RevertFlag(IntFlag):
    """virDomainSnapshotRevertFlags. FORCE lets a risky revert through; here none is refused as risky."""

    RUNNING = 1 << 0
    PAUSED = 1 << 1
    FORCE = 1 << 2
    RESET_NVRAM = 1 << 3


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


@dataclass(frozen=True, slots=True)
class Record:
    """What a ``<domainsnapshot>`` says of a snapshot. ``parent`` is a name, and read by REDEFINE only."""

    name: str
    description: str = ""
    uuid: str | None = None
    parent: str | None = None


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


def create(domain: Domain, record: Record, flags: int, profile: Profile) -> Translation:
    """Create a snapshot, with memory if the domain is on and DISK_ONLY is not given.

    HALT stops the domain afterwards, and is ``InvalidArgument`` on a transient
    one, which would be gone. REDEFINE creates nothing: it restores a record.
    """
    given = CreateFlag(flags)
    redefine = CreateFlag.REDEFINE in given
    if (
        has_unknown(flags, CreateFlag)
        or (CreateFlag.CURRENT in given and not redefine)
        or (redefine and given & (CreateFlag.NO_METADATA | CreateFlag.HALT))
        or (CreateFlag.QUIESCE in given and CreateFlag.DISK_ONLY not in given)
        or (CreateFlag.HALT in given and not domain.persistent)
    ):
        return refused("InvalidArgument")
    if given & (CreateFlag.NO_METADATA | CreateFlag.REUSE_EXT):
        return refused("Unsupported")
    if redefine:
        return _redefined(domain, record, CreateFlag.CURRENT in given, profile)
    on = domain.active.power != "off"
    capture = ops.Create(
        record.name,
        record.description,
        memory=on and CreateFlag.DISK_ONLY not in given,
        uuid=record.uuid,
        quiesce=CreateFlag.QUIESCE in given,
    )
    return asked(profile, capture, ops.Stop()) if on and CreateFlag.HALT in given else asked(profile, capture)


def delete(domain: Domain, snapshot: str, flags: int, profile: Profile) -> Translation:
    """Delete a snapshot, all below it as well, or only what is below it.

    Without METADATA_ONLY no active state and no content elsewhere changes; with
    it nothing but the records goes, leaf first.
    """
    given = DeleteFlag(flags)
    children, only = DeleteFlag.CHILDREN in given, DeleteFlag.CHILDREN_ONLY in given
    if has_unknown(flags, DeleteFlag) or (children and only):
        return refused("InvalidArgument")
    if snapshot not in domain:
        return refused("NoSuchSnapshot")
    if DeleteFlag.METADATA_ONLY in given:
        if not profile.claims("retire"):
            return refused("Unsupported")
        subtree = list(domain.subtree(snapshot))
        forgotten = subtree[1:] if only else subtree if children else subtree[:1]
        return tuple(ops.Retire(here) for here in reversed(forgotten))
    if children or only:
        return asked(profile, ops.RemoveSubtree(snapshot, keep_root=only))
    below, active = domain.dependents(snapshot)
    return asked(profile, ops.MergeIntoChildren(snapshot) if below or active else ops.Discard(snapshot))


def revert(snapshot: str, flags: int, profile: Profile) -> Translation:
    """Revert to a snapshot, and go on as captured, or running, or paused."""
    given = RevertFlag(flags)
    running, paused = RevertFlag.RUNNING in given, RevertFlag.PAUSED in given
    if has_unknown(flags, RevertFlag) or (running and paused):
        return refused("InvalidArgument")
    if RevertFlag.RESET_NVRAM in given:
        return refused("Unsupported")
    return asked(profile, ops.Revert(snapshot, "running" if running else "paused" if paused else None))


def lookup_by_name(name: str, profile: Profile) -> Translation:
    """The snapshot of that name."""
    return asked(profile, ops.LookupByName(name))


def current(domain: Domain, profile: Profile) -> Translation:
    """The current snapshot; none is ``NoSuchSnapshot``, as documented for virDomainSnapshotCurrent."""
    return asked(profile, ops.Current()) if domain.current else refused("NoSuchSnapshot")


def parent(domain: Domain, snapshot: str, profile: Profile) -> Translation:
    """The parent; that of a root is ``NoSuchSnapshot``, as documented for virDomainSnapshotGetParent."""
    if snapshot in domain and domain.snapshots[snapshot].parent is None:
        return refused("NoSuchSnapshot")
    return asked(profile, ops.Parent(snapshot))


def list_all(domain: Domain, flags: int, profile: Profile) -> Translation:
    """The snapshots of the domain that pass the filters; with ROOTS, of the roots."""
    found = domain.children_of(None) if flags & ListFlag.ROOTS else (one.id for one in domain.in_order())
    return _filtered(domain, found, flags, "list", profile)


def list_children(domain: Domain, snapshot: str, flags: int, profile: Profile) -> Translation:
    """The children of a snapshot that pass the filters; with DESCENDANTS, of all below it."""
    if snapshot not in domain:
        return refused("NoSuchSnapshot")
    below = (here for here in domain.subtree(snapshot) if here != snapshot)
    found = below if flags & ListFlag.DESCENDANTS else domain.children_of(snapshot)
    return _filtered(domain, found, flags, "children", profile)


def _filtered(domain: Domain, found: Iterable[str], flags: int, call: str, profile: Profile) -> Outcome:
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


def _redefined(domain: Domain, record: Record, becomes_current: bool, profile: Profile) -> Outcome:
    """The record of a listed snapshot rewritten, or that of a forgotten one restored.

    A record identifies by name, and by uuid where it has one. Only what was
    forgotten here can be restored: of any other the content is not known.
    """
    if not profile.claims("create"):
        return refused("Unsupported")
    if not profile.names.allows(record.name):
        return refused("InvalidName")
    bearers = domain.names.get(record.name, ())
    found = [domain.snapshots[bearer] for bearer in bearers if _agrees(domain.snapshots[bearer], record)]
    if not bearers:
        found = [gone for gone in domain.retired.values() if _agrees(gone, record)]
    owner = domain.uuids.get(record.uuid) if record.uuid is not None else None
    if (bearers and not found) or (owner is not None and owner not in bearers):
        return refused("InvalidArgument")
    if not found:
        return refused("NoSuchSnapshot")
    above = domain.names.get(record.parent, ()) if record.parent is not None else (None,)
    if len(found) > 1 or len(above) > 1:
        return refused("AmbiguousName")
    if not above:
        return refused("NoSuchSnapshot", "InvalidArgument")
    if found[0].id in domain and above[0] is not None and domain.is_below(above[0], found[0].id):
        return refused("InvalidArgument")
    restored = replace(found[0], name=record.name, description=record.description, parent=above[0])
    after = _with_record(domain, restored)
    return Accepted(restored.id, replace(after, current=restored.id) if becomes_current else after)


def _agrees(snapshot: Snapshot, record: Record) -> bool:
    return snapshot.name == record.name if record.uuid is None else snapshot.uuid == record.uuid


def _with_record(domain: Domain, restored: Snapshot) -> Domain:
    if restored.id in domain:
        after, former = domain.with_changed(restored), domain.snapshots[restored.id].parent
    else:
        after, former = domain.with_snapshot(restored), restored.parent
        after = replace(after, retired=after.retired.remove(restored.id))
    rest = tuple(child for child in after.children_of(former) if child != restored.id)
    children = after.children.insert(former, rest)
    family = [*children.get(restored.parent, ()), restored.id]
    family.sort(key=lambda child: after.snapshots[child].serial)
    return replace(after, children=children.insert(restored.parent, tuple(family)))
