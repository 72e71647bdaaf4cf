"""Arguments at their edges: the last value that is sound, and the first that is not."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from snaptree.spec import operations as ops
from snaptree.spec.laws.menu import fresh_name
from snaptree.spec.operations import Operation
from snaptree.spec.profiles import Profile
from snaptree.spec.state import Domain

_STRIDE: Final = 65536
_SECTOR: Final = 512

_FRESH_UUID: Final = "0f0f0f0f-aaaa-4bbb-8ccc-0123456789ab"
_UUIDS: Final = (
    (_FRESH_UUID, True), (_FRESH_UUID.upper(), False), (_FRESH_UUID[:-1], False), (f"{_FRESH_UUID}0", False),
    ("nonsense", False), ("", False),
)  # fmt: skip
_UNWRITABLE: Final = ("end\x00", "\ud800", "\udfff", "\ufffe", "\uffff", "\x1f", "\x0b")
_WRITABLE: Final = ("", "tab\t\n\r end", "\ud7ff\ue000\ufffd\U00010000\U0010ffff", "~\x7f")
_BYTES: Final[tuple[tuple[Any, bool], ...]] = (
    (0, True), (255, True), (-1, False), (256, False), (True, False), ("1", False),
)  # fmt: skip


def edges(domain: Domain, profile: Profile) -> Iterator[tuple[Operation, bool]]:
    """Operations, and whether no argument of them, the name apart, is malformed or contradicts the domain."""
    yield from _writes(domain)
    yield from _sizes(domain, profile)
    yield from _disks(domain)
    yield from ((ops.Configure("", "value"), False), (ops.Configure("key", ""), True))
    yield from _texts(domain, profile)
    yield from _uuids(domain, profile)
    for snapshot in (*sorted(domain.snapshots), "nobody"):
        for resume_as, sound in (("flying", False), ("", False), *((word, True) for word in ops.RESUME_AS)):
            asked: Any = resume_as
            yield ops.Revert(snapshot, asked), sound
            yield ops.DiscardForced(snapshot, asked), sound
            yield ops.MergeIntoParentForced(snapshot, asked), sound
        yield ops.Reclaim(snapshot), snapshot not in domain


def _all_disks(domain: Domain) -> dict[str, int]:
    both = (domain.active.disks, domain.independent)
    return {name: disk.size for disks in both for name, disk in disks.items()}


def _writes(domain: Domain) -> Iterator[tuple[Operation, bool]]:
    numbers: list[tuple[Any, bool]] = []
    for name, size in _all_disks(domain).items():
        last = (size - _SECTOR) // _STRIDE
        numbers = [(0, True), (last, True), (last + 1, False), (-1, False), (True, False), ("0", False)]
        for block, inside in numbers:
            yield ops.WriteDisk(name, block, 1), inside
            yield ops.WriteBlocks(name, ((0, 1), (block, 1))), inside
        for value, is_byte in _BYTES:
            yield ops.WriteDisk(name, 0, value), is_byte
            yield ops.WriteBlocks(name, ((0, value), (0, 1))), is_byte
        yield ops.WriteBlocks(name, ()), False
    yield ops.WriteDisk("no-disk", 0, 1), False
    yield ops.WriteBlocks("no-disk", ((0, 1),)), False
    yield from ((ops.WriteMemory(value), is_byte) for value, is_byte in _BYTES)


def _sizes(domain: Domain, profile: Profile) -> Iterator[tuple[Operation, bool]]:
    limit = profile.limits.disk_size
    sizes: list[tuple[Any, bool]] = [
        (size, False) for size in (0, 1, -_STRIDE, _STRIDE + 1, _STRIDE - 1, "1", True)
    ]
    sizes += [(size, limit is None or size <= limit) for size in (_STRIDE, 2 * _STRIDE, 2**41)]
    if limit is not None and limit % _STRIDE == 0:
        sizes += [(limit, True), (limit + _STRIDE, False)]
    for size, sound in sizes:
        yield ops.AttachDisk("vdy", size), sound and "vdy" not in _all_disks(domain)
        for name in _all_disks(domain):
            yield ops.ResizeDisk(name, size), sound
    yield ops.ResizeDisk("no-disk", _STRIDE), False


def _disks(domain: Domain) -> Iterator[tuple[Operation, bool]]:
    points = [domain.base, *(one.point for one in domain.snapshots.values())]
    points += [one.point for one in domain.retired.values()]
    held = {name for point in points for name in point.disks}
    there = set(_all_disks(domain))
    yield ops.AttachDisk("", _STRIDE), False
    for name in sorted({*held, *there, "vdy"}):
        yield ops.DetachDisk(name), name in there
        yield ops.AttachDisk(name, _STRIDE), name not in there
        yield ops.AttachDisk(name, _STRIDE, independent=True), name not in there | held


def _texts(domain: Domain, profile: Profile) -> Iterator[tuple[Operation, bool]]:
    texts = [(text, profile.descriptions == "any") for text in _UNWRITABLE] + [
        (text, True) for text in _WRITABLE
    ]
    for text, sound in texts:
        yield ops.Create(fresh_name(domain), description=text), sound
        yield ops.Describe("nobody", text), sound
        yield from ((ops.Describe(snapshot, text), sound) for snapshot in sorted(domain.snapshots)[:1])


def _uuids(domain: Domain, profile: Profile) -> Iterator[tuple[Operation, bool]]:
    borne = {one.uuid for one in (*domain.snapshots.values(), *domain.retired.values())}
    issued = set(domain.issued) if profile.identity == "uuid" else set()
    for uuid, sound in (*_UUIDS, *((uuid, False) for uuid in sorted(borne | issued))):
        yield ops.Create(fresh_name(domain), uuid=uuid), sound and uuid not in borne | issued
