"""libvirt's own calls as operations: the fourth shape of the API, to be made natively on a driver.

Each call has the name of the C function, its flags as libvirt numbers them, and snapshots by the model's
ids. ``snaptree.spec.bindings.libvirt``, ``lists`` and ``redefine`` define its meaning. This module adds
what libvirt documents around that: the flags that a driver accepts, the limits of a transient domain, the
refusals that are optional. ``snaptree.spec.semantics.step`` takes these calls like every operation.

Source: the reference of libvirt 9.0.0 (libvirt-domain.h, libvirt-domain-snapshot.h) and virsh(1).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from enum import IntFlag
from typing import Any, ClassVar, Final

from snaptree.spec import operations as ops
from snaptree.spec.bindings import Translation, has_unknown, is_number, libvirt, outcome_of
from snaptree.spec.libvirt.errors import NO_DOMAIN, WITHOUT_AGENT, kind_of
from snaptree.spec.libvirt.events import wrong_event
from snaptree.spec.libvirt.flags import (
    CreateFlag,
    DeleteFlag,
    ListFlag,
    NoFlag,
    RevertFlag,
    SaveFlag,
    UndefineFlag,
    XmlFlag,
)
from snaptree.spec.libvirt.redefine import Record
from snaptree.spec.observation import Observation
from snaptree.spec.operations import COMBINED, OPERATIONS, Operation, target_of
from snaptree.spec.outcomes import Accepted, Outcome, Refused
from snaptree.spec.profiles import Profile
from snaptree.spec.semantics import step
from snaptree.spec.semantics.power import removed
from snaptree.spec.state import Domain, Point, Power

Kinds = frozenset[str]

_UNTAKEN: Final = frozenset({"InvalidArgument", "Unsupported"})
"""The refusals of a flag that libvirt knows and the driver does not take."""


@dataclass(frozen=True, slots=True)
class LibvirtCall(Operation):
    """A call of libvirt's API. ``flag_kind`` is its type of flags; a profile has to claim those in
    ``group``.

    The engine asks a driver for it with ``native_call``, and the driver refuses with the code of libvirt's
    error.
    """

    flag_kind: ClassVar[type[IntFlag]] = NoFlag
    group: ClassVar[str] = ""
    exclusive: ClassVar[int] = 0
    """Flags that may not be given together."""
    beside: ClassVar[int] = 0
    """Flags about what a domain here does not have, such as NVRAM: a driver accepts them without effect,
    or refuses them as one that it does not take."""

    def outcome(self, domain: Domain, profile: Profile) -> Outcome:
        """What libvirt's documentation says of the call on this domain."""
        kinds = set[str]()
        if not domain.defined:
            kinds.add("InvalidArgument")
        kinds |= self._wrong_flags(profile)
        target = target_of(self)
        if target is not None and target not in domain and not self._restores(domain):
            kinds.add("NoSuchSnapshot")
        if not kinds:
            kinds.update(self.refused(domain))
        return Refused(frozenset(kinds)) if kinds else self.effect(domain, restoring_profile(profile))

    def refused(self, domain: Domain) -> Iterable[str]:
        """The kinds of refusal that libvirt documents for this case, beside those of every call."""
        return ()

    def effect(self, domain: Domain, profile: Profile) -> Outcome:
        """What happens where nothing stands against it."""
        raise NotImplementedError

    def tolerated(self, domain: Domain) -> Kinds:
        """Refusals that the documentation allows a driver to give instead."""
        return frozenset()

    def own_codes(self) -> Mapping[str, frozenset[int]]:
        """What codes of errors mean in this call alone, beside ``errors.CODES``."""
        return {}

    def request(self, arguments: dict[str, Any]) -> tuple[str, dict[str, Any]]:
        return "native_call", {"name": self.call, "arguments": dict(arguments)}

    def read_refusal(
        self, before: Domain, outcome: Outcome, kind: str, error: Mapping[str, Any] | None
    ) -> tuple[Outcome, str | None]:
        """The kind of refusal for the code of libvirt's error, among those allowed.

        One code has several meanings. An optional refusal takes the place of the one expected otherwise.
        """
        code = None if error is None else error.get("code")
        if not isinstance(code, int):
            return outcome, kind
        free = self.tolerated(before)
        if getattr(self, "flags", 0) & self.beside:
            free |= _UNTAKEN
        if isinstance(outcome, Accepted):
            instead = kind_of(code, free, self.own_codes())
            return (outcome, kind) if instead is None else (Refused(free), instead)
        allowed = Refused(outcome.kinds | free, outcome.casualties)
        if before.defined:
            meant = kind_of(code, allowed.kinds, self.own_codes())
        else:
            meant = "InvalidArgument" if code == NO_DOMAIN else None
        return (outcome, None) if meant is None else (allowed, meant)

    def is_void(self, result: Any) -> bool:
        """Null, or the 0 by which libvirt's functions tell success."""
        return result is None or (type(result) is int and result == 0)

    def shows_nothing(self, after: Domain, seen: Observation) -> bool:
        """A domain without a definition that is off would be nothing at all."""
        shown = seen.get("active")
        return not after.persistent and isinstance(shown, dict) and shown.get("power") == "off"

    def wrong_event(self, before: Domain, after: Domain, events: Iterable[Any]) -> tuple[str, str] | None:
        told = [(int(event), int(detail)) for event, detail in events]
        return wrong_event(self, before, after, told)

    def _restores(self, domain: Domain) -> bool:
        return False

    def _wrong_flags(self, profile: Profile) -> set[str]:
        flags = getattr(self, "flags", 0)
        if not is_number(flags):
            return {"InvalidArgument"}
        together = self.exclusive and flags & self.exclusive == self.exclusive
        if has_unknown(flags, self.flag_kind) or together:
            return {"InvalidArgument"}
        taken = profile.libvirt.get(self.group)
        if taken is not None and any(flag.name not in taken for flag in self.flag_kind if flag.value & flags):
            return set(_UNTAKEN)
        return set()


def restoring_profile(profile: Profile) -> Profile:
    """The profile of a driver that is asked through libvirt's calls: it can restore forgotten records."""
    if "METADATA_ONLY" not in profile.libvirt.get("delete", ()):
        return profile
    return replace(profile, operations={**profile.operations, "retire": "native"})


def _done(translation: Translation, domain: Domain, profile: Profile) -> Outcome:
    return outcome_of(translation, domain, profile, step)


# --- snapshots --------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class SnapshotCreateXML(LibvirtCall):
    """Create a snapshot."""

    op: ClassVar[str] = "virDomainSnapshotCreateXML"
    creates: ClassVar[bool] = True
    flag_kind = CreateFlag
    group = "create"
    name: str
    description: str = ""
    flags: int = 0

    def effect(self, domain: Domain, profile: Profile) -> Outcome:
        made = libvirt.create(domain, Record(self.name, self.description), self.flags, profile)
        outcome = _done(made, domain, profile)
        if not isinstance(outcome, Refused):
            return outcome
        kinds = outcome.kinds
        if not domain.persistent and self.flags & CreateFlag.HALT:
            kinds |= {"InvalidPowerState"}
        # A driver may look at the name before the flags.
        plain = step(domain, ops.Create(self.name, memory=domain.active.power != "off"), profile)
        return Refused(kinds | plain.kinds if isinstance(plain, Refused) else kinds)

    def tolerated(self, domain: Domain) -> Kinds:
        # "Some hypervisors only support this flag during external snapshots."
        live = bool(self.flags & CreateFlag.LIVE)
        quiesce = bool(self.flags & CreateFlag.QUIESCE)
        return frozenset({"Unsupported"}) if live or quiesce else frozenset()

    def own_codes(self) -> Mapping[str, frozenset[int]]:
        return WITHOUT_AGENT if self.flags & CreateFlag.QUIESCE else {}


REDEFINE: Final = "virDomainSnapshotCreateXML:REDEFINE"

EDITS: Final = ("", "description", "parent", "unknown-parent", "domain", "state", "time")
"""What a record is changed in before it is given back: nothing; its description; its parent; a parent
that never was; the uuid of its domain; on for off or off for on; no time of creation."""


@dataclass(frozen=True, slots=True)
class SnapshotRedefine(LibvirtCall):
    """Give back the record of a snapshot, as it is or edited; ``parent`` is the one it then names."""

    op: ClassVar[str] = REDEFINE
    flag_kind = CreateFlag
    group = "create"
    snapshot: str
    edit: str = ""
    parent: str | None = None
    flags: int = int(CreateFlag.REDEFINE)

    def refused(self, domain: Domain) -> Iterable[str]:
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
class SnapshotDelete(LibvirtCall):
    """Delete a snapshot, all below it, or what libvirt remembers of them."""

    op: ClassVar[str] = "virDomainSnapshotDelete"
    flag_kind = DeleteFlag
    group = "delete"
    exclusive = DeleteFlag.CHILDREN | DeleteFlag.CHILDREN_ONLY
    snapshot: str
    flags: int = 0

    def effect(self, domain: Domain, profile: Profile) -> Outcome:
        outcome = _done(libvirt.delete(domain, self.snapshot, self.flags, profile), domain, profile)
        return replace(outcome, result=None) if isinstance(outcome, Accepted) else outcome


@dataclass(frozen=True, slots=True)
class RevertToSnapshot(LibvirtCall):
    """Revert the domain."""

    op: ClassVar[str] = "virDomainRevertToSnapshot"
    flag_kind = RevertFlag
    group = "revert"
    exclusive = RevertFlag.RUNNING | RevertFlag.PAUSED
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
        if self.flags & RevertFlag.FORCE or self.snapshot not in domain:
            return frozenset()
        respawns = domain.active.power != "off" and self._wakes()
        risky = respawns or domain.managed_save is not None
        return frozenset({"InvalidPowerState"}) if risky else frozenset()

    def _wakes(self) -> bool:
        return bool(self.flags & (RevertFlag.RUNNING | RevertFlag.PAUSED))


# --- lists and look-ups -----------------------------------------------------


_LOCATION: Final = ListFlag.INTERNAL | ListFlag.EXTERNAL
_FILTERS: Final = ~(ListFlag.ROOTS | ListFlag.TOPOLOGICAL)


@dataclass(frozen=True, slots=True)
class _Listing(LibvirtCall):
    reads_only: ClassVar[bool] = True
    flag_kind = ListFlag

    def effect(self, domain: Domain, profile: Profile) -> Outcome:
        flags: int = getattr(self, "flags")  # noqa: B009 - each listing has its own, after the snapshot
        snapshot = target_of(self)
        if flags & _LOCATION == ListFlag.EXTERNAL:
            return Accepted([], domain)  # everything here lies inside the disks
        asked = flags & ~int(_LOCATION)
        if snapshot is None:
            return _done(libvirt.list_all(domain, asked, profile), domain, profile)
        return _done(libvirt.list_children(domain, snapshot, asked, profile), domain, profile)

    def tolerated(self, domain: Domain) -> Kinds:
        # "Some hypervisors might reject particular flags where it cannot make a distinction."
        filters = getattr(self, "flags", 0) & _FILTERS
        return frozenset({"InvalidArgument", "Unsupported"}) if filters else frozenset()


@dataclass(frozen=True, slots=True)
class _Collected(_Listing):
    def agrees(self, wanted: Any, seen: Any, before: Domain) -> bool:
        """The same snapshots, and where that is promised none before one that it stands on."""
        if not isinstance(seen, list) or sorted(seen) != sorted(wanted):
            return False
        if not getattr(self, "flags", 0) & ListFlag.TOPOLOGICAL:
            return True
        places = {one: place for place, one in enumerate(seen)}
        return all(places.get(above, -1) <= places[one] for one in seen for above in before.ancestors(one))


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
    def tolerated(self, domain: Domain) -> Kinds:
        # "This function will accept TOPOLOGICAL only if virDomainSnapshotListNames() can honor it."
        ordered = getattr(self, "flags", 0) & ListFlag.TOPOLOGICAL
        return _Listing.tolerated(self, domain) | (_UNTAKEN if ordered else frozenset())

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
class SnapshotLookupByName(LibvirtCall):
    """The snapshot with a name."""

    op: ClassVar[str] = "virDomainSnapshotLookupByName"
    reads_only: ClassVar[bool] = True
    name: str
    flags: int = 0

    def effect(self, domain: Domain, profile: Profile) -> Outcome:
        return _done(libvirt.lookup_by_name(self.name, profile), domain, profile)


@dataclass(frozen=True, slots=True)
class SnapshotCurrent(LibvirtCall):
    """The current snapshot."""

    op: ClassVar[str] = "virDomainSnapshotCurrent"
    reads_only: ClassVar[bool] = True
    flags: int = 0

    def effect(self, domain: Domain, profile: Profile) -> Outcome:
        return _done(libvirt.current(domain, profile), domain, profile)


@dataclass(frozen=True, slots=True)
class HasCurrentSnapshot(LibvirtCall):
    """1 if there is a current snapshot, else 0."""

    op: ClassVar[str] = "virDomainHasCurrentSnapshot"
    reads_only: ClassVar[bool] = True
    flags: int = 0

    def effect(self, domain: Domain, profile: Profile) -> Outcome:
        return Accepted(int(domain.current is not None), domain)


@dataclass(frozen=True, slots=True)
class SnapshotGetParent(LibvirtCall):
    """The parent of a snapshot."""

    op: ClassVar[str] = "virDomainSnapshotGetParent"
    reads_only: ClassVar[bool] = True
    snapshot: str
    flags: int = 0

    def effect(self, domain: Domain, profile: Profile) -> Outcome:
        return _done(libvirt.parent(domain, self.snapshot, profile), domain, profile)


@dataclass(frozen=True, slots=True)
class SnapshotIsCurrent(LibvirtCall):
    """1 if the snapshot is current, else 0."""

    op: ClassVar[str] = "virDomainSnapshotIsCurrent"
    reads_only: ClassVar[bool] = True
    snapshot: str
    flags: int = 0

    def effect(self, domain: Domain, profile: Profile) -> Outcome:
        return Accepted(int(domain.current == self.snapshot), domain)


@dataclass(frozen=True, slots=True)
class SnapshotHasMetadata(LibvirtCall):
    """1 if libvirt has a record of the snapshot, which keeps its domain from being removed."""

    op: ClassVar[str] = "virDomainSnapshotHasMetadata"
    reads_only: ClassVar[bool] = True
    snapshot: str
    flags: int = 0

    def effect(self, domain: Domain, profile: Profile) -> Outcome:
        return Accepted(1, domain)


@dataclass(frozen=True, slots=True)
class SnapshotGetXMLDesc(LibvirtCall):
    """The fields of a snapshot's document; ``disks``, whether it lists any, if that is documented."""

    op: ClassVar[str] = "virDomainSnapshotGetXMLDesc"
    reads_only: ClassVar[bool] = True
    flag_kind = XmlFlag
    beside = XmlFlag.SECURE
    snapshot: str
    flags: int = 0

    def effect(self, domain: Domain, profile: Profile) -> Outcome:
        bearer = domain.snapshots[self.snapshot]
        said: dict[str, Any] = {
            "name": bearer.name,
            "description": bearer.description,
            "parent": None if bearer.parent is None else domain.snapshots[bearer.parent].name,
            "state": state_word(bearer.point),
        }
        if bearer.point.memory is not None:
            # "For full system snapshots, this field is … omitted on output."
            said["disks"] = False
        return Accepted(said, domain)

    def agrees(self, wanted: Any, seen: Any, before: Domain) -> bool:
        return isinstance(seen, dict) and all(seen.get(key) == value for key, value in wanted.items())


def state_word(point: Point) -> str:
    """The ``<state>`` in a snapshot's document: ``disk-snapshot`` if a domain was on and only disks were
    captured.
    """
    if point.power == "off":
        return "shutoff"
    return "disk-snapshot" if point.memory is None else point.power


# --- the domain ---------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _OfDomain(LibvirtCall):
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
    """Continue the processors."""

    op: ClassVar[str] = "virDomainResume"
    stands_for = ops.Resume


@dataclass(frozen=True, slots=True)
class DomainManagedSave(_OfDomain):
    """Save memory and turn off; the flags choose the power state of the next start."""

    op: ClassVar[str] = "virDomainManagedSave"
    stands_for = ops.ManagedSave
    flag_kind = SaveFlag
    exclusive = SaveFlag.RUNNING | SaveFlag.PAUSED
    beside = SaveFlag.BYPASS_CACHE | SaveFlag.RESET_NVRAM
    flags: int = 0

    def refused(self, domain: Domain) -> Iterable[str]:
        if not domain.persistent:
            yield from ("InvalidPowerState", "Unsupported")

    def effect(self, domain: Domain, profile: Profile) -> Outcome:
        outcome = _OfDomain.effect(self, domain, profile)
        if not isinstance(outcome, Accepted) or not self.flags & (SaveFlag.RUNNING | SaveFlag.PAUSED):
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
    flags: int = 0


@dataclass(frozen=True, slots=True)
class DomainUndefineFlags(LibvirtCall):
    """Remove the definition: an inactive domain goes, one that is on becomes transient."""

    op: ClassVar[str] = "virDomainUndefineFlags"
    flag_kind = UndefineFlag
    beside = ~(UndefineFlag.MANAGED_SAVE | UndefineFlag.SNAPSHOTS_METADATA)
    flags: int = 0

    def refused(self, domain: Domain) -> Iterable[str]:
        held = domain.managed_save is not None and not self.flags & UndefineFlag.MANAGED_SAVE
        off = domain.active.power == "off"
        kept = off and domain.snapshots and not self.flags & UndefineFlag.SNAPSHOTS_METADATA
        return ("WouldDiscard",) if held or kept else ()

    def tolerated(self, domain: Domain) -> Kinds:
        # To keep a thing and to remove it: the reference says of no driver what it does then.
        pairs = (UndefineFlag.NVRAM | UndefineFlag.KEEP_NVRAM, UndefineFlag.TPM | UndefineFlag.KEEP_TPM)
        both = any(self.flags & pair == pair for pair in pairs)
        return frozenset({"InvalidPowerState"}) if both else frozenset()

    def effect(self, domain: Domain, profile: Profile) -> Outcome:
        if domain.active.power == "off":
            return Accepted(None, removed(domain))
        return Accepted(None, replace(domain, persistent=False, managed_save=None))


LIBVIRT_CALLS: Final[dict[str, type[LibvirtCall]]] = {
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

ALL_OPERATIONS: Final[dict[str, type[Operation]]] = {**OPERATIONS, **COMBINED, **LIBVIRT_CALLS}
"""The operations of the specification, several in one call, and libvirt's calls: all that a trace has."""
