"""plan: what an operation would do and destroy, before anybody does it.

Computed from the shape of the tree alone, without taking the step: a law says
that it is what the step then does.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from snaptree.spec import operations as ops
from snaptree.spec.operations import OnSnapshot, Operation
from snaptree.spec.outcomes import Casualties, Refused
from snaptree.spec.profiles import Profile
from snaptree.spec.semantics import destroyed, step
from snaptree.spec.state import Domain

ActiveFate = Literal["unchanged", "replaced", "reset", "written", "removed"]
"""``replaced``: by a revert. ``reset``: by a forced delete, and off. ``written``: worked on."""

BASE: Final = "base"


@dataclass(frozen=True, slots=True)
class Plan:
    """What an operation would do.

    ``refused`` holds the kinds with which the operation as asked would be
    refused; everything else says what it would do if it were not. ``removed``
    are all snapshots that leave the tree, the target included; ``casualties``
    those beside the target. ``overwritten`` is the snapshot, or ``base``, whose
    point becomes another. ``reparented`` maps a snapshot to its new parent.
    ``active_from`` is the snapshot, or ``base``, that a revert or reset takes
    the active state from.
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


def plan(domain: Domain, operation: Operation, profile: Profile) -> Plan:
    """What ``operation`` would do to ``domain``. The domain is not changed.

    An operation on a snapshot that does not exist has an empty plan.
    """
    outcome = step(domain, operation, profile)
    refused = outcome.kinds if isinstance(outcome, Refused) else frozenset()
    lost = destroyed(domain, operation)
    unchanged = Plan(refused, lost, current=domain.current)
    if isinstance(operation, OnSnapshot) and operation.snapshot not in domain.snapshots:
        return unchanged
    match operation:
        case ops.Create():
            old = domain.names.get(operation.name, ()) if profile.names.policy == "replace" else ()
            moves = tuple(move for bearer in old for move in _moves(domain, bearer))
            return Plan(refused, lost, removed=old, reparented=moves, creates=True)
        case ops.Revert():
            return Plan(
                refused, lost, current=operation.snapshot, active="replaced", active_from=operation.snapshot
            )
        case ops.MergeIntoChildren() | ops.Retire():
            return Plan(
                refused,
                lost,
                removed=(operation.snapshot,),
                reparented=_moves(domain, operation.snapshot),
                current=_current_without(domain, operation.snapshot),
            )
        case ops.MergeIntoParent():
            parent = domain.snapshots[operation.snapshot].parent
            return Plan(
                refused,
                lost,
                removed=_in_order(domain, {operation.snapshot, *lost.snapshots}),
                overwritten=parent or BASE,
                reparented=_moves(domain, operation.snapshot),
                current=parent if lost.active else _current_without(domain, operation.snapshot),
                active="reset" if lost.active else "unchanged",
                active_from=(parent or BASE) if lost.active else None,
            )
        case ops.Discard():
            parent = domain.snapshots[operation.snapshot].parent
            return Plan(
                refused,
                lost,
                removed=_in_order(domain, {operation.snapshot, *lost.snapshots}),
                current=parent if lost.active else domain.current,
                active="reset" if lost.active else "unchanged",
                active_from=(parent or BASE) if lost.active else None,
            )
        case ops.RemoveSubtree():
            gone = set(domain.subtree(operation.snapshot))
            survivor = domain.snapshots[operation.snapshot].parent
            if operation.keep_root:
                gone.remove(operation.snapshot)
                survivor = operation.snapshot
            return Plan(
                refused,
                lost,
                removed=_in_order(domain, gone),
                current=survivor if domain.current in gone else domain.current,
            )
        case ops.Undefine():
            return Plan(refused, lost, removed=_in_order(domain, set(domain.snapshots)), active="removed")
        case _ if operation.reads_only or isinstance(operation, ops.Rename | ops.Describe | ops.Reclaim):
            return unchanged
        case ops.Stop() | ops.Crash() if not domain.persistent and domain.active.power != "off":
            gone = set(domain.snapshots)
            return Plan(refused, lost, removed=_in_order(domain, gone), active="removed")
        case _:
            return Plan(refused, lost, current=domain.current, active="written")


def _moves(domain: Domain, snapshot: str) -> tuple[tuple[str, str | None], ...]:
    parent = domain.snapshots[snapshot].parent
    return tuple((child, parent) for child in domain.children_of(snapshot))


def _current_without(domain: Domain, snapshot: str) -> str | None:
    return domain.snapshots[snapshot].parent if domain.current == snapshot else domain.current


def _in_order(domain: Domain, snapshots: set[str]) -> tuple[str, ...]:
    return tuple(sorted(snapshots, key=lambda snapshot: domain.snapshots[snapshot].serial))
