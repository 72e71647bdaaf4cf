"""One call of a walk, drawn for the state that the walk is in."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import Any, Final

from snaptree.spec import operations as ops
from snaptree.spec.operations import Operation
from snaptree.spec.profiles import Profile
from snaptree.spec.state import Domain

from .machine import STRIDE

SOUND: Final = ("a", "b", "A", "d", "ä", "a\u0308", "7")
NAMES: Final = (*SOUND, "c d", "long" * 80, "", "tab\tbed", "nul\0", "a/b", ".x")
UUIDS: Final = (
    "11111111-2222-4333-8444-555555555555", "11111111-2222-4333-8444-666666666666", "nonsense",
    "11111111-2222-4333-8444-AAAAAAAAAAAA",
)  # fmt: skip


UNWRITABLE: Final = ("end\x00", "\ud800", "\ufffe")
"""Descriptions that no XML document can hold."""


def draw(random: Random, domain: Domain, profile: Profile) -> Operation:
    """One call for the state that a walk is in: mostly one that is claimed, mostly with sound arguments."""
    operation = _drawn(random, domain, profile)
    for _ in range(4):
        if profile.claims(operation.call) or random.random() < 0.03:
            break
        operation = _drawn(random, domain, profile)
    return operation


def _drawn(random: Random, domain: Domain, profile: Profile) -> Operation:
    pick = random.choice
    powered = domain.active.power != "off"

    def mostly(sound: Sequence[Any], unsound: Sequence[Any]) -> Any:
        return pick(sound) if sound and random.random() < 0.9 else pick(unsound)

    # Maps of the model have no order of their own, and a code must mean the same call in every run.
    listed, retired = [one.id for one in domain.in_order()], sorted(domain.retired)

    def target(sound: Sequence[str] = listed) -> str:
        return mostly(sound, [*listed, *retired, "nobody"])

    leaves = [one for one in listed if not domain.children_of(one) and one != domain.current]
    inner = [one for one in listed if domain.children_of(one) or one == domain.current]
    repeats = profile.names.policy == "duplicates"
    free = (
        SOUND[:2]
        if repeats
        else [name for name in SOUND if name not in domain.names or random.random() < 0.2]
    )
    disk = mostly(sorted([*domain.active.disks, *domain.independent]), ("vdc", "vdz"))
    size = mostly((STRIDE, 2 * STRIDE, 4 * STRIDE), (0, -STRIDE, STRIDE + 1, 2**41))
    held = {name for one in domain.retired.values() for name in one.point.disks}
    detached = sorted(held - {*domain.active.disks, *domain.independent})
    memory = powered and (
        profile.memory == "always" or (profile.memory == "optional" and pick((True, False)))
    )
    wish = mostly(
        (None, *ops.RESUME_AS) if profile.offers("resume_as") else (None,), (*ops.RESUME_AS, "flying")
    )
    create = ops.Create(
        mostly(free, NAMES), mostly(("", "in words"), UNWRITABLE), mostly((memory,), (True, False)),
        mostly((None,), UUIDS), random.random() < 0.05,
    )  # fmt: skip
    tree: list[Operation] = [
        *([create] * 8), ops.Revert(target(), wish), *([ops.Revert(target())] * 3),
        ops.MergeIntoChildren(target(inner)), ops.MergeIntoParent(target()), ops.Discard(target(leaves)),
        ops.MergeIntoParentForced(target(), wish), ops.DiscardForced(target(), wish),
        ops.RemoveSubtree(target(leaves or inner), pick((True, False))), *([ops.Retire(target())] * 2),
        ops.Reclaim(target(retired)), ops.Rename(target(), mostly(SOUND, NAMES)),
        ops.Describe(target(), mostly(("", "new words"), UNWRITABLE)),
    ]  # fmt: skip
    work: list[Operation] = [
        *([ops.WriteDisk(disk, random.randrange(2), random.randrange(1, 256))] * 4),
        ops.WriteDisk(disk, random.randrange(-1, 5), pick((0, 7, 255, 256, -1))),
        ops.WriteMemory(mostly((0, 7, 8, 255), (256, -1))), ops.ResizeDisk(disk, size),
        ops.AttachDisk(mostly(detached or ("vdc", "vdd"), (disk, "")), size, pick((True, False))),
        ops.DetachDisk(disk),
        ops.Configure(mostly(("cpus", "title"), ("",)), mostly(("1", "2", "3"), ("",))),
    ]  # fmt: skip
    power: list[Operation] = [
        *([ops.Pause(), ops.Resume(), ops.ManagedSave(), ops.Stop()] if powered else [ops.Start()] * 2),
        ops.Start(), ops.Crash(), ops.ManagedSaveRemove(),
    ]  # fmt: skip
    looks: list[Operation] = [
        ops.ListSnapshots(), ops.Children(pick((None, target()))), ops.Parent(target()), ops.Current(),
        *([ops.LookupByName(mostly(sorted(domain.names), NAMES))] * 3), ops.LookupById(target()), ops.Count(),
    ]  # fmt: skip
    repeated = [name for name, bearers in domain.names.items() if len(bearers) > 1]
    if repeated and random.random() < 0.2:
        return ops.LookupByName(pick(sorted(repeated)))
    if random.random() < 0.004:
        return pick((ops.Undefine(), ops.UndefineForced()))
    return pick(random.choices((tree, work, power, looks), (50, 25, 15, 10))[0])
