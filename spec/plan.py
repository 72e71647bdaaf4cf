"""plan: computes the effects and casualties of an operation without taking it.

It takes the effect as if nothing refused the operation. What goes and what moves is the
difference between the domain before and after. A law states that a plan equals the step.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal

from snaptree.spec import operations as ops
from snaptree.spec.operations import OnSnapshot, Operation
from snaptree.spec.outcomes import Casualties, Refused
from snaptree.spec.profiles import Profile
from snaptree.spec.semantics import destroyed, effect, step
from snaptree.spec.state import Domain

ActiveFate = Literal["unchanged", "replaced", "reset", "written", "removed"]
"""``replaced``: by a revert. ``reset``: by a forced delete, and off. ``written``: worked on."""

BASE: Final = "base"

_WORDS: Final = ops.Rename | ops.Describe | ops.Reclaim
"""What changes neither the tree nor the active state."""
_WORK: Final = (
    ops.WriteDisk | ops.WriteBlocks | ops.WriteMemory | ops.ResizeDisk | ops.AttachDisk | ops.DetachDisk
    | ops.Configure | ops.Start | ops.Pause | ops.Resume | ops.ManagedSave | ops.ManagedSaveRemove
)  # fmt: skip
"""Work on the active state, which touches no snapshot."""


@dataclass(frozen=True, slots=True)
class Plan:
    """The effects of an operation.

    ``refused`` holds the kinds with which the operation would be refused; all other fields describe its
    effects if it were not. ``removed`` are all snapshots that leave the tree, the target included;
    ``casualties`` those beside the target. ``overwritten`` is the snapshot, or ``base``, whose point is
    replaced. ``reparented`` maps a snapshot to its new parent. ``active_from`` is the snapshot, or
    ``base``, from which a revert or reset takes the active state. ``detached`` are the disks that the
    active state has no longer, with what they hold.
    """

    refused: frozenset[str]
    casualties: Casualties
    removed: tuple[str, ...] = ()
    overwritten: str | None = None
    reparented: tuple[tuple[str, str | None], ...] = ()
    current: str | None = None
    active: ActiveFate = "unchanged"
    active_from: str | None = None
    creates: bool = False
    detached: tuple[str, ...] = ()


def plan(domain: Domain, operation: Operation, profile: Profile) -> Plan:
    """The effects of ``operation`` on ``domain``. The domain is not changed.

    A plain delete is planned as the forced one that destroys what it would. An
    operation on a snapshot that does not exist has an empty plan.
    """
    outcome = step(domain, operation, profile)
    refused = outcome.kinds if isinstance(outcome, Refused) else frozenset()
    lost = destroyed(domain, operation, profile)
    absent = isinstance(operation, OnSnapshot) and operation.snapshot not in domain.snapshots
    if absent or operation.reads_only or isinstance(operation, _WORDS | _WORK):
        fate: ActiveFate = "written" if isinstance(operation, _WORK) else "unchanged"
        named = operation.disk if isinstance(operation, ops.DetachDisk) else ""
        gone = (named,) if named in domain.active.disks or named in domain.independent else ()
        return Plan(refused, lost, current=domain.current, active=fate, detached=gone)
    parent = domain.snapshots[operation.snapshot].parent if isinstance(operation, OnSnapshot) else None
    after = effect(domain, _forced(operation), profile)
    fate, source = _fate(operation, lost, after, parent)
    creates = isinstance(operation, ops.Create)
    merges = isinstance(operation, ops.MergeIntoParent | ops.MergeIntoParentForced)
    return Plan(
        refused,
        lost,
        removed=tuple(one.id for one in domain.in_order() if one.id not in after),
        overwritten=(parent or BASE) if merges else None,
        reparented=tuple(_moves(domain, after)),
        current=None if creates else after.current,
        active=fate,
        active_from=source,
        creates=creates,
        detached=tuple(sorted(set(domain.active.disks) - set(after.active.disks))) if after.defined else (),
    )


def _forced(operation: Operation) -> Operation:
    match operation:
        case ops.MergeIntoParent():
            return ops.MergeIntoParentForced(operation.snapshot)
        case ops.Discard():
            return ops.DiscardForced(operation.snapshot)
    return operation


def _fate(
    operation: Operation, lost: Casualties, after: Domain, parent: str | None
) -> tuple[ActiveFate, str | None]:
    """What becomes of the active state, and where it is taken from."""
    match operation:
        case _ if not after.defined:
            return "removed", None
        case ops.Revert():
            return "replaced", operation.snapshot
        case ops.Stop() | ops.Crash():
            return "written", None
        case ops.MergeIntoParent() | ops.MergeIntoParentForced() | ops.Discard() | ops.DiscardForced():
            return ("reset", parent or BASE) if lost.active else ("unchanged", None)
    return "unchanged", None


def _moves(before: Domain, after: Domain) -> Iterator[tuple[str, str | None]]:
    """Every snapshot that stays below another parent."""
    for one in before.in_order():
        if one.id in after and after.snapshots[one.id].parent != one.parent:
            yield one.id, after.snapshots[one.id].parent
