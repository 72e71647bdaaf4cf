"""Work on the active state: disks, memory and configuration. No point changes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from rpds import HashTrieMap

from snaptree.spec.operations import AttachDisk, Configure, DetachDisk, ResizeDisk, WriteDisk, WriteMemory
from snaptree.spec.profiles import Profile
from snaptree.spec.state import BLOCK_STRIDE, Disk, Domain

LARGEST_DISK: Final = 2**40
"""Bytes; a size beyond it is a mistake, not a disk."""


def _is_number(value: object, low: int, high: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and low <= value <= high


def _is_size(size: object) -> bool:
    return _is_number(size, BLOCK_STRIDE, LARGEST_DISK) and isinstance(size, int) and size % BLOCK_STRIDE == 0


def _disk(domain: Domain, name: str) -> Disk | None:
    return domain.active.disks.get(name) or domain.independent.get(name)


def _with_disk(domain: Domain, name: str, disk: Disk) -> Domain:
    if name in domain.independent:
        return replace(domain, independent=domain.independent.insert(name, disk))
    return replace(domain, active=replace(domain.active, disks=domain.active.disks.insert(name, disk)))


def _image_refused(domain: Domain) -> Iterator[str]:
    """A managed-save image remembers what the disks held; they must not change under it."""
    if domain.managed_save is not None:
        yield "InvalidPowerState"


def write_disk_refused(domain: Domain, operation: WriteDisk, profile: Profile) -> Iterator[str]:
    """A disk, block or value that does not exist, or a managed-save image."""
    yield from _image_refused(domain)
    disk = _disk(domain, operation.disk)
    if (
        disk is None
        or not _is_number(operation.block, 0, LARGEST_DISK // BLOCK_STRIDE)
        or not disk.holds(operation.block)
        or not _is_number(operation.value, 0, 255)
    ):
        yield "InvalidArgument"


def write_disk_effect(domain: Domain, operation: WriteDisk, profile: Profile) -> tuple[Domain, None]:
    """The tree: unchanged. The active state: one block of one disk."""
    disk = _disk(domain, operation.disk)
    assert disk is not None, "refused above"
    return _with_disk(domain, operation.disk, disk.written(operation.block, operation.value)), None


def write_memory_refused(domain: Domain, operation: WriteMemory, profile: Profile) -> Iterator[str]:
    """A domain without memory, or a value that is no byte."""
    if domain.active.power == "off":
        yield "InvalidPowerState"
    if not _is_number(operation.value, 0, 255):
        yield "InvalidArgument"


def write_memory_effect(domain: Domain, operation: WriteMemory, profile: Profile) -> tuple[Domain, None]:
    """The tree: unchanged. The active state: the memory marker."""
    return replace(domain, active=replace(domain.active, memory=operation.value)), None


def resize_refused(domain: Domain, operation: ResizeDisk, profile: Profile) -> Iterator[str]:
    """An unknown disk, a size that is none, or a managed-save image."""
    yield from _image_refused(domain)
    if _disk(domain, operation.disk) is None or not _is_size(operation.size):
        yield "InvalidArgument"


def resize_effect(domain: Domain, operation: ResizeDisk, profile: Profile) -> tuple[Domain, None]:
    """The tree: unchanged. The active state: the size; what is cut off reads zero for ever."""
    disk = _disk(domain, operation.disk)
    assert disk is not None, "refused above"
    return _with_disk(domain, operation.disk, disk.resized(operation.size)), None


def attach_refused(domain: Domain, operation: AttachDisk, profile: Profile) -> Iterator[str]:
    """A disk id in use, a size that is none, an independent disk where there are none."""
    yield from _image_refused(domain)
    if operation.independent and _captured(domain, operation.disk):
        yield "InvalidArgument"
    if not operation.disk or _disk(domain, operation.disk) is not None or not _is_size(operation.size):
        yield "InvalidArgument"
    if operation.independent and not profile.offers("independent_disks"):
        yield "Unsupported"


def _captured(domain: Domain, disk: str) -> bool:
    """Whether some point holds a disk of that id: a revert would bring it back beside the other."""
    points = (snapshot.point for snapshot in domain.snapshots.values())
    return disk in domain.base.disks or any(disk in point.disks for point in points)


def attach_effect(domain: Domain, operation: AttachDisk, profile: Profile) -> tuple[Domain, None]:
    """The tree: unchanged. The active state: one more disk, which reads zero."""
    blank = Disk(operation.size, HashTrieMap())
    if operation.independent:
        return replace(domain, independent=domain.independent.insert(operation.disk, blank)), None
    disks = domain.active.disks.insert(operation.disk, blank)
    return replace(domain, active=replace(domain.active, disks=disks)), None


def detach_refused(domain: Domain, operation: DetachDisk, profile: Profile) -> Iterator[str]:
    """An unknown disk, or a managed-save image."""
    yield from _image_refused(domain)
    if _disk(domain, operation.disk) is None:
        yield "InvalidArgument"


def detach_effect(domain: Domain, operation: DetachDisk, profile: Profile) -> tuple[Domain, None]:
    """The tree: unchanged; points keep the disk. The active state: one disk less."""
    if operation.disk in domain.independent:
        return replace(domain, independent=domain.independent.remove(operation.disk)), None
    disks = domain.active.disks.remove(operation.disk)
    return replace(domain, active=replace(domain.active, disks=disks)), None


def configure_refused(domain: Domain, operation: Configure, profile: Profile) -> Iterator[str]:
    """A key that is empty, or a managed-save image."""
    yield from _image_refused(domain)
    if not operation.key:
        yield "InvalidArgument"


def configure_effect(domain: Domain, operation: Configure, profile: Profile) -> tuple[Domain, None]:
    """The tree: unchanged. The active state: one entry set, or removed if the value is empty."""
    entries = domain.active.configuration
    if operation.value:
        entries = entries.insert(operation.key, operation.value)
    else:
        entries = entries.discard(operation.key)
    return replace(domain, active=replace(domain.active, configuration=entries)), None
