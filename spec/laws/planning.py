"""The law of plans: what is said beforehand is what then happens."""

from __future__ import annotations

from collections.abc import Iterator

from snaptree.spec.laws.law import (
    Step,
    brief,
    changed_points,
    law,
)
from snaptree.spec.laws.menu import menu
from snaptree.spec.operations import Operation
from snaptree.spec.outcomes import Accepted, Refused
from snaptree.spec.plan import BASE, Plan, plan
from snaptree.spec.profiles import Profile
from snaptree.spec.state import Domain


@law(
    "kinds(op) = p.refused, p = plan(d, op); casualties(op) ∈ {∅, p.casualties}; "
    "d ∖ d·op = p.removed; moved(d, d·op) = p.reparented, op ≠ remove_subtree; "
    "changed(d, d·op) ⊆ {p.overwritten}; current(d·op) = n if p.creates else p.current; "
    "fate(d, d·op) = p.active"
)
def plan_is_what_step_does(domain: Domain, profile: Profile, step: Step) -> Iterator[str]:
    """A plan made beforehand names what goes, what is a casualty, what moves, what is overwritten, what is
    current, and what becomes of the active state.
    """
    for operation in menu(domain):
        planned, outcome = plan(domain, operation, profile), step(domain, operation, profile)
        if isinstance(outcome, Refused):
            right = planned.refused == outcome.kinds and outcome.casualties in (None, planned.casualties)
        else:
            right = not planned.refused and _fulfils(domain, outcome, operation, planned)
        if not right:
            yield f"{operation}: planned {planned}, {brief(outcome)}"


def _fulfils(before: Domain, outcome: Accepted, operation: Operation, planned: Plan) -> bool:
    after = outcome.domain
    gone = {one for one in before.snapshots if one not in after}
    moved = {
        (one, after.snapshots[one].parent)
        for one in before.snapshots
        if one in after and after.snapshots[one].parent != before.snapshots[one].parent
    }
    lost = planned.casualties.snapshots if getattr(operation, "forced", False) else ()
    told = set(planned.reparented)
    if operation.op == "remove_subtree":
        told = moved  # leaf first: what loses its parent on the way goes itself
    return (
        gone == set(planned.removed)
        and set(lost) <= gone
        and moved == told
        and (not after.defined or set(changed_points(before, after)) <= {planned.overwritten})
        and after.current == (outcome.result if planned.creates else planned.current)
        and _fate_is(before, after, planned)
    )


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
            return (after.active.disks, after.active.configuration) == (grown.disks, grown.configuration)
