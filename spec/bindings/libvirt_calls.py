"""libvirt's own calls as operations: the fourth shape of the API, to be made natively on a driver.

Each call has the name of the C function, its flags as libvirt numbers them, and
snapshots by the model's ids. What it means is said by ``libvirt``, ``libvirt_lists``
and ``libvirt_redefine``; here stands what libvirt documents around that: which flags a
driver takes, what a transient domain may not do, what may be refused as well.

Source: the reference of libvirt 9.0.0 (libvirt-domain.h, libvirt-domain-snapshot.h) and virsh(1).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import IntFlag
from typing import Any, ClassVar, Final

from snaptree.spec import operations as ops
from snaptree.spec.bindings import Translation, libvirt, outcome_of
from snaptree.spec.bindings.libvirt_lists import ListFlag
from snaptree.spec.bindings.libvirt_redefine import Record
from snaptree.spec.operations import OPERATIONS, Operation
from snaptree.spec.outcomes import Accepted, Outcome, Refused
from snaptree.spec.profiles import Profile
from snaptree.spec.semantics import step
from snaptree.spec.semantics.power import removed
from snaptree.spec.state import Domain, Power

Kinds = frozenset[str]


class NoFlag(IntFlag):
    """The flags of a call that has none yet."""


class SaveFlag(IntFlag):
    """virDomainSaveRestoreFlags, as far as they change what happens."""

    RUNNING = 1 << 1
    PAUSED = 1 << 2


class UndefineFlag(IntFlag):
    """virDomainUndefineFlagsValues, as far as a domain with snapshots is concerned."""

    MANAGED_SAVE = 1 << 0
    SNAPSHOTS_METADATA = 1 << 1


@dataclass(frozen=True, slots=True)
class NativeCall(Operation):
    """A call of libvirt's API. ``flag_kind`` are its flags; those in ``group`` a profile has to claim."""

    flag_kind: ClassVar[type[IntFlag]] = NoFlag
    group: ClassVar[str] = ""
    exclusive: ClassVar[int] = 0
    """Flags that may not be given together."""

    def outcome(self, domain: Domain, profile: Profile) -> Outcome:
        """What libvirt's documentation says of the call on this domain."""
        kinds = set[str]()
        if not domain.defined:
            kinds.add("InvalidArgument")
        kinds |= self._wrong_flags(profile)
        target = getattr(self, "snapshot", None)
        if target is not None and target not in domain and not self._restores(domain):
            kinds.add("NoSuchSnapshot")
        if not kinds:
            kinds.update(self.refused(domain))
        return Refused(frozenset(kinds)) if kinds else self.effect(domain, native_profile(profile))

    def refused(self, domain: Domain) -> Iterable[str]:
        """The kinds of refusal that libvirt documents for this case, beside those of every call."""
        del domain
        return ()

    def effect(self, domain: Domain, profile: Profile) -> Outcome:
        """What happens where nothing stands against it."""
        raise NotImplementedError

    def tolerated(self, domain: Domain) -> Kinds:
        """Refusals that the documentation leaves a driver free to give instead."""
        del domain
        return frozenset()

    def agrees(self, wanted: Any, seen: Any, domain: Domain) -> bool:
        """Whether a result is the one that is wanted, as far as it is promised."""
        del domain
        return bool(wanted == seen)

    def _restores(self, domain: Domain) -> bool:
        del domain
        return False

    def _wrong_flags(self, profile: Profile) -> set[str]:
        flags = getattr(self, "flags", 0)
        known = sum(flag.value for flag in self.flag_kind)
        if flags & ~known or (self.exclusive and flags & self.exclusive == self.exclusive):
            return {"InvalidArgument"}
        taken = profile.libvirt.get(self.group)
        if taken is not None and any(flag.name not in taken for flag in self.flag_kind if flag.value & flags):
            return {"InvalidArgument", "Unsupported"}
        return set()


def native_profile(profile: Profile) -> Profile:
    """What a driver does when it is asked in libvirt's own words: what is forgotten can be restored."""
    if "METADATA_ONLY" not in profile.libvirt.get("delete", ()):
        return profile
    return replace(profile, operations={**profile.operations, "retire": "native"})


def _done(translation: Translation, domain: Domain, profile: Profile) -> Outcome:
    return outcome_of(translation, domain, profile, step)


# --- snapshots --------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class SnapshotCreateXML(NativeCall):
    """Create a snapshot."""

    op: ClassVar[str] = "virDomainSnapshotCreateXML"
    creates: ClassVar[bool] = True
    flag_kind = libvirt.CreateFlag
    group = "create"
    name: str
    description: str = ""
    flags: int = 0

    def effect(self, domain: Domain, profile: Profile) -> Outcome:
        made = libvirt.create(domain, Record(self.name, self.description), self.flags, profile)
        outcome = _done(made, domain, profile)
        if isinstance(outcome, Refused) and not domain.persistent and self.flags & libvirt.CreateFlag.HALT:
            return Refused(outcome.kinds | {"InvalidPowerState"})
        return outcome

    def tolerated(self, domain: Domain) -> Kinds:
        del domain
        # "Some hypervisors only support this flag during external snapshots."
        live = bool(self.flags & libvirt.CreateFlag.LIVE)
        quiesce = bool(self.flags & libvirt.CreateFlag.QUIESCE)
        return frozenset({"Unsupported"}) if live or quiesce else frozenset()


REDEFINE: Final = "virDomainSnapshotCreateXML:REDEFINE"

EDITS: Final = ("", "description", "parent", "unknown-parent", "domain", "state", "time")
"""What a record is changed in before it is given back: nothing; its description; its parent; a parent
that never was; the uuid of its domain; on for off or off for on; no time of creation."""


@dataclass(frozen=True, slots=True)
class SnapshotRedefine(NativeCall):
    """Give back the record of a snapshot, as it is or edited; ``parent`` is the one it then names."""

    op: ClassVar[str] = REDEFINE
    flag_kind = libvirt.CreateFlag
    group = "create"
    snapshot: str
    edit: str = ""
    parent: str | None = None
    flags: int = int(libvirt.CreateFlag.REDEFINE)

    def refused(self, domain: Domain) -> Iterable[str]:
        del domain
        # What is read-only, and what has to be there.
        return ("InvalidArgument",) if self.edit in ("domain", "state", "time") else ()

    def effect(self, domain: Domain, profile: Profile) -> Outcome:
        known = {**domain.snapshots, **domain.retired}
        bearer = known[self.snapshot]
        above = self.parent if self.edit == "parent" else bearer.parent
        named = "nobody" if self.edit == "unknown-parent" or above not in known else known[above].name
        parent = None if above is None and self.edit != "unknown-parent" else named
        description = "again" if self.edit == "description" else bearer.description
        record = Record(bearer.name, description, None, parent)
        return _done(libvirt.create(domain, record, self.flags, profile), domain, profile)

    def _restores(self, domain: Domain) -> bool:
        return self.snapshot in domain.retired


@dataclass(frozen=True, slots=True)
class SnapshotDelete(NativeCall):
    """Delete a snapshot, all below it, or what libvirt remembers of them."""

    op: ClassVar[str] = "virDomainSnapshotDelete"
    flag_kind = libvirt.DeleteFlag
    group = "delete"
    exclusive = libvirt.DeleteFlag.CHILDREN | libvirt.DeleteFlag.CHILDREN_ONLY
    snapshot: str
    flags: int = 0

    def effect(self, domain: Domain, profile: Profile) -> Outcome:
        outcome = _done(libvirt.delete(domain, self.snapshot, self.flags, profile), domain, profile)
        return replace(outcome, result=None) if isinstance(outcome, Accepted) else outcome


@dataclass(frozen=True, slots=True)
class RevertToSnapshot(NativeCall):
    """Revert the domain."""

    op: ClassVar[str] = "virDomainRevertToSnapshot"
    flag_kind = libvirt.RevertFlag
    group = "revert"
    exclusive = libvirt.RevertFlag.RUNNING | libvirt.RevertFlag.PAUSED
    snapshot: str
    flags: int = 0

    def refused(self, domain: Domain) -> Iterable[str]:
        # "It is not possible to revert a transient domain into an inactive state."
        off = domain.snapshots[self.snapshot].point.memory is None
        if off and not domain.persistent and not self._wakes():
            return ("InvalidPowerState", "InvalidArgument")
        return ()

    def effect(self, domain: Domain, profile: Profile) -> Outcome:
        return _done(libvirt.revert(self.snapshot, self.flags, profile), domain, profile)

    def tolerated(self, domain: Domain) -> Kinds:
        # What is risky needs FORCE: a new process, or a saved memory that no longer fits the disks.
        if self.flags & libvirt.RevertFlag.FORCE or self.snapshot not in domain:
            return frozenset()
        respawns = domain.active.power != "off" and self._wakes()
        risky = respawns or domain.managed_save is not None
        return frozenset({"InvalidPowerState"}) if risky else frozenset()

    def _wakes(self) -> bool:
        return bool(self.flags & (libvirt.RevertFlag.RUNNING | libvirt.RevertFlag.PAUSED))


# --- lists and look-ups -----------------------------------------------------


_LOCATION: Final = ListFlag.INTERNAL | ListFlag.EXTERNAL
_FILTERS: Final = ~(ListFlag.ROOTS | ListFlag.TOPOLOGICAL)


@dataclass(frozen=True, slots=True)
class _Listing(NativeCall):
    reads_only: ClassVar[bool] = True
    flag_kind = ListFlag

    def effect(self, domain: Domain, profile: Profile) -> Outcome:
        flags: int = getattr(self, "flags")  # noqa: B009 - each listing has its own, after the snapshot
        snapshot = getattr(self, "snapshot", None)
        if flags & _LOCATION == ListFlag.EXTERNAL:
            return Accepted([], domain)  # everything here lies inside the disks
        asked = flags & ~int(_LOCATION)
        if snapshot is None:
            return _done(libvirt.list_all(domain, asked, profile), domain, profile)
        return _done(libvirt.list_children(domain, snapshot, asked, profile), domain, profile)

    def tolerated(self, domain: Domain) -> Kinds:
        del domain
        # "Some hypervisors might reject particular flags where it cannot make a distinction."
        filters = getattr(self, "flags", 0) & _FILTERS
        return frozenset({"InvalidArgument", "Unsupported"}) if filters else frozenset()


@dataclass(frozen=True, slots=True)
class _Collected(_Listing):
    def agrees(self, wanted: Any, seen: Any, domain: Domain) -> bool:
        """The same snapshots, and where that is promised none before one that it stands on."""
        if not isinstance(seen, list) or sorted(seen) != sorted(wanted):
            return False
        if not getattr(self, "flags", 0) & ListFlag.TOPOLOGICAL:
            return True
        places = {one: place for place, one in enumerate(seen)}
        return all(places.get(above, -1) <= places[one] for one in seen for above in domain.ancestors(one))


@dataclass(frozen=True, slots=True)
class ListAllSnapshots(_Collected):
    """The snapshots of a domain, filtered."""

    op: ClassVar[str] = "virDomainListAllSnapshots"
    flags: int = 0


@dataclass(frozen=True, slots=True)
class SnapshotListAllChildren(_Collected):
    """The children of a snapshot or all below it, filtered."""

    op: ClassVar[str] = "virDomainSnapshotListAllChildren"
    snapshot: str
    flags: int = 0


@dataclass(frozen=True, slots=True)
class _Counted(_Listing):
    def effect(self, domain: Domain, profile: Profile) -> Outcome:
        found = _Listing.effect(self, domain, profile)
        return replace(found, result=len(found.result)) if isinstance(found, Accepted) else found


@dataclass(frozen=True, slots=True)
class SnapshotNum(_Counted):
    """How many snapshots pass the filters."""

    op: ClassVar[str] = "virDomainSnapshotNum"
    flags: int = 0


@dataclass(frozen=True, slots=True)
class SnapshotNumChildren(_Counted):
    """How many children, or snapshots below, pass the filters."""

    op: ClassVar[str] = "virDomainSnapshotNumChildren"
    snapshot: str
    flags: int = 0


@dataclass(frozen=True, slots=True)
class SnapshotLookupByName(NativeCall):
    """The snapshot of a name."""

    op: ClassVar[str] = "virDomainSnapshotLookupByName"
    reads_only: ClassVar[bool] = True
    name: str
    flags: int = 0

    def effect(self, domain: Domain, profile: Profile) -> Outcome:
        return _done(libvirt.lookup_by_name(self.name, profile), domain, profile)


@dataclass(frozen=True, slots=True)
class SnapshotCurrent(NativeCall):
    """The current snapshot."""

    op: ClassVar[str] = "virDomainSnapshotCurrent"
    reads_only: ClassVar[bool] = True
    flags: int = 0

    def effect(self, domain: Domain, profile: Profile) -> Outcome:
        return _done(libvirt.current(domain, profile), domain, profile)


@dataclass(frozen=True, slots=True)
class HasCurrentSnapshot(NativeCall):
    """1 if there is a current snapshot, else 0."""

    op: ClassVar[str] = "virDomainHasCurrentSnapshot"
    reads_only: ClassVar[bool] = True
    flags: int = 0

    def effect(self, domain: Domain, profile: Profile) -> Outcome:
        del profile
        return Accepted(int(domain.current is not None), domain)


@dataclass(frozen=True, slots=True)
class SnapshotGetParent(NativeCall):
    """The parent of a snapshot."""

    op: ClassVar[str] = "virDomainSnapshotGetParent"
    reads_only: ClassVar[bool] = True
    snapshot: str
    flags: int = 0

    def effect(self, domain: Domain, profile: Profile) -> Outcome:
        return _done(libvirt.parent(domain, self.snapshot, profile), domain, profile)


@dataclass(frozen=True, slots=True)
class SnapshotIsCurrent(NativeCall):
    """1 if the snapshot is current, else 0."""

    op: ClassVar[str] = "virDomainSnapshotIsCurrent"
    reads_only: ClassVar[bool] = True
    snapshot: str
    flags: int = 0

    def effect(self, domain: Domain, profile: Profile) -> Outcome:
        del profile
        return Accepted(int(domain.current == self.snapshot), domain)


@dataclass(frozen=True, slots=True)
class SnapshotHasMetadata(NativeCall):
    """1 if libvirt remembers the snapshot, which keeps its domain from being removed."""

    op: ClassVar[str] = "virDomainSnapshotHasMetadata"
    reads_only: ClassVar[bool] = True
    snapshot: str
    flags: int = 0

    def effect(self, domain: Domain, profile: Profile) -> Outcome:
        del profile
        return Accepted(1, domain)


@dataclass(frozen=True, slots=True)
class SnapshotGetXMLDesc(NativeCall):
    """What the document of a snapshot says; ``disks``, whether it lists any, where that is documented."""

    op: ClassVar[str] = "virDomainSnapshotGetXMLDesc"
    reads_only: ClassVar[bool] = True
    snapshot: str

    def effect(self, domain: Domain, profile: Profile) -> Outcome:
        del profile
        bearer = domain.snapshots[self.snapshot]
        said: dict[str, Any] = {
            "name": bearer.name,
            "description": bearer.description,
            "parent": None if bearer.parent is None else domain.snapshots[bearer.parent].name,
            "state": "shutoff" if bearer.point.memory is None else bearer.point.power,
        }
        if bearer.point.memory is not None:
            # "For full system snapshots, this field is … omitted on output."
            said["disks"] = False
        return Accepted(said, domain)

    def agrees(self, wanted: Any, seen: Any, domain: Domain) -> bool:
        del domain
        return isinstance(seen, dict) and all(seen.get(key) == value for key, value in wanted.items())


# --- the domain ---------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _OfDomain(NativeCall):
    """A call that is one of the specification's."""

    stands_for: ClassVar[type[Operation]]

    def effect(self, domain: Domain, profile: Profile) -> Outcome:
        return step(domain, self.stands_for(), profile)


@dataclass(frozen=True, slots=True)
class DomainCreate(_OfDomain):
    """Boot, or continue from the managed-save image."""

    op: ClassVar[str] = "virDomainCreate"
    stands_for = ops.Start


@dataclass(frozen=True, slots=True)
class DomainDestroy(_OfDomain):
    """Turn off."""

    op: ClassVar[str] = "virDomainDestroy"
    stands_for = ops.Stop


@dataclass(frozen=True, slots=True)
class DomainSuspend(_OfDomain):
    """Stop the processors."""

    op: ClassVar[str] = "virDomainSuspend"
    stands_for = ops.Pause


@dataclass(frozen=True, slots=True)
class DomainResume(_OfDomain):
    """Let them run on."""

    op: ClassVar[str] = "virDomainResume"
    stands_for = ops.Resume


@dataclass(frozen=True, slots=True)
class DomainManagedSave(_OfDomain):
    """Save memory and turn off; the flags say how it goes on from there."""

    op: ClassVar[str] = "virDomainManagedSave"
    stands_for = ops.ManagedSave
    flag_kind = SaveFlag
    exclusive = SaveFlag.RUNNING | SaveFlag.PAUSED
    flags: int = 0

    def refused(self, domain: Domain) -> Iterable[str]:
        if not domain.persistent:
            yield from ("InvalidPowerState", "Unsupported")

    def effect(self, domain: Domain, profile: Profile) -> Outcome:
        outcome = _OfDomain.effect(self, domain, profile)
        if not isinstance(outcome, Accepted) or not self.flags:
            return outcome
        image = outcome.domain.managed_save
        assert image is not None, "it was just saved"
        power: Power = "running" if self.flags & SaveFlag.RUNNING else "paused"
        saved = replace(outcome.domain, managed_save=replace(image, power=power))
        return Accepted(outcome.result, saved)


@dataclass(frozen=True, slots=True)
class DomainManagedSaveRemove(_OfDomain):
    """Drop the image, if there is one."""

    op: ClassVar[str] = "virDomainManagedSaveRemove"
    stands_for = ops.ManagedSaveRemove


@dataclass(frozen=True, slots=True)
class DomainUndefineFlags(NativeCall):
    """Remove the definition: an inactive domain goes, one that is on becomes transient."""

    op: ClassVar[str] = "virDomainUndefineFlags"
    flag_kind = UndefineFlag
    flags: int = 0

    def refused(self, domain: Domain) -> Iterable[str]:
        held = domain.managed_save is not None and not self.flags & UndefineFlag.MANAGED_SAVE
        off = domain.active.power == "off"
        kept = off and domain.snapshots and not self.flags & UndefineFlag.SNAPSHOTS_METADATA
        return ("WouldDiscard",) if held or kept else ()

    def effect(self, domain: Domain, profile: Profile) -> Outcome:
        del profile
        if domain.active.power == "off":
            return Accepted(None, removed(domain))
        return Accepted(None, replace(domain, persistent=False, managed_save=None))


NATIVE_CALLS: Final[dict[str, type[NativeCall]]] = {
    kind.op: kind
    for kind in (
        SnapshotCreateXML, SnapshotRedefine, SnapshotDelete, RevertToSnapshot, ListAllSnapshots,
        SnapshotListAllChildren, SnapshotNum, SnapshotNumChildren, SnapshotLookupByName, SnapshotCurrent,
        HasCurrentSnapshot, SnapshotGetParent, SnapshotIsCurrent, SnapshotHasMetadata, SnapshotGetXMLDesc,
        DomainCreate, DomainDestroy, DomainSuspend, DomainResume, DomainManagedSave,
        DomainManagedSaveRemove, DomainUndefineFlags,
    )
}  # fmt: skip
"""libvirt's calls by name."""

ALL_OPERATIONS: Final[dict[str, type[Operation]]] = {**OPERATIONS, **NATIVE_CALLS}
"""The operations of the specification, and libvirt's calls."""


def any_step(domain: Domain, operation: Operation, profile: Profile) -> Outcome:
    """One step of the model, of an operation of the specification or of libvirt's."""
    if isinstance(operation, NativeCall):
        return operation.outcome(domain, profile)
    return step(domain, operation, profile)
