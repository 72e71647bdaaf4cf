"""Observes one domain; nothing here changes anything."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager
from typing import Any, Final

from snaptree.conformance.driver import Json
from snaptree.conformance.drivers.kit.look_ups import LookUps
from snaptree.conformance.drivers.kit.refusals import translate_errors
from snaptree.conformance.drivers.libvirt import documents
from snaptree.conformance.drivers.libvirt.catalogue import LibvirtCatalogue
from snaptree.conformance.drivers.libvirt.library import NO_METADATA, translation
from snaptree.spec.profiles import Profile
from snaptree.spec.state import Power

_POWER: Final[Mapping[int, Power]] = {1: "running", 3: "paused", 5: "off", 6: "off"}
"""virDomainState: running, paused, shut off, crashed."""


class ObservableDomain(LookUps):
    """A domain of any libvirt driver, without a look at its disks. ``handle`` is libvirt's own domain."""

    def __init__(self, libvirt: Any, handle: Any, profile: Profile) -> None:
        self.libvirt = libvirt
        self.handle = handle
        self.profile = profile
        self.snapshots = LibvirtCatalogue(libvirt, handle)

    def catalogue(self) -> LibvirtCatalogue:
        """The snapshots, asked of libvirt."""
        return self.snapshots

    def translation(self, call: str) -> AbstractContextManager[None]:
        """libvirt's errors are refusals where they mean one."""
        return translation(self.libvirt, call)

    @translate_errors
    def observe(self) -> dict[str, Json]:
        """The tree and what the documents say. What disks hold, a subclass may add."""
        return {
            "snapshots": [self._snapshot(one) for one in self.snapshots.all()],
            "current": self.snapshots.current,
            "active": {"power": self.power(), "configuration": self.configuration()},
            "managed_save": {} if self.handle.hasManagedSaveImage(0) else None,
            "independent": {},
        }

    def _snapshot(self, one: Any) -> dict[str, Json]:
        """One snapshot. What its disks hold, a subclass may add to the point."""
        name = one.getName()
        document = documents.read_snapshot(one.getXMLDesc(0))
        return {"id": name, "name": name, "parent": self.snapshots.parent_of(one), **document}

    def power(self) -> str:
        """The power state now."""
        state, _ = self.handle.state(0)
        return _POWER.get(state, f"state {state}")

    def configuration(self) -> dict[str, str]:
        """What the domain's metadata holds now."""
        element = self.libvirt.VIR_DOMAIN_METADATA_ELEMENT
        try:
            return documents.read_metadata(self.handle.metadata(element, documents.NAMESPACE, 0))
        except self.libvirt.libvirtError as error:
            # A transient domain that is off, which there should not be, has none either.
            if error.get_error_code() == NO_METADATA or not self.handle.isPersistent():
                return {}
            raise
