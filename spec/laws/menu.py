"""A menu of operations: one or more of each, for laws that speak of all of them."""

from __future__ import annotations

from collections.abc import Iterator

from snaptree.spec import operations as ops
from snaptree.spec.laws.law import (
    Step,
)
from snaptree.spec.operations import Operation
from snaptree.spec.outcomes import Accepted
from snaptree.spec.profiles import Profile
from snaptree.spec.state import Domain


def fresh_name(domain: Domain) -> str:
    """A name that no snapshot bears."""
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
    """Work on the active state, and on power."""
    size, disk = 64 * 1024, next(iter(sorted(domain.active.disks)), "vda")
    return [
        ops.WriteDisk(disk, 0, 7), ops.WriteMemory(9), ops.ResizeDisk(disk, size),
        ops.AttachDisk("vdz", size), ops.DetachDisk(disk), ops.Configure("key", "value"),
        ops.Start(), ops.Stop(), ops.Pause(), ops.Resume(), ops.Crash(),
        ops.ManagedSave(), ops.ManagedSaveRemove(),
    ]  # fmt: skip


def menu(domain: Domain) -> Iterator[Operation]:
    """One or more of every operation, on every snapshot and on one that is not there."""
    fresh = fresh_name(domain)
    taken = next(iter(sorted(domain.names)), fresh)
    yield from (ops.Create(fresh), ops.Create(taken), ops.Create(""), ops.Create(fresh, memory=True))
    yield from work(domain)
    for forced in (False, True):
        yield ops.Undefine(forced=forced)
    yield from (ops.ListSnapshots(), ops.Children(), ops.Current(), ops.Count(), ops.LookupByName(taken))
    for snapshot in (*sorted(domain.snapshots), *sorted(domain.retired), "nobody"):
        yield from plain_deletes(snapshot)
        resumed: tuple[ops.ResumeAs | None, ...] = (None, "running")
        for resume_as in resumed:
            yield ops.Revert(snapshot, resume_as)
            yield ops.MergeIntoParent(snapshot, forced=True, resume_as=resume_as)
            yield ops.Discard(snapshot, forced=True, resume_as=resume_as)
        yield from (ops.Rename(snapshot, fresh), ops.Describe(snapshot, fresh), ops.Reclaim(snapshot))
        yield from (ops.Children(snapshot), ops.Parent(snapshot), ops.LookupById(snapshot))


def accepted_from(domain: Domain, profile: Profile, step: Step) -> Iterator[tuple[Operation, Accepted]]:
    """What of the menu is accepted, with its outcome."""
    for operation in menu(domain):
        outcome = step(domain, operation, profile)
        if isinstance(outcome, Accepted):
            yield operation, outcome
