"""The fourth shape, the one that the world got: libvirt as shipped, from 0.8.0 on.

One delete that looks at the tree, reverts that say how to go on, and lists with
filters. Flags, their values and which of them exclude each other are those of
libvirt's documentation of virDomainSnapshotCreateXML, virDomainSnapshotDelete,
virDomainRevertToSnapshot and virDomainListAllSnapshots. A flag that speaks of
files, of which this specification does not speak, is ``Unsupported``.
"""

from __future__ import annotations

from enum import IntFlag

from snaptree.spec import operations as ops
from snaptree.spec.bindings import Translation, asked, has_unknown, reclaim, refused
from snaptree.spec.bindings.libvirt_lists import ListFlag, filtered
from snaptree.spec.bindings.libvirt_redefine import Record, redefined
from snaptree.spec.profiles import Profile
from snaptree.spec.state import Domain

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
        return redefined(domain, record, CreateFlag.CURRENT in given, profile)
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
    return filtered(domain, found, flags, "list", profile)


def list_children(domain: Domain, snapshot: str, flags: int, profile: Profile) -> Translation:
    """The children of a snapshot that pass the filters; with DESCENDANTS, of all below it."""
    if snapshot not in domain:
        return refused("NoSuchSnapshot")
    below = (here for here in domain.subtree(snapshot) if here != snapshot)
    found = below if flags & ListFlag.DESCENDANTS else domain.children_of(snapshot)
    return filtered(domain, found, flags, "children", profile)
