"""A domain of QEMU's, whose disks are images and whose memory has a marker.

Its snapshots are internal, external, or one after the other; everything else is
the same.
"""

from __future__ import annotations

from itertools import count
from typing import Any

from snaptree.conformance.driver import Json
from snaptree.conformance.drivers.libvirt import documents
from snaptree.conformance.drivers.libvirt.address import Kind
from snaptree.conformance.drivers.libvirt.disks import Images
from snaptree.conformance.drivers.libvirt.documents import Wanted
from snaptree.conformance.drivers.libvirt.domain import LibvirtDomain
from snaptree.conformance.drivers.libvirt.guest import Guest
from snaptree.conformance.drivers.libvirt.library import judged
from snaptree.conformance.drivers.libvirt.looking import judged_call
from snaptree.spec.outcomes import InvalidArgument, InvalidPowerState, Unsupported
from snaptree.spec.profiles import Profile
from snaptree.spec.state import BLOCK_SIZE, BLOCK_STRIDE


class ImagedDomain(LibvirtDomain):
    """Disks are written by qemu-io while the domain is off, by its QEMU while it is on; read at any time."""

    def __init__(
        self,
        libvirt: Any,
        native: Any,
        profile: Profile,
        images: Images,
        guest: Guest,
        *,
        kind: Kind = "internal",
        keep: bool = False,
    ) -> None:
        super().__init__(libvirt, native, profile)
        self._images = images
        self._guest = guest
        self._kind = kind
        self._keep = keep
        self._numbers = count(1)
        self._recorded: dict[str, str] = {}
        """The power at capture, which libvirt does not say of a snapshot of disks alone."""

    def write_disk(self, disk: str, block: int, value: int) -> None:
        """Set block k, the 512 bytes at k times 64 KiB, to one value."""
        with judged(self.libvirt, "write_disk"):
            power = self.power()
            self._no_image("write_disk")
        size = self._images.sizes.get(disk)
        if size is None:
            raise InvalidArgument(f"no disk {disk!r}")
        if not 0 <= block <= (size - BLOCK_SIZE) // BLOCK_STRIDE:
            raise InvalidArgument(f"{disk} has no block {block!r}")
        _is_byte(value)
        with judged(self.libvirt, "write_disk"):
            attached = self._attached()[disk]
            if power not in self.profile.power.get("write_disk", (power,)):
                raise InvalidPowerState(f"not while it is {power}")
            if power == "off":
                self._images.write(attached.image, block, value)
            else:
                self._guest.write_disk(attached.alias, block, value)

    @judged_call
    def write_memory(self, value: int) -> None:
        """Set the marker in memory."""
        if self.power() == "off":
            raise InvalidPowerState("there is no memory")
        _is_byte(value)
        self._guest.write_memory(value)

    def undefine_forced(self) -> None:
        """Delete the snapshots out of the images, youngest first, then remove the domain."""
        self._claimed("undefine_forced")
        with judged(self.libvirt, "undefine_forced"):
            self._is_off("undefine_forced")
            for snapshot in reversed(self.tree.all()):
                snapshot.delete(0)
            self._remove()

    @judged_call
    def observe(self) -> dict[str, Json]:
        """The tree, what the images hold now and in every point, and the marker in memory."""
        held = self.power() != "off"
        attached = self._attached()
        if held:
            self._guest.flush([one.alias for one in attached.values()])
        seen = super().observe()
        seen["active"]["disks"] = {
            disk: found
            for disk, one in attached.items()
            if (found := self._images.read(one.image)) is not None
        }
        seen["active"]["memory"] = self._guest.memory() if held else None
        return seen

    @judged_call
    def digests(self) -> dict[str, dict[str, str]]:
        """The active state's disks, whole, as QEMU reads them."""
        attached = self._attached()
        if self.power() != "off":
            self._guest.flush([one.alias for one in attached.values()])
        return {"active": {disk: self._images.digest(one.image) for disk, one in attached.items()}}

    def close(self) -> None:
        """Remove the domain and its images, unless they are to be kept."""
        if not self._keep:
            super().close()
            self._images.remove()

    def _seen(self, one: Any) -> dict[str, Json]:
        seen = super()._seen(one)
        if seen["point"]["power"] == documents.DISK_SNAPSHOT:
            seen["point"]["power"] = self._recorded.get(seen["id"], documents.DISK_SNAPSHOT)
        seen["point"]["disks"] = self._images.read_point(documents.places(one.getXMLDesc(0), one.getName()))
        return seen

    def _request(self, wanted: Wanted, power: str) -> tuple[str, int]:
        """Internal as the base class asks; external with a place for what is written next."""
        self._recorded[wanted.name] = power
        number = next(self._numbers)
        if self._kind == "internal" or (self._kind == "mixed" and number % 2 == 1):
            return super()._request(wanted, power)
        if self.profile.memory == "always" and power != "off" and not wanted.memory:
            raise Unsupported("by turns, memory is always captured: internal snapshots must")
        overlays = {disk: self._images.overlay(disk, number) for disk in self._images.sizes}
        memory = self._images.memory(number) if wanted.memory else None
        flags = 0 if wanted.memory else self.libvirt.VIR_DOMAIN_SNAPSHOT_CREATE_DISK_ONLY
        return documents.external_document(wanted, overlays, memory), flags

    def _attached(self) -> dict[str, documents.Attached]:
        return documents.attached(self.native.XMLDesc(0))


def _is_byte(value: int) -> None:
    if not 0 <= value <= 255:
        raise InvalidArgument(f"{value!r} is not a number from 0 to 255")
