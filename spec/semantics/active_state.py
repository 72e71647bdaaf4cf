"""Work on the active state: disks, memory and configuration. No point changes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from rpds import HashTrieMap

from snaptree.spec.copies import replace
from snaptree.spec.operations import (
    AttachDisk,
    Configure,
    DetachDisk,
    ResizeDisk,
    WriteBlocks,
    WriteDisk,
    WriteMemory,
)
from snaptree.spec.profiles import Profile
from snaptree.spec.state import BLOCK_STRIDE, Disk, Domain

BYTE: Final = range(256)


def is_byte(value: object) -> bool:
    """Whether a block or the memory can hold this value."""
    return _is_number(value) and value in BYTE


def is_block(block: object, disk: Disk) -> bool:
    """Whether the disk has a block of this number."""
    return isinstance(block, int) and _is_number(block) and disk.holds(block)


def is_size(size: object) -> bool:
    """Whether this is a size at all: a positive multiple of 64 KiB."""
    return isinstance(size, int) and _is_number(size) and size > 0 and size % BLOCK_STRIDE == 0


def fits(size: int, profile: Profile) -> bool:
    """Whether a disk may be that large."""
    most = profile.limits.disk_size
    return most is None or size <= most


def _is_number(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _size_refused(size: int, profile: Profile) -> bool:
    return not is_size(size) or not fits(size, profile)


def disk_of(domain: Domain, name: str) -> Disk | None:
    """The disk of the active state with this id, independent ones included."""
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
    disk = disk_of(domain, operation.disk)
    if disk is None or not is_block(operation.block, disk) or not is_byte(operation.value):
        yield "InvalidArgument"


def write_disk_effect(domain: Domain, operation: WriteDisk, profile: Profile) -> tuple[Domain, None]:
    """The tree: unchanged. The active state: one block of one disk."""
    disk = disk_of(domain, operation.disk)
    assert disk is not None, "refused above"
    return _with_disk(domain, operation.disk, disk.written(operation.block, operation.value)), None


def write_blocks_refused(domain: Domain, operation: WriteBlocks, profile: Profile) -> Iterator[str]:
    """Whatever one of the single writes is refused for, or no block at all."""
    yield from _image_refused(domain)
    disk = disk_of(domain, operation.disk)
    held = disk is not None and all(is_block(block, disk) for block, _ in operation.blocks)
    if not held or not operation.blocks or not all(is_byte(value) for _, value in operation.blocks):
        yield "InvalidArgument"


def write_blocks_effect(domain: Domain, operation: WriteBlocks, profile: Profile) -> tuple[Domain, None]:
    """The tree: unchanged. The active state: each of the blocks."""
    disk = disk_of(domain, operation.disk)
    assert disk is not None, "refused above"
    for block, value in operation.blocks:
        disk = disk.written(block, value)
    return _with_disk(domain, operation.disk, disk), None


def write_memory_refused(domain: Domain, operation: WriteMemory, profile: Profile) -> Iterator[str]:
    """A domain without memory, or a value that is no byte."""
    if domain.active.power == "off":
        yield "InvalidPowerState"
    if not is_byte(operation.value):
        yield "InvalidArgument"


def write_memory_effect(domain: Domain, operation: WriteMemory, profile: Profile) -> tuple[Domain, None]:
    """The tree: unchanged. The active state: the memory marker."""
    return replace(domain, active=replace(domain.active, memory=operation.value)), None


def resize_refused(domain: Domain, operation: ResizeDisk, profile: Profile) -> Iterator[str]:
    """An unknown disk, a size that is none, or a managed-save image."""
    yield from _image_refused(domain)
    if disk_of(domain, operation.disk) is None or _size_refused(operation.size, profile):
        yield "InvalidArgument"


def resize_effect(domain: Domain, operation: ResizeDisk, profile: Profile) -> tuple[Domain, None]:
    """The tree: unchanged. The active state: the size; what is cut off reads zero for ever."""
    disk = disk_of(domain, operation.disk)
    assert disk is not None, "refused above"
    return _with_disk(domain, operation.disk, disk.resized(operation.size)), None


def attach_refused(domain: Domain, operation: AttachDisk, profile: Profile) -> Iterator[str]:
    """A disk id in use, a size that is none, an independent disk where there are none."""
    yield from _image_refused(domain)
    if operation.independent and is_captured(domain, operation.disk):
        yield "InvalidArgument"
    if not operation.disk or disk_of(domain, operation.disk) is not None:
        yield "InvalidArgument"
    if _size_refused(operation.size, profile):
        yield "InvalidArgument"
    if operation.independent and not profile.offers("independent_disks"):
        yield "Unsupported"


def is_captured(domain: Domain, disk: str) -> bool:
    """Whether some point holds a disk of that id: a revert would bring it back beside the other.

    The point of a retired snapshot counts: its record can be restored, and then be reverted to.
    """
    points = (one.point for one in (*domain.snapshots.values(), *domain.retired.values()))
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
    if disk_of(domain, operation.disk) is None:
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
