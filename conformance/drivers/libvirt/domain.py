"""The calls of one domain.

libvirt has one delete: it merges into the children where there are any, or the
active state, and discards where there is nothing. So the driver looks first and
calls it only where that is what was asked for. Where libvirt's documentation
says what a call does, nothing is added to make it true.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Final

from snaptree.conformance.driver import Json, SnapshotId, SnapshotIds
from snaptree.conformance.drivers.given_uuids import GivenUuids
from snaptree.conformance.drivers.libvirt import documents
from snaptree.conformance.drivers.libvirt.library import (
    CONFIG_UNSUPPORTED,
    OPERATION_FAILED,
    XML_DETAIL,
    XML_ERROR,
    judged,
)
from snaptree.conformance.drivers.libvirt.looking import LookedAt, judged_call
from snaptree.conformance.drivers.libvirt.speaking import Speaking
from snaptree.spec.operations import RESUME_AS
from snaptree.spec.outcomes import (
    InvalidArgument,
    InvalidName,
    InvalidPowerState,
    LimitExceeded,
    NameInUse,
    Refusal,
    Unsupported,
    WouldDiscard,
)
from snaptree.spec.profiles import Profile

_LIVE_AND_CONFIG: Final = 3
_CONFIG: Final = 2

CREATE_MEANINGS: Final[Mapping[int, type[Refusal]]] = {
    OPERATION_FAILED: NameInUse,  # "domain moment … already exists"; asked for only where one has the name
    XML_DETAIL: InvalidName,  # a name that the document cannot hold
}


class LibvirtDomain(LookedAt):
    """A domain of any libvirt driver, whose disks the driver cannot reach.

    ``pumped`` says that nobody runs libvirt's event loop, so that it is run between calls.
    """

    pumped: ClassVar[bool] = False

    def __init__(self, libvirt: Any, native: Any, profile: Profile) -> None:
        super().__init__(libvirt, native, profile)
        self._uuids = GivenUuids()
        self._speaking: Speaking | None = None

    def native_call(self, name: str, arguments: dict[str, Json]) -> Json:
        """One of libvirt's own calls, as it is."""
        if self._speaking is None:
            self._speaking = Speaking(self.libvirt, self.native, pumped=self.pumped)
        result = self._speaking.call(name, arguments)
        if name == "virDomainSnapshotCreateXML":
            self.tree.created(str(result))
        return result

    def observe(self) -> dict[str, Json]:
        """Everything that can be seen, with the events of the last of libvirt's own calls."""
        seen = super().observe()
        if self._speaking is not None and self._speaking.events.last is not None:
            seen["events"] = self._speaking.events.last
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
        """Capture the active state. libvirt decides; what it has no words for, the driver refuses."""
        with judged(self.libvirt, "create"):
            power = self.power()
            existing = self.tree.names()
            if quiesce and not self.profile.offers("quiesce"):
                raise Unsupported("quiesce needs an external snapshot")
            self._no_image("create")
        if not name or not documents.carried(name):
            # libvirt takes an empty name for a wish to be given one.
            raise InvalidName(f"{name!r} cannot be asked for")
        self._uuids.check(uuid, lambda: existing)
        document, flags = self._request(documents.Wanted(name, description, memory, quiesce), power)
        meanings = {**CREATE_MEANINGS}
        if name not in existing:
            del meanings[OPERATION_FAILED]
        if memory and power == "off":
            meanings[XML_ERROR] = InvalidPowerState  # "memory state cannot be saved with offline …"
        with judged(self.libvirt, "create", meanings):
            created = self.native.snapshotCreateXML(document, flags)
        issued: str = created.getName()
        self.tree.created(issued)
        self._uuids.give(issued, uuid)
        return issued

    @judged_call
    def revert(self, snapshot: SnapshotId, resume_as: str | None = None) -> None:
        """Make the active state what the snapshot holds."""
        flags = self._revert_flags(resume_as)
        target = self.tree.find(snapshot)
        self._revert(target, flags)
        if resume_as == "off":
            self._off()

    @judged_call
    def merge_into_children(self, snapshot: SnapshotId) -> None:
        """Remove a snapshot that something depends on; libvirt's delete then is a merge."""
        target = self.tree.find(snapshot)
        if not self.tree.children(target) and self.tree.current() != snapshot:
            raise WouldDiscard("nothing depends on it", casualties=[snapshot])
        dependents = len(self.tree.children(target)) + (self.tree.current() == snapshot)
        limit = self.profile.limits.merge_children
        # It is libvirt that decides; what it cannot do for many, it says of one kind of error alone.
        many = limit is not None and dependents > limit
        meanings: dict[int, type[Refusal]] = {CONFIG_UNSUPPORTED: LimitExceeded} if many else {}
        with judged(self.libvirt, "merge_into_children", meanings):
            target.delete(0)

    @judged_call
    def discard(self, snapshot: SnapshotId) -> None:
        """Remove a snapshot that nothing depends on."""
        target = self.tree.find(snapshot)
        casualties = self._casualties(target)
        if casualties:
            raise WouldDiscard("something depends on it", casualties=casualties)
        target.delete(0)

    @judged_call
    def discard_forced(self, snapshot: SnapshotId, resume_as: str | None = None) -> None:
        """Revert to the parent if the active state would go with it, turn off, remove the subtree."""
        self._claimed("discard_forced")
        flags = self._revert_flags(resume_as)
        target = self.tree.find(snapshot)
        if self._carries_active(target):
            parent = self.tree.parent(target)
            if parent is None:
                raise Unsupported("there is no revert to the base")
            self._revert(self.tree.find(parent), flags)
            if resume_as in (None, "off"):
                self._off()
        target.delete(self.libvirt.VIR_DOMAIN_SNAPSHOT_DELETE_CHILDREN)

    @judged_call
    def remove_subtree(self, snapshot: SnapshotId, keep_root: bool = False) -> None:
        """Remove the subtree, with or without its top."""
        self._claimed("remove_subtree")
        libvirt = self.libvirt
        only, all_of_it = (
            libvirt.VIR_DOMAIN_SNAPSHOT_DELETE_CHILDREN_ONLY,
            libvirt.VIR_DOMAIN_SNAPSHOT_DELETE_CHILDREN,
        )
        self.tree.find(snapshot).delete(only if keep_root else all_of_it)

    @judged_call
    def describe(self, snapshot: SnapshotId, description: str) -> None:
        """Define the snapshot again, with another description."""
        libvirt = self.libvirt
        document = self.tree.find(snapshot).getXMLDesc(libvirt.VIR_DOMAIN_SNAPSHOT_XML_SECURE)
        flags = libvirt.VIR_DOMAIN_SNAPSHOT_CREATE_REDEFINE
        if self.tree.current() == snapshot:
            flags |= libvirt.VIR_DOMAIN_SNAPSHOT_CREATE_CURRENT
        self.native.snapshotCreateXML(documents.described(document, description), flags)

    # --- power --------------------------------------------------------------

    @judged_call
    def start(self) -> None:
        """Boot, or continue from the managed-save image."""
        self.native.create()

    @judged_call
    def stop(self) -> None:
        """Turn off."""
        self.native.destroy()

    @judged_call
    def pause(self) -> None:
        """Stop the processors. That they stand already is no error of libvirt's: the driver looks."""
        if self.power() == "paused":
            raise InvalidPowerState("the domain is paused")
        self.native.suspend()

    @judged_call
    def resume(self) -> None:
        """Let them run on."""
        self.native.resume()

    @judged_call
    def managed_save(self) -> None:
        """Save memory and turn off."""
        self.native.managedSave(0)

    @judged_call
    def managed_save_remove(self) -> None:
        """Drop the image. Without one there is nothing to do, which libvirt need not be asked."""
        if self.native.hasManagedSaveImage(0):
            self.native.managedSaveRemove(0)
        else:
            self.power()  # a domain that was removed says so

    @judged_call
    def configure(self, key: str, value: str) -> None:
        """Set an entry in the domain's metadata, which snapshots take along."""
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
            self.native.setMetadata(element, document, short, documents.NAMESPACE, flags)

    @judged_call
    def undefine(self) -> None:
        """Remove a domain that is off and has neither snapshots nor an image."""
        self._is_off("undefine")
        casualties = [*self.tree.names(), *(["active"] if self.native.hasManagedSaveImage(0) else [])]
        if casualties:
            raise WouldDiscard("it has snapshots or an image", casualties=casualties)
        self.native.undefineFlags(0)

    @judged_call
    def undefine_forced(self) -> None:
        """Remove a domain with all its snapshots."""
        self._is_off("undefine")
        self._remove()

    def close(self) -> None:
        """Remove the domain with everything that belongs to it."""
        libvirt = self.libvirt
        if self._speaking is not None:
            self._speaking.events.close()
        try:
            self._off()
            self._remove()
        except libvirt.libvirtError as error:
            if error.get_error_code() != libvirt.VIR_ERR_NO_DOMAIN:
                raise

    # --- steps ----------------------------------------------------------------

    def _request(self, wanted: documents.Wanted, power: str) -> tuple[str, int]:
        """The document and the flags that ask for a snapshot."""
        flags = self.libvirt.VIR_DOMAIN_SNAPSHOT_CREATE_QUIESCE if wanted.quiesce else 0
        return documents.snapshot_document(wanted, _memory(power, wanted=wanted.memory)), flags

    def _remove(self) -> None:
        """Remove a domain that is off; of snapshots there is nothing but what libvirt remembers."""
        libvirt = self.libvirt
        self.native.undefineFlags(
            libvirt.VIR_DOMAIN_UNDEFINE_MANAGED_SAVE | libvirt.VIR_DOMAIN_UNDEFINE_SNAPSHOTS_METADATA
        )

    def _revert(self, target: Any, flags: int) -> None:
        self._claimed("revert")
        # The image belongs to the state that is lost; beside it libvirt refuses, or lets it outlive this.
        if self.native.hasManagedSaveImage(0):
            self.native.managedSaveRemove(0)
        self.native.revertToSnapshot(target, flags)

    def _revert_flags(self, resume_as: str | None) -> int:
        if resume_as is None:
            return 0
        if resume_as not in RESUME_AS:
            raise InvalidArgument(f"{resume_as!r} is none of {', '.join(RESUME_AS)}")
        libvirt = self.libvirt
        flags: dict[str, int] = {
            "running": libvirt.VIR_DOMAIN_SNAPSHOT_REVERT_RUNNING,
            "paused": libvirt.VIR_DOMAIN_SNAPSHOT_REVERT_PAUSED,
        }
        return flags.get(resume_as, 0)

    def _claimed(self, call: str) -> None:
        """Raises Unsupported where libvirt would do it for some snapshots of such a domain, or half of it."""
        if not self.profile.claims(call):
            raise Unsupported(f"{call} is not for snapshots like these")

    def _off(self) -> None:
        if self.native.isActive():
            self.native.destroy()

    def _casualties(self, target: Any) -> SnapshotIds:
        return [*self.tree.below(target), *(["active"] if self._carries_active(target) else [])]

    def _carries_active(self, target: Any) -> bool:
        return self.tree.current() in (target.getName(), *self.tree.below(target))

    def _no_image(self, call: str) -> None:
        if self.native.hasManagedSaveImage(0):
            raise InvalidPowerState(f"{call}: there is a managed-save image")

    def _is_off(self, call: str) -> None:
        if self.native.isActive():
            raise InvalidPowerState(f"{call}: the domain is not off")


def _memory(power: str, *, wanted: bool) -> str | None:
    """What the document says of memory: nothing where that already means what was asked for."""
    if wanted == (power != "off"):
        return None
    return "internal" if wanted else "no"
