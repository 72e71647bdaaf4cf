"""libvirt's own calls in a state: all of them, or drawn at random.

It makes only documented calls. It leaves out a snapshot beside a managed-save image, a second undefine,
suspending a paused domain, and flags that ask for files.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations
from typing import Final

from snaptree.spec.libvirt import calls
from snaptree.spec.libvirt.calls import EDITS, LibvirtCall
from snaptree.spec.libvirt.flags import (
    CreateFlag,
    DeleteFlag,
    ListFlag,
    RevertFlag,
    SaveFlag,
    UndefineFlag,
    XmlFlag,
)
from snaptree.spec.libvirt.names import CALL_NAMES
from snaptree.spec.profiles import Profile
from snaptree.spec.shapes import Shape
from snaptree.spec.state import Domain

UNKNOWN: Final = 1 << 20
"""A flag that no call has."""

MOST_SNAPSHOTS: Final = 6

MOST_FORGOTTEN: Final = 1

_REDEFINE: Final = int(CreateFlag.REDEFINE)

CREATES: Final = (
    0, CreateFlag.HALT, CreateFlag.QUIESCE, CreateFlag.ATOMIC, CreateFlag.LIVE, CreateFlag.VALIDATE,
    CreateFlag.CURRENT, UNKNOWN,
)  # fmt: skip
REDEFINES: Final = (
    _REDEFINE, _REDEFINE | CreateFlag.CURRENT, _REDEFINE | CreateFlag.HALT,
    _REDEFINE | CreateFlag.NO_METADATA,
)  # fmt: skip
DELETES: Final = (*range(1 << len(DeleteFlag)), UNKNOWN)
REVERTS: Final = (
    *range(1 << 3), RevertFlag.RESET_NVRAM, RevertFlag.RESET_NVRAM | RevertFlag.RUNNING, UNKNOWN,
)  # fmt: skip
SAVES: Final = (
    0, SaveFlag.RUNNING, SaveFlag.PAUSED, SaveFlag.RUNNING | SaveFlag.PAUSED, SaveFlag.BYPASS_CACHE,
    SaveFlag.RESET_NVRAM, UNKNOWN,
)  # fmt: skip
_GOES: Final = UndefineFlag.MANAGED_SAVE | UndefineFlag.SNAPSHOTS_METADATA
UNDEFINES: Final = (
    *range(_GOES + 1), *(_GOES | flag for flag in UndefineFlag if flag not in _GOES), UNKNOWN,
)  # fmt: skip
"""All with and without what keeps a domain, and each flag about what a domain here does not have."""

_PAIRS: Final = tuple(
    one | other
    for one, other in combinations(ListFlag, 2)
    if one is not ListFlag.ROOTS or other is not ListFlag.TOPOLOGICAL
)
LISTS: Final = (
    0, *ListFlag, ListFlag.LEAVES | ListFlag.NO_LEAVES, ListFlag.METADATA | ListFlag.NO_METADATA,
    ListFlag.ACTIVE | ListFlag.INACTIVE, ListFlag.INTERNAL | ListFlag.EXTERNAL,
    ListFlag.ROOTS | ListFlag.TOPOLOGICAL, ListFlag.ROOTS | ListFlag.LEAVES,
    ListFlag.NO_LEAVES | ListFlag.ACTIVE, ListFlag.LEAVES | ListFlag.INACTIVE | ListFlag.DISK_ONLY, UNKNOWN,
)  # fmt: skip
"""Each filter, each group in full, and filters of several groups together."""
COUNTS: Final = (0, ListFlag.LEAVES | ListFlag.NO_LEAVES)
"""A count may read its flags otherwise than a list does: one look at a group in full tells."""

Asked = tuple[int | None, LibvirtCall]
"""The place of the snapshot that is named, in the canonical order, and the call."""


def libvirt_operations(domain: Domain, shape: Shape, profile: Profile, bound: int) -> Iterator[Asked]:
    """Every call to make in a state of at most ``bound`` snapshots, the same for every such state."""
    if not domain.defined:
        return
    if len(domain.snapshots) + len(domain.retired) < bound and domain.managed_save is None:
        for flags in CREATES:
            yield None, calls.SnapshotCreateXML(f"n{domain.serial + 1}", flags=int(flags))
    lists = LISTS if _quiet(domain) else LISTS[:1]
    for flags in lists:
        yield None, calls.ListAllSnapshots(int(flags))
    for place, snapshot in enumerate(shape.order):
        yield from ((place, one) for one in _on_snapshot(snapshot, domain, profile, shape))
    for retired in sorted(domain.retired):
        yield -1, calls.SnapshotRedefine(retired)
    for flags in (0, UNKNOWN):
        yield None, calls.SnapshotCurrent(flags)
        yield None, calls.HasCurrentSnapshot(flags)
    for flags in COUNTS if _quiet(domain) else COUNTS[:1]:
        yield None, calls.SnapshotNum(int(flags))
    yield from ((None, one) for one in _of_the_domain(domain))


def _of_the_domain(domain: Domain) -> Iterator[LibvirtCall]:
    yield calls.DomainCreate()
    yield calls.DomainDestroy()
    if domain.active.power != "paused":
        yield calls.DomainSuspend()
    yield calls.DomainResume()
    for flags in (0, UNKNOWN):
        yield calls.DomainManagedSaveRemove(flags)
    on = domain.active.power != "off"
    for flags in SAVES if on else SAVES[:1]:
        yield calls.DomainManagedSave(int(flags))
    if domain.persistent:
        for flags in UNDEFINES:
            yield calls.DomainUndefineFlags(int(flags))


def _quiet(domain: Domain) -> bool:
    """Off, without an image. Whatever tree there is, it is there in such a state: one look is enough."""
    return domain.active.power == "off" and domain.managed_save is None


def _on_snapshot(snapshot: str, domain: Domain, profile: Profile, shape: Shape) -> Iterator[LibvirtCall]:
    below = sum(1 for _ in domain.subtree(snapshot)) - 1
    for flags in DELETES:
        forgotten = below * bool(flags & ~DeleteFlag.METADATA_ONLY) + (not flags & DeleteFlag.CHILDREN_ONLY)
        few = len(domain.retired) + forgotten <= MOST_FORGOTTEN
        if few or not flags & DeleteFlag.METADATA_ONLY or "METADATA_ONLY" not in profile.libvirt["delete"]:
            yield calls.SnapshotDelete(snapshot, int(flags))
    for flags in REVERTS:
        yield calls.RevertToSnapshot(snapshot, int(flags))
    for flags in LISTS if _quiet(domain) else LISTS[:1]:
        yield calls.SnapshotListAllChildren(snapshot, int(flags))
    for flags in COUNTS if _quiet(domain) else COUNTS[:1]:
        yield calls.SnapshotNumChildren(snapshot, int(flags | ListFlag.DESCENDANTS))
    for flags in (0, XmlFlag.SECURE, UNKNOWN):
        yield calls.SnapshotGetXMLDesc(snapshot, int(flags))
    for flags in (0, UNKNOWN):
        yield calls.SnapshotGetParent(snapshot, flags)
        yield calls.SnapshotIsCurrent(snapshot, flags)
        yield calls.SnapshotHasMetadata(snapshot, flags)
        yield calls.SnapshotLookupByName(domain.snapshots[snapshot].name, flags)
    for flags in REDEFINES:
        yield calls.SnapshotRedefine(snapshot, flags=int(flags))
    for edit in EDITS:
        if edit not in ("", "parent"):
            yield calls.SnapshotRedefine(snapshot, edit)
    for above in (None, *shape.order):
        yield calls.SnapshotRedefine(snapshot, "parent", above)


class LibvirtDecoder:
    """Turns bytes into calls that are meaningful in the present state."""

    def operation(self, domain: Domain, which: int, target: int, variant: int) -> LibvirtCall:
        """The call of three bytes in this state."""
        listed = sorted(domain.snapshots)
        snapshot = listed[target % len(listed)] if listed and target < 250 else "nobody"
        if which < 80 and domain.managed_save is None and len(listed) < MOST_SNAPSHOTS:
            flags = CREATES[variant % len(CREATES)] if variant < 128 else 0
            described = f"made at {domain.serial}" if target % 4 == 0 else ""
            return calls.SnapshotCreateXML(f"n{domain.serial + 1}", described, int(flags))
        if which < 120:
            return self._power(domain, target, variant)
        if which < 150:
            return calls.RevertToSnapshot(snapshot, int(REVERTS[variant % len(REVERTS)]))
        if which < 170:
            return calls.SnapshotDelete(snapshot, int(DELETES[variant % len(DELETES)] if variant > 99 else 0))
        if which < 190 and snapshot in domain:
            return self._redefined(domain, snapshot, listed, variant)
        return self._asked(domain, snapshot, which, target, variant)

    def may_make(self, which: int, calls: frozenset[str]) -> bool:  # noqa: ARG002 - each byte means many calls
        """Whether the first byte may mean one of the calls."""
        return not calls.isdisjoint(CALL_NAMES)

    def _power(self, domain: Domain, target: int, variant: int) -> LibvirtCall:
        match target % 8:
            case 0 | 1 | 2 if domain.active.power == "off" or target % 3 == 0:
                return calls.DomainCreate()
            case 3 if domain.active.power != "paused":
                return calls.DomainSuspend()
            case 4:
                return calls.DomainManagedSave(int(SAVES[variant % len(SAVES)]))
            case 5:
                return calls.DomainDestroy()
            case 6 if variant < 40 and domain.persistent:
                return calls.DomainUndefineFlags(int(UNDEFINES[variant % len(UNDEFINES)]))
            case 7 if variant < 60:
                return calls.DomainManagedSaveRemove()
            case _:
                return calls.DomainResume()

    def _redefined(self, domain: Domain, snapshot: str, listed: list[str], variant: int) -> LibvirtCall:
        if domain.retired and variant < 128:
            return calls.SnapshotRedefine(sorted(domain.retired)[variant % len(domain.retired)])
        edit = EDITS[variant % len(EDITS)]
        if edit == "parent":
            above = [None, *listed][variant % (len(listed) + 1)]
            return calls.SnapshotRedefine(snapshot, edit, above)
        flags = REDEFINES[variant % len(REDEFINES)] if not edit else _REDEFINE
        return calls.SnapshotRedefine(snapshot, edit, flags=int(flags))

    def _asked(self, domain: Domain, snapshot: str, which: int, target: int, variant: int) -> LibvirtCall:
        flags = int(LISTS[variant % len(LISTS)]) if target % 3 else int(_PAIRS[variant % len(_PAIRS)])
        other = UNKNOWN if variant % 8 == 0 else 0
        bearer = domain.snapshots.get(snapshot)
        match which % 11:
            case 0:
                return calls.SnapshotNum(flags)
            case 1:
                return calls.SnapshotNumChildren(snapshot, flags)
            case 2 | 3:
                return calls.SnapshotListAllChildren(snapshot, flags)
            case 4:
                return calls.SnapshotCurrent(other)
            case 5:
                return calls.SnapshotGetParent(snapshot, other)
            case 6:
                return calls.SnapshotIsCurrent(snapshot, other)
            case 7:
                return calls.SnapshotHasMetadata(snapshot, other)
            case 8:
                return calls.SnapshotLookupByName("nobody" if bearer is None else bearer.name, other)
            case 9:
                return calls.SnapshotGetXMLDesc(snapshot)
            case _:
                return calls.ListAllSnapshots(flags)
