"""A domain whose calls go to libvirt unasked: what the driver does otherwise to be safer is left out.

``?thin=yes`` asks for it. A check then says what libvirt does to a caller who gets no help from the driver:
an empty name is asked for, a managed-save image is neither looked for before a call nor removed after a
revert, a domain that is paused is paused again, and an undefine takes what its flags say. What libvirt cannot
express is refused as before, and so is a delete that would do another one's work: the two are two calls of
the specification and one of libvirt's.
"""

from __future__ import annotations

from typing import Final, TypeVar

from snaptree.conformance.driver import SnapshotId
from snaptree.conformance.drivers.kit.refusals import translate_errors
from snaptree.conformance.drivers.kit.text import xml_carries
from snaptree.conformance.drivers.libvirt.calls.domain import LibvirtDomain
from snaptree.spec.outcomes import InvalidName

D = TypeVar("D", bound=LibvirtDomain)

_HANDED_ON: Final = frozenset({"create", "configure", "attach_disk", "detach_disk"})
"""Calls that are made beside a managed-save image. A write goes to the image of the disk, not to libvirt."""


class ThinDomain(LibvirtDomain):
    """Mixed in before a domain of libvirt's, it hands each of these calls on."""

    def _check_name(self, name: str) -> None:
        if not xml_carries(name):
            raise InvalidName(f"{name!r:.100} cannot be asked for: XML does not carry it")

    def _no_image(self, call: str) -> None:
        if call not in _HANDED_ON:
            super()._no_image(call)

    def _revert(self, snapshot: SnapshotId, resume_as: str | None) -> None:
        self.handle.revertToSnapshot(self.snapshots.find(snapshot), self._resuming(resume_as))

    @translate_errors
    def pause(self) -> None:
        """virDomainSuspend."""
        self.handle.suspend()

    @translate_errors
    def managed_save_remove(self) -> None:
        """virDomainManagedSaveRemove."""
        self.handle.managedSaveRemove(0)

    @translate_errors
    def undefine(self) -> None:
        """virDomainUndefineFlags without a flag."""
        self.handle.undefineFlags(0)

    @translate_errors
    def undefine_forced(self) -> None:
        """virDomainUndefineFlags with MANAGED_SAVE and SNAPSHOTS_METADATA."""
        self._remove()


def thin(kind: type[D]) -> type[D]:
    """The same domain without the care of the driver."""
    made: type[D] = type(f"Thin{kind.__name__}", (ThinDomain, kind), {})
    return made
