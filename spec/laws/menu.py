"""A menu of operations: one or more of each, for laws that speak of all of them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from snaptree.spec import operations as ops
from snaptree.spec.laws.law import (
    Step,
)
from snaptree.spec.operations import Operation
from snaptree.spec.outcomes import Accepted
from snaptree.spec.profiles import Profile
from snaptree.spec.state import Domain

UUID: Final = "0f0f0f0f-aaaa-4bbb-8ccc-0123456789ab"
"""A uuid that no snapshot has."""


def fresh_name(domain: Domain) -> str:
    """A name that no snapshot has."""
    return next(
        name for name in (f"n{n}" for n in range(domain.serial + 1, 2**63)) if name not in domain.names
    )


def plain_deletes(snapshot: str) -> tuple[Operation, ...]:
    """Every unforced way to remove a snapshot."""
    whole, below = ops.RemoveSubtree(snapshot), ops.RemoveSubtree(snapshot, keep_root=True)
    discard = ops.Discard(snapshot)
    return (
        ops.MergeIntoChildren(snapshot),
        ops.MergeIntoParent(snapshot),
        discard,
        whole,
        below,
        ops.Retire(snapshot),
    )


def work(domain: Domain) -> list[Operation]:
    """Operations on the active state, and on power."""
    size, disk = 64 * 1024, next(iter(sorted(domain.active.disks)), "vda")
    return [
        ops.WriteDisk(disk, 0, 7), ops.WriteBlocks(disk, ((0, 7),)), ops.WriteMemory(9),
        ops.ResizeDisk(disk, size), ops.AttachDisk("vdz", size),
        ops.AttachDisk("vdz", size, independent=True), ops.DetachDisk(disk),
        *(ops.DetachDisk(one) for one in sorted(domain.independent)),
        ops.Configure("key", "value"),
        ops.Start(), ops.Stop(), ops.Pause(), ops.Resume(), ops.Crash(),
        ops.ManagedSave(), ops.ManagedSaveRemove(),
    ]  # fmt: skip


def menu(domain: Domain) -> Iterator[Operation]:
    """One or more of every operation, on every snapshot and on an unknown one."""
    fresh = fresh_name(domain)
    taken = next(iter(sorted(domain.names)), fresh)
    yield from (ops.Create(fresh), ops.Create(taken), ops.Create(""), ops.Create(fresh, memory=True))
    yield from (ops.Create(name) for name in sorted(domain.names) if name != taken)
    yield ops.Create(fresh, "words", uuid=UUID, quiesce=True)
    yield ops.Create(fresh, "words", memory=True, uuid=UUID)
    yield from work(domain)
    yield from (ops.Undefine(), ops.UndefineForced())
    yield from (ops.ListSnapshots(), ops.Children(), ops.Current(), ops.Count(), ops.LookupByName(taken))
    for snapshot in (*sorted(domain.snapshots), *sorted(domain.retired), "nobody"):
        yield from plain_deletes(snapshot)
        for resume_as in (None, *ops.RESUME_AS):
            yield ops.Revert(snapshot, resume_as)
            yield ops.MergeIntoParentForced(snapshot, resume_as)
            yield ops.DiscardForced(snapshot, resume_as)
        yield from (ops.Rename(snapshot, fresh), ops.Describe(snapshot, fresh), ops.Reclaim(snapshot))
        yield from (ops.Children(snapshot), ops.Parent(snapshot), ops.LookupById(snapshot))


def accepted_from(domain: Domain, profile: Profile, step: Step) -> Iterator[tuple[Operation, Accepted]]:
    """The accepted operations of the menu, each with its outcome."""
    for operation in menu(domain):
        outcome = step(domain, operation, profile)
        if isinstance(outcome, Accepted):
            yield operation, outcome
