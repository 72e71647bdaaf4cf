"""The calls of one domain.

libvirt has one delete, so the driver looks first (``kit.one_delete``). If libvirt's documentation states
the effect of a call, the driver adds nothing to achieve it.
"""

from __future__ import annotations

from typing import Any, ClassVar, Final

from snaptree.conformance.driver import Domain, Json, SnapshotId
from snaptree.conformance.drivers.kit.callers import Caller
from snaptree.conformance.drivers.kit.one_delete import ACTIVE, OneDelete
from snaptree.conformance.drivers.kit.refusals import Meanings, translate_errors
from snaptree.conformance.drivers.kit.text import xml_carries
from snaptree.conformance.drivers.kit.uuids import GivenUuids
from snaptree.conformance.drivers.libvirt import documents
from snaptree.conformance.drivers.libvirt.calls.observation import ObservableDomain
from snaptree.conformance.drivers.libvirt.calls.own_calls import OwnCalls
from snaptree.conformance.drivers.libvirt.library import (
    CONFIG_UNSUPPORTED,
    OPERATION_FAILED,
    XML_DETAIL,
    XML_ERROR,
    translation,
)
from snaptree.spec.operations import RESUME_AS
from snaptree.spec.outcomes import (
    InvalidArgument,
    InvalidName,
    InvalidPowerState,
    LimitExceeded,
    NameInUse,
    Unsupported,
    WouldDiscard,
)
from snaptree.spec.profiles import Profile

_LIVE_AND_CONFIG: Final = 3
_CONFIG: Final = 2

CREATE_MEANINGS: Final[Meanings[int]] = {
    OPERATION_FAILED: NameInUse,  # "domain moment … already exists"; asked for only where one has the name
    XML_DETAIL: InvalidName,  # a name that the document cannot hold
}


class LibvirtDomain(ObservableDomain, OneDelete):
    """A domain of any libvirt driver, whose disks the driver cannot reach.

    ``pumped`` says that nobody runs libvirt's event loop, so that it is run between calls.
    """

    pumped: ClassVar[bool] = False

    def __init__(self, libvirt: Any, handle: Any, profile: Profile) -> None:
        super().__init__(libvirt, handle, profile)
        self._uuids = GivenUuids()
        self._own_calls: OwnCalls | None = None

    def attach(self) -> Domain:
        """Another caller, on the same connection, which libvirt lets threads share.

        Seen: a process cannot open ``qemu:///embed`` again and again (9.0.0: "Too many drivers").
        """
        self.snapshots.let_overlap()
        domain: Any = self
        another: Any = Caller(domain)
        return another  # type: ignore[no-any-return]

    def native_call(self, name: str, arguments: dict[str, Json]) -> Json:
        """One of libvirt's own calls, as it is."""
        if self._own_calls is None:
            self._own_calls = OwnCalls(self.libvirt, self.handle, pumped=self.pumped)
        result = self._own_calls.call(name, arguments)
        if name == "virDomainSnapshotCreateXML":
            self.snapshots.created(str(result))
        return result

    def observe(self) -> dict[str, Json]:
        """Everything that can be seen, with the events of the last of libvirt's own calls."""
        seen = super().observe()
        if self._own_calls is not None and self._own_calls.events.last is not None:
            seen["events"] = self._own_calls.events.last
        return seen

    # --- the tree -----------------------------------------------------------

    def create(
        self,
        name: str,
        description: str = "",
        memory: bool = False,
        uuid: str | None = None,
        quiesce: bool = False,
    ) -> SnapshotId:
        """Capture the active state. libvirt decides; the driver refuses only requests that libvirt cannot
        express.
        """
        with translation(self.libvirt, "create"):
            power = self.power()
            existing = self.snapshots.ids()
            if quiesce and not self.profile.offers("quiesce"):
                raise Unsupported("quiesce needs an external snapshot")
            self._no_image("create")
        self._check_name(name)
        self._uuids.check(uuid, lambda: existing)
        document, flags = self._request(documents.SnapshotRequest(name, description, memory, quiesce), power)
        meanings = dict(CREATE_MEANINGS)
        if name not in existing:
            del meanings[OPERATION_FAILED]
        if memory and power == "off":
            meanings[XML_ERROR] = InvalidPowerState  # "memory state cannot be saved with offline …"
        with translation(self.libvirt, "create", meanings):
            created = self.handle.snapshotCreateXML(document, flags)
        issued: str = created.getName()
        self.snapshots.created(issued)
        self._uuids.give(issued, uuid)
        return issued

    @translate_errors
    def revert(self, snapshot: SnapshotId, resume_as: str | None = None) -> None:
        """Make the active state what the snapshot holds."""
        self.check_resume(resume_as)
        self._revert(snapshot, resume_as)
        if resume_as == "off":
            self._off()

    def discard(self, snapshot: SnapshotId) -> None:
        """Delete a snapshot that nothing depends on, where libvirt can."""
        self._claimed("discard")
        super().discard(snapshot)

    def discard_forced(self, snapshot: SnapshotId, resume_as: str | None = None) -> None:
        """Revert to the parent if the active state would go with it, turn off, delete the subtree."""
        self._claimed("discard_forced")
        super().discard_forced(snapshot, resume_as)

    def remove_subtree(self, snapshot: SnapshotId, keep_root: bool = False) -> None:
        """Delete the subtree, with or without its top."""
        self._claimed("remove_subtree")
        super().remove_subtree(snapshot, keep_root)

    def delete(self, snapshot: SnapshotId, *, with_children: bool) -> None:
        """libvirt's delete."""
        flags = self.libvirt.VIR_DOMAIN_SNAPSHOT_DELETE_CHILDREN if with_children else 0
        self.snapshots.find(snapshot).delete(flags)

    def delete_below(self, snapshot: SnapshotId) -> None:
        """libvirt's delete of everything below."""
        self.snapshots.find(snapshot).delete(self.libvirt.VIR_DOMAIN_SNAPSHOT_DELETE_CHILDREN_ONLY)

    def merge(self, snapshot: SnapshotId, dependents: int) -> None:
        """libvirt's delete. What it cannot do for many dependents, it says of one kind of error alone."""
        limit = self.profile.limits.merge_children
        many = limit is not None and dependents > limit
        also: Meanings[int] = {CONFIG_UNSUPPORTED: LimitExceeded} if many else {}
        with translation(self.libvirt, "merge_into_children", also):
            super().merge(snapshot, dependents)

    def revert_to(self, snapshot: SnapshotId, resume_as: str | None) -> None:
        """Revert; where no power state is asked for, off."""
        self._revert(snapshot, resume_as)
        if resume_as in (None, "off"):
            self._off()

    def check_resume(self, resume_as: str | None) -> None:
        """libvirt reverts to every power state there is."""
        if resume_as is not None and resume_as not in RESUME_AS:
            self._claimed("revert")
            raise InvalidArgument(f"{resume_as!r} is none of {', '.join(RESUME_AS)}")

    @translate_errors
    def describe(self, snapshot: SnapshotId, description: str) -> None:
        """Define the snapshot again, with another description."""
        libvirt = self.libvirt
        document = self.snapshots.find(snapshot).getXMLDesc(libvirt.VIR_DOMAIN_SNAPSHOT_XML_SECURE)
        flags = libvirt.VIR_DOMAIN_SNAPSHOT_CREATE_REDEFINE
        if self.snapshots.current == snapshot:
            flags |= libvirt.VIR_DOMAIN_SNAPSHOT_CREATE_CURRENT
        self.handle.snapshotCreateXML(documents.with_description(document, description), flags)

    # --- power --------------------------------------------------------------

    @translate_errors
    def start(self) -> None:
        """Boot, or continue from the managed-save image."""
        self.handle.create()

    @translate_errors
    def stop(self) -> None:
        """Turn off."""
        self.handle.destroy()

    @translate_errors
    def pause(self) -> None:
        """Stop the processors. libvirt accepts a domain that is already paused, so the driver checks."""
        if self.power() == "paused":
            raise InvalidPowerState("the domain is paused")
        self.handle.suspend()

    @translate_errors
    def resume(self) -> None:
        """Continue the processors."""
        self.handle.resume()

    @translate_errors
    def managed_save(self) -> None:
        """Save memory and turn off."""
        self.handle.managedSave(0)

    @translate_errors
    def managed_save_remove(self) -> None:
        """Drop the image. Without one the driver does not call libvirt."""
        if self.handle.hasManagedSaveImage(0):
            self.handle.managedSaveRemove(0)
        else:
            self.power()  # a domain that was removed says so

    @translate_errors
    def configure(self, key: str, value: str) -> None:
        """Set an entry in the domain's metadata, which snapshots capture."""
        power = self.power()
        self._no_image("configure")
        if not key:
            raise InvalidArgument("the key is empty")
        entries = self.configuration()
        if value:
            entries[key] = value
        else:
            entries.pop(key, None)
        document = documents.configuration_document(entries) if entries else None
        element, short = self.libvirt.VIR_DOMAIN_METADATA_ELEMENT, "snaptree" if entries else None
        flags = _CONFIG if power == "off" else _LIVE_AND_CONFIG
        if entries or self.configuration():
            self.handle.setMetadata(element, document, short, documents.NAMESPACE, flags)

    @translate_errors
    def undefine(self) -> None:
        """Remove a domain that is off and has neither snapshots nor an image."""
        self._is_off("undefine")
        casualties = [*self.snapshots.ids(), *([ACTIVE] if self.handle.hasManagedSaveImage(0) else [])]
        if casualties:
            raise WouldDiscard("it has snapshots or an image", casualties=casualties)
        self.handle.undefineFlags(0)

    @translate_errors
    def undefine_forced(self) -> None:
        """Remove a domain with all its snapshots."""
        self._is_off("undefine")
        self._remove()

    def close(self) -> None:
        """Remove the domain with everything that belongs to it."""
        libvirt = self.libvirt
        if self._own_calls is not None:
            self._own_calls.events.close()
        try:
            self._off()
            self._remove()
        except libvirt.libvirtError as error:
            if error.get_error_code() != libvirt.VIR_ERR_NO_DOMAIN:
                raise

    # --- steps ----------------------------------------------------------------

    def _check_name(self, name: str) -> None:
        # libvirt takes an empty name for a wish to be given one.
        if not name or not xml_carries(name):
            raise InvalidName(f"{name!r} cannot be asked for")

    def _request(self, request: documents.SnapshotRequest, power: str) -> tuple[str, int]:
        """The document and the flags that ask for a snapshot."""
        flags = self.libvirt.VIR_DOMAIN_SNAPSHOT_CREATE_QUIESCE if request.quiesce else 0
        return documents.snapshot_document(request, _memory(power, wished=request.memory)), flags

    def _remove(self) -> None:
        """Remove a domain that is off; of snapshots there is nothing but what libvirt remembers."""
        libvirt = self.libvirt
        self.handle.undefineFlags(
            libvirt.VIR_DOMAIN_UNDEFINE_MANAGED_SAVE | libvirt.VIR_DOMAIN_UNDEFINE_SNAPSHOTS_METADATA
        )

    def _revert(self, snapshot: SnapshotId, resume_as: str | None) -> None:
        self._claimed("revert")
        target = self.snapshots.find(snapshot)
        flags = self._resuming(resume_as)
        saved = self.handle.hasManagedSaveImage(0)
        if saved:
            flags |= self.libvirt.VIR_DOMAIN_SNAPSHOT_REVERT_FORCE
        self.handle.revertToSnapshot(target, flags)
        # The image belongs to the state that is lost, and libvirt lets it outlive this; a refusal keeps it.
        if saved and self.handle.hasManagedSaveImage(0):
            self.handle.managedSaveRemove(0)

    def _resuming(self, resume_as: str | None) -> int:
        """The flag for the power state after a revert."""
        flags: dict[str | None, int] = {
            "running": self.libvirt.VIR_DOMAIN_SNAPSHOT_REVERT_RUNNING,
            "paused": self.libvirt.VIR_DOMAIN_SNAPSHOT_REVERT_PAUSED,
        }
        return flags.get(resume_as, 0)

    def _claimed(self, call: str) -> None:
        """Raises Unsupported if libvirt would do it only for some snapshots of such a domain, or half."""
        if not self.profile.claims(call):
            raise Unsupported(f"{call} is not for snapshots like these")

    def _off(self) -> None:
        if self.handle.isActive():
            self.handle.destroy()

    def _no_image(self, call: str) -> None:
        if self.handle.hasManagedSaveImage(0):
            raise InvalidPowerState(f"{call}: there is a managed-save image")

    def _is_off(self, call: str) -> None:
        if self.handle.isActive():
            raise InvalidPowerState(f"{call}: the domain is not off")


def _memory(power: str, *, wished: bool) -> str | None:
    """What the document says of memory: nothing where that already means what was asked for."""
    if wished == (power != "off"):
        return None
    return "internal" if wished else "no"
