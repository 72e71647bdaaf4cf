"""A domain of QEMU's, whose disks are images and whose memory has a marker.

Its snapshots are internal, external, or one after the other; everything else is
the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import count
from pathlib import Path
from typing import Any

from snaptree.conformance.driver import Json, SnapshotId
from snaptree.conformance.drivers.kit.blocks import (
    check_byte,
    check_disk,
    check_size,
    check_write,
    check_writes,
)
from snaptree.conformance.drivers.kit.qemu_images.turnstile import Turnstile
from snaptree.conformance.drivers.kit.refusals import translate_errors
from snaptree.conformance.drivers.libvirt import documents
from snaptree.conformance.drivers.libvirt.calls.domain import LibvirtDomain
from snaptree.conformance.drivers.libvirt.calls.guest import Guest
from snaptree.conformance.drivers.libvirt.disks import Images
from snaptree.conformance.drivers.libvirt.documents import SnapshotRequest
from snaptree.conformance.drivers.libvirt.hosts.address import Kind
from snaptree.conformance.drivers.libvirt.library import translation
from snaptree.spec.outcomes import InvalidArgument, InvalidPowerState, Unsupported
from snaptree.spec.profiles import Profile


class ImagedDomain(LibvirtDomain):
    """Disks are written by qemu-io while the domain is off, by its QEMU while it is on; read at any time.

    ``folder`` is where all that is persistent lies, if that is one folder.
    """

    folder: Path

    def __init__(
        self,
        libvirt: Any,
        handle: Any,
        profile: Profile,
        images: Images,
        guest: Guest,
        *,
        kind: Kind = "internal",
        keep: bool = False,
    ) -> None:
        super().__init__(libvirt, handle, profile)
        self._images = images
        self._guest = guest
        self._kind = kind
        self._keep = keep
        self._numbers = count(1)
        self._made = 0
        self._turnstile: Turnstile | None = None
        self._recorded: dict[str, str] = {}
        """The power at capture, which libvirt does not say of a snapshot of disks alone."""

    def take_over(self) -> None:
        """Continue with what an earlier process made; libvirt knows the order of snapshots in seconds."""
        self.snapshots.take_over()
        self._made = self.snapshots.count()
        self._numbers = count(1 + sum(1 for _ in self._images.folder.iterdir()))

    def create(
        self,
        name: str,
        description: str = "",
        memory: bool = False,
        uuid: str | None = None,
        quiesce: bool = False,
    ) -> SnapshotId:
        """Capture the active state, inside the disks or beside them."""
        created = super().create(name, description, memory, uuid, quiesce)
        self._made += 1
        return created

    def let_hold(self) -> None:
        """Let calls be held where libvirt starts a qemu-img: the first on its PATH is a turnstile's."""
        stop = self._turnstile = Turnstile(self._images.folder)
        self.hold_at, self.held_at, self.let_go = stop.hold_at, stop.held_at, stop.let_go

    def write_disk(self, disk: str, block: int, value: int) -> None:
        """Set block k, the 512 bytes at k times 64 KiB, to one value."""
        with translation(self.libvirt, "write_disk"):
            power = self.power()
            self._no_image("write_disk")
        check_write(self._sizes(), disk, block, value)
        self._write(power, disk, {block: value})

    def write_blocks(self, disk: str, blocks: dict[str, int]) -> None:
        """Set several blocks of a disk; while the domain is off, the image is opened once."""
        with translation(self.libvirt, "write_disk"):
            power = self.power()
            self._no_image("write_disk")
        self._write(power, disk, check_writes(self._sizes(), disk, blocks))

    def _write(self, power: str, disk: str, blocks: Mapping[int, int]) -> None:
        with translation(self.libvirt, "write_disk"):
            attached = self._disks()[disk]
            if power not in self.profile.power.get("write_disk", (power,)):
                raise InvalidPowerState(f"not while it is {power}")
            if power == "off":
                self._images.write(attached.image, blocks)
            else:
                for block, value in blocks.items():
                    self._guest.write_disk(attached.alias, block, value)

    @translate_errors
    def resize_disk(self, disk: str, size: int) -> None:
        """Set the size in bytes: libvirt's call where the domain is on, qemu-img where it is off."""
        self._claimed("resize_disk")
        power = self.power()
        self._no_image("resize_disk")
        attached = self._disks()
        check_disk(attached, disk)
        check_size(size)
        if power == "off":
            self._images.resize(attached[disk].image, size)
        else:
            self.handle.blockResize(disk, size, self.libvirt.VIR_DOMAIN_BLOCK_RESIZE_BYTES)

    @translate_errors
    def attach_disk(self, disk: str, size: int, independent: bool = False) -> None:
        """Add a disk that reads zero, in an image of its own."""
        self._claimed("attach_disk")
        flags = self._device_flags("attach_disk")
        attached = self._disks()
        if not disk or disk in attached:
            raise InvalidArgument(f"{disk!r:.100} is no id, or in use")
        check_size(size)
        if independent:
            raise Unsupported("a domain with a disk that is left out has no internal snapshots")
        image = self._images.attach(next(self._numbers), size)
        taken = {one.unit for one in attached.values()}
        unit = next(number for number in count() if number not in taken)
        self.handle.attachDeviceFlags(documents.disk_document(disk, image, unit), flags)

    @translate_errors
    def detach_disk(self, disk: str) -> None:
        """Remove a disk; the points that have it keep it."""
        self._claimed("detach_disk")
        flags = self._device_flags("detach_disk")
        attached = self._disks()
        check_disk(attached, disk)
        one = attached[disk]
        self.handle.detachDeviceFlags(documents.disk_document(disk, one.image, one.unit or 0), flags)

    def _device_flags(self, call: str) -> int:
        """CONFIG where the domain is off, LIVE as well where it is on."""
        power = self.power()
        self._no_image(call)
        live = 0 if power == "off" else self.libvirt.VIR_DOMAIN_AFFECT_LIVE
        return int(live | self.libvirt.VIR_DOMAIN_AFFECT_CONFIG)

    @translate_errors
    def write_memory(self, value: int) -> None:
        """Set the marker in memory."""
        if self.power() == "off":
            raise InvalidPowerState("there is no memory")
        check_byte(value)
        self._guest.write_memory(value)

    def undefine_forced(self) -> None:
        """Delete the snapshots out of the images, youngest first, then remove the domain."""
        self._claimed("undefine_forced")
        with translation(self.libvirt, "undefine_forced"):
            self._is_off("undefine_forced")
            for snapshot in reversed(self.snapshots.all()):
                snapshot.delete(0)
            self._remove()

    @translate_errors
    def observe(self) -> dict[str, Json]:
        """The tree, what the images hold now and in every point, and the marker in memory."""
        held = self.power() != "off"
        attached = self._disks()
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

    @translate_errors
    def digests(self) -> dict[str, dict[str, str]]:
        """The active state's disks, whole, as QEMU reads them."""
        attached = self._disks()
        if self.power() != "off":
            self._guest.flush([one.alias for one in attached.values()])
        return {"active": {disk: self._images.digest(one.image) for disk, one in attached.items()}}

    def close(self) -> None:
        """Remove the domain and its images, unless they are to be kept."""
        if self._turnstile is not None:
            self._turnstile.close()
        if not self._keep:
            super().close()
            self._images.remove()

    def _snapshot(self, one: Any) -> dict[str, Json]:
        seen = super()._snapshot(one)
        if seen["point"]["power"] == documents.DISK_SNAPSHOT:
            seen["point"]["power"] = self._recorded.get(seen["id"], documents.DISK_SNAPSHOT)
        seen["point"]["disks"] = self._images.read_point(documents.places(one.getXMLDesc(0), one.getName()))
        return seen

    def _request(self, request: SnapshotRequest, power: str) -> tuple[str, int]:
        """Internal as the base class asks; external with a place for what is written next."""
        self._recorded[request.name] = power
        number = next(self._numbers)
        # By turns of the snapshots that there are: a create that fails takes no turn (profile: placement).
        if self._kind == "internal" or (self._kind == "mixed" and self._made % 2 == 0):
            return super()._request(request, power)
        if self.profile.memory == "always" and power != "off" and not request.memory:
            raise Unsupported("by turns, memory is always captured: internal snapshots must")
        overlays = {disk: self._images.overlay(disk, number) for disk in self._images.sizes}
        memory = self._images.memory(number) if request.memory else None
        flags = 0 if request.memory else self.libvirt.VIR_DOMAIN_SNAPSHOT_CREATE_DISK_ONLY
        return documents.external_document(request, overlays, memory), flags

    def _sizes(self) -> dict[str, int]:
        return {disk: self._images.size(one.image) for disk, one in self._disks().items()}

    def _disks(self) -> dict[str, documents.DomainDisk]:
        return documents.domain_disks(self.handle.XMLDesc(0))
