"""The fourth shape: libvirt as shipped, from 0.8.0 on.

One delete that looks at the tree, reverts with a power state, and lists with filters. Flags, their values
and which of them exclude each other are those of libvirt's documentation of virDomainSnapshotCreateXML,
virDomainSnapshotDelete, virDomainRevertToSnapshot and virDomainListAllSnapshots. A flag about files is
``Unsupported``, since this specification does not speak of files.
"""

from __future__ import annotations

from snaptree.spec import operations as ops
from snaptree.spec.bindings import Translation, asked, has_unknown, reclaim, refused
from snaptree.spec.libvirt.flags import CreateFlag, DeleteFlag, ListFlag, RevertFlag
from snaptree.spec.libvirt.lists import filtered
from snaptree.spec.libvirt.redefine import Record, redefined
from snaptree.spec.profiles import Profile
from snaptree.spec.state import Domain

__all__ = [
    "CreateFlag", "DeleteFlag", "ListFlag", "Record", "RevertFlag", "create", "current", "delete", "list_all",
    "list_children", "lookup_by_name", "parent", "reclaim", "revert",
]  # fmt: skip


def create(domain: Domain, record: Record, flags: int, profile: Profile) -> Translation:
    """Create a snapshot, with memory if the domain is on and DISK_ONLY is not given.

    HALT stops the domain afterwards, and is ``InvalidArgument`` on a transient
    one, which would be gone. REDEFINE creates nothing: it restores a record.
    """
    if has_unknown(flags, CreateFlag):
        return refused("InvalidArgument")
    given = CreateFlag(flags)
    redefine = CreateFlag.REDEFINE in given
    if (
        (CreateFlag.CURRENT in given and not redefine)
        or (redefine and given & (CreateFlag.NO_METADATA | CreateFlag.HALT))
        or (CreateFlag.QUIESCE in given and CreateFlag.DISK_ONLY not in given)
        or (CreateFlag.HALT in given and not domain.persistent)
    ):
        return refused("InvalidArgument")
    if given & (CreateFlag.NO_METADATA | CreateFlag.REUSE_EXT):
        return refused("Unsupported")
    if redefine:
        if not profile.claims("create"):
            return asked(profile, ops.Create(record.name))
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
    if has_unknown(flags, DeleteFlag):
        return refused("InvalidArgument")
    given = DeleteFlag(flags)
    children, only = DeleteFlag.CHILDREN in given, DeleteFlag.CHILDREN_ONLY in given
    if children and only:
        return refused("InvalidArgument")
    if DeleteFlag.METADATA_ONLY in given:
        if not profile.claims("retire") or snapshot not in domain:
            return asked(profile, ops.Retire(snapshot))
        subtree = list(domain.subtree(snapshot))
        forgotten = subtree[1:] if only else subtree if children else subtree[:1]
        return tuple(ops.Retire(here) for here in reversed(forgotten))
    if children or only:
        return asked(profile, ops.RemoveSubtree(snapshot, keep_root=only))
    below, active = domain.dependents(snapshot)
    merges = bool(below) or active or snapshot not in domain
    return asked(profile, ops.MergeIntoChildren(snapshot) if merges else ops.Discard(snapshot))


def revert(snapshot: str, flags: int, profile: Profile) -> Translation:
    """Revert to a snapshot, and go on as captured, or running, or paused.

    RESET_NVRAM has no effect on a domain without NVRAM, which is every domain here; a
    profile says whether its driver takes the flag.
    """
    if has_unknown(flags, RevertFlag):
        return refused("InvalidArgument")
    given = RevertFlag(flags)
    running, paused = RevertFlag.RUNNING in given, RevertFlag.PAUSED in given
    if running and paused:
        return refused("InvalidArgument")
    if RevertFlag.RESET_NVRAM in given and "RESET_NVRAM" not in profile.libvirt.get("revert", ()):
        return refused("Unsupported")
    return asked(profile, ops.Revert(snapshot, "running" if running else "paused" if paused else None))


def lookup_by_name(name: str, profile: Profile) -> Translation:
    """The snapshot with that name."""
    return asked(profile, ops.LookupByName(name))


def current(domain: Domain, profile: Profile) -> Translation:
    """The current snapshot; none is ``NoSuchSnapshot``, as documented for virDomainSnapshotCurrent."""
    if domain.current is None and domain.defined and profile.claims("current"):
        return refused("NoSuchSnapshot")
    return asked(profile, ops.Current())


def parent(domain: Domain, snapshot: str, profile: Profile) -> Translation:
    """The parent; that of a root is ``NoSuchSnapshot``, as documented for virDomainSnapshotGetParent."""
    if profile.claims("parent") and snapshot in domain and domain.snapshots[snapshot].parent is None:
        return refused("NoSuchSnapshot")
    return asked(profile, ops.Parent(snapshot))


def list_all(domain: Domain, flags: int, profile: Profile) -> Translation:
    """The snapshots of the domain that pass the filters; with ROOTS, of the roots."""
    if not domain.defined or not profile.claims("list"):
        return asked(profile, ops.ListSnapshots())
    if has_unknown(flags, ListFlag):
        return refused("InvalidArgument")
    found = domain.children_of(None) if flags & ListFlag.ROOTS else (one.id for one in domain.in_order())
    return filtered(domain, found, flags)


def list_children(domain: Domain, snapshot: str, flags: int, profile: Profile) -> Translation:
    """The children of a snapshot that pass the filters; with DESCENDANTS, of all below it."""
    if not domain.defined or not profile.claims("children"):
        return asked(profile, ops.Children(snapshot))
    unknown = has_unknown(flags, ListFlag)
    if unknown or snapshot not in domain:
        wrong = ("InvalidArgument",) if unknown else ()
        return refused(*wrong, *(("NoSuchSnapshot",) if snapshot not in domain else ()))
    below = (here for here in domain.subtree(snapshot) if here != snapshot)
    found = below if flags & ListFlag.DESCENDANTS else domain.children_of(snapshot)
    return filtered(domain, found, flags)
