"""A domain whose disks are images that the driver can reach beside libvirt."""

from __future__ import annotations

from typing import Any

from snaptree.conformance.driver import Json, SnapshotId
from snaptree.conformance.drivers.libvirt.disks import Images
from snaptree.conformance.drivers.libvirt.domain import LibvirtDomain
from snaptree.conformance.drivers.libvirt.library import judged
from snaptree.spec.outcomes import InvalidArgument, InvalidName, InvalidPowerState
from snaptree.spec.profiles import Profile
from snaptree.spec.state import BLOCK_SIZE, BLOCK_STRIDE


class ImagedDomain(LibvirtDomain):
    """Disks are written by qemu-io while the domain is off, and read at any time."""

    def __init__(self, libvirt: Any, native: Any, profile: Profile, images: Images, *, keep: bool) -> None:
        super().__init__(libvirt, native, profile)
        self._images = images
        self._keep = keep

    def create(
        self,
        name: str,
        description: str = "",
        memory: bool = False,
        uuid: str | None = None,
        quiesce: bool = False,
    ) -> SnapshotId:
        """Capture the active state, under a name that no tool takes for a number."""
        if name.isascii() and name.isdigit():
            # qemu-img would take the snapshot in the image that has this id instead.
            raise InvalidName(f"{name!r} is a number")
        return super().create(name, description, memory, uuid, quiesce)

    def write_disk(self, disk: str, block: int, value: int) -> None:
        """Set block k, the 512 bytes at k times 64 KiB, to one value."""
        with judged(self.libvirt, "write_disk"):
            if self.power() != "off":
                raise InvalidPowerState("a running QEMU holds its images")
            self._no_image("write_disk")
        size = self._images.sizes.get(disk)
        if size is None:
            raise InvalidArgument(f"no disk {disk!r}")
        if not 0 <= block <= (size - BLOCK_SIZE) // BLOCK_STRIDE:
            raise InvalidArgument(f"{disk} has no block {block!r}")
        if not 0 <= value <= 255:
            raise InvalidArgument(f"{value!r} is not a number from 0 to 255")
        self._images.write(disk, block, value)

    def undefine_forced(self) -> None:
        """Delete the snapshots out of the images, youngest first, then remove the domain."""
        with judged(self.libvirt, "undefine_forced"):
            self._is_off("undefine_forced")
            for snapshot in reversed(self.tree.all()):
                snapshot.delete(0)
            self._remove()

    def observe(self) -> dict[str, Json]:
        """The tree, and what the images hold now."""
        seen = super().observe()
        seen["active"]["disks"] = self._images.read(held=seen["active"]["power"] != "off")
        return seen

    def close(self) -> None:
        """Remove the domain and its images, unless they are to be kept."""
        if not self._keep:
            super().close()
            self._images.remove()
