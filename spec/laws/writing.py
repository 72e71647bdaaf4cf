"""Laws of content: writes, sizes, disks and configuration of the active state, and independent disks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Final

from snaptree.spec import operations as ops
from snaptree.spec.laws.law import Step, after_all, law, may, same
from snaptree.spec.operations import Operation
from snaptree.spec.profiles import Profile
from snaptree.spec.state import Disk, Domain

_STRIDE: Final = 65536

Content = tuple[int, dict[int, int]]
"""Size of a disk, and its blocks that are not zero."""


def _content(domain: Domain) -> dict[str, Content]:
    """Every disk of the domain now, by id."""
    found: dict[str, Content] = {}
    disks: tuple[Mapping[str, Disk], ...] = (domain.active.disks, domain.independent)
    for family in disks:
        for name, disk in family.items():
            found[name] = (disk.size, {block: value for block, value in disk.blocks.items() if value})
    return found


def _holds(
    domain: Domain, profile: Profile, step: Step, wanted: dict[str, Content], *made: Operation
) -> str | None:
    """What the operations make of the disks, compared; None if one was refused."""
    after = after_all(domain, profile, step, *made)
    if after is None:
        return None
    kept = replace(after, active=domain.active, independent=domain.independent)
    right = _content(after) == wanted and same(kept, domain) and off_disks(after) == off_disks(domain)
    return "" if right else f"{'; '.join(map(str, made))} leaves {_content(after)}"


def off_disks(domain: Domain) -> object:
    """The active state without its disks."""
    return (domain.active.memory, domain.active.power, domain.active.configuration)


@law(
    "d·write_disk(k, x) ≡ d[disks := those of d with k := x]; d·write_disk(k, x)·write_disk(k, y) ≡ "
    "d·write_disk(k, y); d·write_disk(k, x)·write_disk(l, y) ≡ d·write_disk(l, y)·write_disk(k, x)"
)
def a_write_is_one_block(domain: Domain, profile: Profile, step: Step) -> Iterator[str]:
    """A write sets one block of one disk, the last write of it counts, several blocks are several writes."""
    for name, (size, blocks) in _content(domain).items():
        last = (size - 512) // _STRIDE
        for made in (
            [(0, 3)], [(last, 255)], [(0, 3), (0, 4)], [(0, 4), (0, 0)], [(0, 5), (last, 6)],
            [(last, 6), (0, 5)], [(0, 1), (last, 2), (0, 0)],
        ):  # fmt: skip
            values = {**blocks, **dict(made)}
            wanted = {
                **_content(domain),
                name: (size, {block: value for block, value in values.items() if value}),
            }
            singles = [ops.WriteDisk(name, block, value) for block, value in made]
            for operations in (singles, [ops.WriteBlocks(name, tuple(made))]):
                said = _holds(domain, profile, step, wanted, *operations)
                if said is not None:
                    yield said


@law("d·resize_disk(x)·resize_disk(y) ≡ d[disks := those of d with size := y, k := 0], k beyond x or y")
def what_is_cut_off_is_gone(domain: Domain, profile: Profile, step: Step) -> Iterator[str]:
    """A resize keeps the blocks that fit; what a smaller size cut off reads zero after growing again."""
    for name, (size, blocks) in _content(domain).items():
        for sizes in ([_STRIDE], [2 * size], [_STRIDE, size], [2 * _STRIDE, 4 * size], [size]):
            least = min(*sizes, size)
            left = {block: value for block, value in blocks.items() if block * _STRIDE + 512 <= least}
            wanted = {**_content(domain), name: (sizes[-1], left)}
            said = _holds(domain, profile, step, wanted, *(ops.ResizeDisk(name, one) for one in sizes))
            if said is not None:
                yield said


@law(
    "d·attach_disk ≡ d[disks := those of d with k := 0]; d·detach_disk ≡ d[disks := those of d without it]; "
    "independent of d·revert(S) = independent of d"
)
def a_disk_comes_blank_and_goes_whole(domain: Domain, profile: Profile, step: Step) -> Iterator[str]:
    """An attached disk reads zero, a detached one is gone, and an independent one is part of no point."""
    there = _content(domain)
    for name in there:
        said = _holds(
            domain, profile, step, {one: there[one] for one in there if one != name}, ops.DetachDisk(name)
        )
        if said is not None:
            yield said
    for independent in (False, True):
        attached = ops.AttachDisk("vdy", _STRIDE, independent)
        said = _holds(domain, profile, step, {**there, "vdy": (_STRIDE, {})}, attached)
        if said is not None:
            yield said
        after = after_all(domain, profile, step, attached)
        if after is not None:
            yield "" if ("vdy" in after.independent) == independent else f"{attached} is in the wrong place"
            yield from _stays_aside(after, profile, step, independent=independent)


def _stays_aside(domain: Domain, profile: Profile, step: Step, *, independent: bool) -> Iterator[str]:
    """What a create and a revert make of the disk ``vdy`` with content."""
    written = after_all(domain, profile, step, ops.WriteDisk("vdy", 0, 9))
    if written is None or not may(written, profile, "create", "revert", "write_disk"):
        return
    name = "of-the-law"
    created = after_all(written, profile, step, ops.Create(name))
    if created is None or created.current is None:
        return
    holds = "vdy" in created.snapshots[created.current].point.disks
    yield "" if holds != independent else f"a point holds{' no' if not holds else ''} vdy"
    back = after_all(created, profile, step, ops.WriteDisk("vdy", 0, 8), ops.Revert(created.current))
    if back is not None:
        value = 8 if independent else 9
        yield (
            ""
            if _content(back).get("vdy") == (_STRIDE, {0: value})
            else f"after a revert vdy is {_content(back)}"
        )


@law("d·configure(k, t) ≡ d[configuration := those of d with k := t, without k if t = ∅]")
def an_entry_is_set_or_goes(domain: Domain, profile: Profile, step: Step) -> Iterator[str]:
    """Configuring sets one entry to the last text given, or takes it away, and keeps everything else."""
    entries = dict(domain.active.configuration.items())
    for made in (
        [("k", "1")],
        [("k", "1"), ("k", "2")],
        [("k", "1"), ("k", "")],
        [("k", "")],
        [("k", "1"), ("l", "2")],
    ):
        after = after_all(domain, profile, step, *(ops.Configure(key, value) for key, value in made))
        if after is None:
            continue
        wanted = {key: value for key, value in {**entries, **dict(made)}.items() if value}
        kept = replace(after, active=replace(after.active, configuration=domain.active.configuration))
        right = dict(after.active.configuration.items()) == wanted and same(kept, domain)
        yield "" if right else f"{made} leaves {dict(after.active.configuration.items())}"
