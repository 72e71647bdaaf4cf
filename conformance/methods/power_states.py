"""Every claimed call in each power state: one sequence for each state that the profile can be in.

The graphs have the calls that change the tree or the power. Names, disks, look-ups and storage are in none
of them while the domain is on, and random draws meet some of these cases seldom.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from snaptree.conformance.driver import DEFAULT_DISKS
from snaptree.spec import operations as ops
from snaptree.spec.operations import Operation
from snaptree.spec.profiles import Profile
from snaptree.spec.state import BLOCK_STRIDE, Power

Sequence = tuple[Operation, ...]

_BOOTED: Final[dict[Power, tuple[Operation, ...]]] = {
    "off": (), "running": (ops.Start(),), "paused": (ops.Start(), ops.Pause()),
}  # fmt: skip
"""How a domain that is off comes into each power state."""

_LEAVES: Final = 4
"""Leaves beside the current snapshot: one for each way to remove a leaf."""


def in_each_power_state(profile: Profile) -> Iterator[Sequence]:
    """One sequence for each power state that the profile's calls lead to; unclaimed calls are left out."""
    for power, booted in _BOOTED.items():
        if all(profile.claims(operation.call) for operation in booted):
            calls = (*_tree(profile), *booted, *_everything(profile, power))
            yield tuple(operation for operation in calls if profile.claims(operation.call))


def _tree(profile: Profile) -> Iterator[Operation]:
    """A root with leaves, and a child that is current. Without revert there is a chain."""
    yield ops.Create("root")
    if profile.claims("revert"):
        for leaf in range(_LEAVES):
            yield from (ops.Create(f"leaf{leaf}"), ops.Revert("s1"))
    yield ops.Create("main")


def _everything(profile: Profile, power: Power) -> Iterator[Operation]:
    """The calls that leave the power as it is, on the tree above. Those that would change it come refused."""
    memory, disk = power != "off" and profile.memory == "always", next(iter(DEFAULT_DISKS))
    leaves = [f"s{2 + leaf}" for leaf in range(_LEAVES)] if profile.claims("revert") else []
    main = f"s{2 + len(leaves)}"
    yield from (ops.ListSnapshots(), ops.Count(), ops.Current(), ops.Children("s1"), ops.Parent(main))
    yield from (ops.LookupByName("root"), ops.LookupById("s1"))
    yield from (ops.Rename("s1", "trunk"), ops.Describe("s1", "what all grew from"))
    yield from (ops.WriteDisk(disk, 0, 1), ops.ResizeDisk(disk, 2 * DEFAULT_DISKS[disk]), ops.WriteMemory(2))
    yield from (ops.AttachDisk("vdx", BLOCK_STRIDE), ops.DetachDisk("vdx"), ops.Configure("key", "value"))
    if leaves:
        yield from (ops.Discard(leaves[0]), ops.DiscardForced(leaves[1]), ops.RemoveSubtree(leaves[2]))
        yield from (ops.Retire(leaves[3]), ops.Reclaim(leaves[3]), ops.MergeIntoParent(leaves[3]))
    first = 3 + len(leaves)
    yield from (ops.Create("one", memory=memory), ops.Create("two", memory=memory))
    yield from (ops.MergeIntoChildren(f"s{first}"), ops.MergeIntoParent(f"s{first + 1}"))
    yield from (ops.Create("three", memory=memory), ops.MergeIntoParentForced(f"s{first + 2}"))
    yield from (ops.ManagedSaveRemove(), ops.Undefine())
    if power == "off":
        yield from (ops.Stop(), ops.Pause(), ops.Resume(), ops.ManagedSave(), ops.Crash())
    else:
        yield from (ops.Start(), ops.Pause() if power == "paused" else ops.Resume(), ops.UndefineForced())
