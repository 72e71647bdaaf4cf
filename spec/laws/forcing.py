"""Laws of force: a reset, plain deletes, and nothing else."""

from __future__ import annotations

from collections.abc import Iterator

from snaptree.spec import operations as ops
from snaptree.spec.laws.law import (
    Step,
    after_all,
    kinds,
    law,
    may,
    reset_to,
    same,
)
from snaptree.spec.operations import Operation
from snaptree.spec.outcomes import Accepted
from snaptree.spec.plan import BASE
from snaptree.spec.profiles import Profile
from snaptree.spec.state import Domain


@law("d·discard_forced(S) ≡ e·discard(subtree(S)), e = reset(d, P) if current(d) ∈ subtree(S) else d")
def forced_discard_is_reset_and_discards(domain: Domain, profile: Profile, step: Step) -> Iterator[str]:
    """A forced discard is a reset to the parent if the active state is lost, then discards leaf first."""
    for snapshot in domain.snapshots:
        forced = after_all(domain, profile, step, ops.DiscardForced(snapshot))
        subtree = list(domain.subtree(snapshot))
        lost = domain.current in subtree
        start = reset_to(domain, domain.snapshots[snapshot].parent) if lost else domain
        if forced is None or not may(start, profile, "discard"):
            continue
        plain = after_all(start, profile, step, *(ops.Discard(one) for one in reversed(subtree)))
        yield "" if same(forced, plain) else snapshot


@law(
    "d·merge_into_parent_forced(S) ≡ e·discard(others(S))·merge_into_parent(S), "
    "e = reset(d, S) if current(d) ∈ others(S) ∪ {P} else d"
)
def forced_merge_is_revert_discards_and_merge(domain: Domain, profile: Profile, step: Step) -> Iterator[str]:
    """A forced merge into the parent is a revert to the snapshot, and off, if the active state is lost, then
    discards of all that the plain merge would discard, then the plain merge.
    """
    for snapshot in domain.snapshots:
        forced = after_all(domain, profile, step, ops.MergeIntoParentForced(snapshot))
        parent = domain.snapshots[snapshot].parent
        others = [one for one in domain.children_of(parent) if one != snapshot]
        gone = [below for other in others for below in domain.subtree(other)]
        lost = domain.current == parent or domain.current in gone
        start = reset_to(domain, snapshot) if lost else domain
        if forced is None or not may(start, profile, "discard", "merge_into_parent"):
            continue
        discards = [ops.Discard(one) for one in reversed(gone)]
        plain = after_all(start, profile, step, *discards, ops.MergeIntoParent(snapshot))
        yield "" if same(forced, plain) else f"{snapshot} into {parent or BASE}"


@law(
    "d·del(S) ≡ d·del_forced(S), del ∈ {merge_into_parent, discard}; "
    "accepted(del_forced(S)) ∧ ¬accepted(del(S)) ⇒ "
    "kinds(del(S)) = {WouldDiscard} ∧ G ⊆ casualties(del(S)) ⊆ G ∪ {active}, G = gone(del_forced(S)) ∖ {S}; "
    "¬accepted(del_forced(S)) ⇒ kinds(del(S)) ∖ {WouldDiscard} ⊆ kinds(del_forced(S)), "
    "= if active ∉ casualties(del(S))"
)
def force_is_about_casualties_only(domain: Domain, profile: Profile, step: Step) -> Iterator[str]:
    """A forced operation is the plain one where that is accepted, and otherwise destroys exactly what the
    plain one lists as casualties; it makes nothing else acceptable.
    """
    for snapshot in domain.snapshots:
        pairs: tuple[tuple[Operation, Operation], ...] = (
            (ops.MergeIntoParent(snapshot), ops.MergeIntoParentForced(snapshot)),
            (ops.Discard(snapshot), ops.DiscardForced(snapshot)),
        )
        for plain, forced in pairs:
            if not may(domain, profile, plain.call, forced.call):
                continue
            asked, after = step(domain, plain, profile), after_all(domain, profile, step, forced)
            if isinstance(asked, Accepted):
                right = same(asked.domain, after)
            elif after is None:
                resets = asked.casualties is not None and asked.casualties.active
                barred, without_force = kinds(step(domain, forced, profile)), asked.kinds - {"WouldDiscard"}
                right = without_force <= barred if resets else without_force == barred
            else:
                listed = asked.casualties.to_json() if asked.casualties is not None else []
                gone = [one.id for one in domain.in_order() if one.id not in after and one.id != snapshot]
                reset = (after.active, after.managed_save) != (domain.active, domain.managed_save)
                right = asked.kinds == {"WouldDiscard"} and [one for one in listed if one != "active"] == gone
                right = right and (not reset or "active" in listed)
            yield "" if right else f"{plain}: {asked}; forced it leaves {after and list(after.snapshots)}"
