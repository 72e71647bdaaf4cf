"""The law of plans: a plan says exactly what the operation then does."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from snaptree.spec import operations as ops
from snaptree.spec.laws.law import (
    Step,
    brief,
    changed_points,
    law,
)
from snaptree.spec.laws.menu import menu
from snaptree.spec.operations import ForcedDelete, Operation
from snaptree.spec.outcomes import Accepted, Refused
from snaptree.spec.plan import BASE, ActiveFate, Plan, plan
from snaptree.spec.profiles import Profile
from snaptree.spec.state import Domain

_FORCED: Final[dict[type[Operation], type[ForcedDelete]]] = {
    ops.MergeIntoParent: ops.MergeIntoParentForced,
    ops.Discard: ops.DiscardForced,
}
_WORK: Final = frozenset({
    "write_disk", "write_memory", "resize_disk", "attach_disk", "detach_disk", "configure",
    "start", "stop", "pause", "resume", "crash", "managed_save", "managed_save_remove",
})  # fmt: skip
"""Calls that work on the active state and touch no snapshot."""


@law(
    "kinds(op) = p.refused, p = plan(d, op); casualties(op) ∈ {∅, p.casualties}; "
    "gone(op) ∖ {S} = p.casualties, op = del_forced(S); "
    "d ∖ d·op = p.removed; moved(d, d·op) = p.reparented, op ≠ remove_subtree; "
    "changed(d, d·op) ⊆ {p.overwritten}; current(d·op) = n if p.creates else p.current; "
    "disks(d) ∖ disks(d·op) = p.detached; fate(d, d·op) = p.active; "
    "p = plan(d, del_forced(S))[refused := kinds(op)], op = del(S) where WouldDiscard ∈ kinds(op)"
)
def plan_is_what_step_does(domain: Domain, profile: Profile, step: Step) -> Iterator[str]:
    """A plan made beforehand names what goes, what is a casualty, what moves, what is overwritten, what is
    current, which disks are detached, and what becomes of the active state; for a delete that would destroy
    something, as its forced variant does.
    """
    for operation in menu(domain):
        planned, outcome = plan(domain, operation, profile), step(domain, operation, profile)
        if isinstance(outcome, Refused):
            right = planned.refused == outcome.kinds and outcome.casualties in (None, planned.casualties)
            right = right and _as_if_forced(domain, operation, planned, profile)
        else:
            right = not planned.refused and _fulfils(domain, outcome, operation, planned)
        yield "" if right else f"{operation}: planned {planned}, {brief(outcome)}"


def _fulfils(before: Domain, outcome: Accepted, operation: Operation, planned: Plan) -> bool:
    after = outcome.domain
    gone = {one for one in before.snapshots if one not in after}
    moved = {
        (one, after.snapshots[one].parent)
        for one in before.snapshots
        if one in after and after.snapshots[one].parent != before.snapshots[one].parent
    }
    detached = {*before.active.disks, *before.independent} - {*after.active.disks, *after.independent}
    told = set(planned.reparented)
    if operation.op == "remove_subtree":
        told = moved  # leaf first: what loses its parent on the way goes itself
    return (
        gone == set(planned.removed)
        and set(planned.casualties.snapshots) == _lost(before, operation, gone)
        and moved == told
        and (not after.defined or set(changed_points(before, after)) <= {planned.overwritten})
        and after.current == (outcome.result if planned.creates else planned.current)
        and (not after.defined or detached == set(planned.detached))
        and planned.creates == operation.creates
        and planned.active == _fate_of(operation, planned, after)
        and _fate_is(before, after, planned)
    )


def _lost(before: Domain, operation: Operation, gone: set[str]) -> set[str]:
    """What an accepted operation destroys beside its target. A create destroys a leaf that it replaces."""
    if operation.forced:
        return gone - {getattr(operation, "snapshot", None)}
    if not operation.creates:
        return set()
    return {one for one in gone if not before.children_of(one) and before.current != one}


def _as_if_forced(domain: Domain, operation: Operation, planned: Plan, profile: Profile) -> bool:
    """Whether the plan of a delete that would destroy something is that of its forced variant."""
    forced = _FORCED.get(type(operation))
    if forced is None or "WouldDiscard" not in planned.refused:
        return True
    wanted = plan(domain, forced(operation.snapshot), profile)  # type: ignore[attr-defined]  # a delete has one
    return replace(wanted, refused=planned.refused) == planned


def _fate_of(operation: Operation, planned: Plan, after: Domain) -> ActiveFate:
    """What an operation of its kind does to the active state."""
    if not after.defined:
        return "removed"
    if operation.call in _WORK:
        return "written"
    if isinstance(operation, ops.Revert):
        return "replaced"
    return "reset" if operation.forced and planned.casualties.active else "unchanged"


def _fate_is(before: Domain, after: Domain, planned: Plan) -> bool:
    source = planned.active_from
    grown = before.base if source in (None, BASE) else before.snapshots[source].point
    if source is not None and source == planned.overwritten:
        grown = after.base if source == BASE else after.snapshots[source].point
    match planned.active:
        case "unchanged":
            # What a create does with an image is the profile's.
            same_image = planned.creates or after.managed_save == before.managed_save
            return after.active == before.active and same_image
        case "removed":
            return not after.defined
        case "written":
            return after.defined and after.current == before.current
        case _:
            taken = (after.active.disks, after.active.configuration) == (grown.disks, grown.configuration)
            from_current = source == (after.current or BASE)
            return taken and from_current and (planned.active == "replaced" or after.managed_save is None)
