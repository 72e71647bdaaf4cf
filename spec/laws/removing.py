"""Laws of removing snapshots: by merge, by discard, in any order, a subtree, out of sight."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import combinations, permutations
from typing import Any

from snaptree.spec import operations as ops
from snaptree.spec.laws.law import (
    Step,
    after_all,
    can_remove_any,
    changed_points,
    is_limited,
    kinds,
    law,
    may,
    same,
    visible,
    without,
)
from snaptree.spec.laws.menu import plain_deletes
from snaptree.spec.outcomes import Accepted
from snaptree.spec.plan import BASE
from snaptree.spec.profiles import Profile
from snaptree.spec.state import Domain, Memory, Power


@law("WouldDiscard ∈ kinds(merge_into_children(S)) ⊕ WouldDiscard ∈ kinds(discard(S))")
def one_of_merge_and_discard(domain: Domain, profile: Profile, step: Step) -> Iterator[str]:
    """Exactly one of merge_into_children and discard would destroy something, for any snapshot."""
    if not can_remove_any(domain, profile):
        return
    for snapshot in domain.snapshots:
        both = ops.MergeIntoChildren(snapshot), ops.Discard(snapshot)
        lossy = [one.call for one in both if "WouldDiscard" in kinds(step(domain, one, profile))]
        yield "" if len(lossy) == 1 else f"{snapshot}: destroying are {lossy}"


@law("d·remove(π) ≡ d[snapshots := ∅, current := base], π all snapshots in any order")
def removing_everything_keeps_what_is_active(domain: Domain, profile: Profile, step: Step) -> Iterator[str]:
    """Removing all snapshots in any order, each by the accepted one of merge and discard, keeps active state
    and base.
    """
    if not can_remove_any(domain, profile):
        return
    listed = [snapshot.id for snapshot in domain.in_order()]
    # Beyond four the orders are too many; both directions are left.
    orders = permutations(listed) if len(listed) <= 4 else [listed, listed[::-1]]
    for order in orders:
        after = without(domain, profile, step, *order)
        if after is None and is_limited(profile):
            continue
        if after is None or after.snapshots or after.current is not None:
            yield f"in the order {order}, something is left"
            continue
        kept = same(replace(after, snapshots=domain.snapshots, current=domain.current), domain)
        yield "" if kept else f"in the order {order}"


@law("d·remove(S)·remove(T) ≡ d·remove(T)·remove(S)")
def removals_commute(domain: Domain, profile: Profile, step: Step) -> Iterator[str]:
    """Removing two snapshots, each by the accepted one of merge and discard, is the same in either order."""
    if not can_remove_any(domain, profile):
        return
    for one, other in combinations(sorted(domain.snapshots), 2):
        forth, back = (without(domain, profile, step, *pair) for pair in ((one, other), (other, one)))
        if is_limited(profile) and None in (forth, back):
            continue
        yield "" if same(forth, back) else f"{one} and {other}"


@law("X ∈ d·del(S) ∪ {base, active}, (del, X) ≠ (merge_into_parent, P) ⇒ point(d·del(S), X) = point(d, X)")
def plain_deletes_keep_every_point(domain: Domain, profile: Profile, step: Step) -> Iterator[str]:
    """No plain delete changes the active state or a point, except the parent's in a merge into it."""
    for snapshot, named in domain.snapshots.items():
        for operation in plain_deletes(snapshot):
            after = after_all(domain, profile, step, operation)
            if after is None:
                continue
            over = named.parent or BASE if operation.op == "merge_into_parent" else None
            changed = [one for one in changed_points(domain, after) if one != over]
            kept = (after.active, after.managed_save) == (domain.active, domain.managed_save)
            yield "" if kept and not changed else f"{operation} changes {changed or 'the active state'}"


@law("outcome(d[power := p], del(S)) = outcome(d, del(S))[power := p]")
def power_keeps_the_meaning(domain: Domain, profile: Profile, step: Step) -> Iterator[str]:
    """A plain delete does on a domain that is off, running or paused the same, where it is permitted."""
    states: tuple[tuple[Power, Memory], ...] = (("off", None), ("running", 1), ("paused", 1))
    for power, memory in states:
        other = replace(domain, active=replace(domain.active, power=power, memory=memory))
        for operation in (one for snapshot in domain.snapshots for one in plain_deletes(snapshot)):
            if not (may(domain, profile, operation.call) and may(other, profile, operation.call)):
                continue
            here, there = step(domain, operation, profile), step(other, operation, profile)
            if isinstance(here, Accepted) and isinstance(there, Accepted):
                alike = visible(replace(here.domain, active=other.active)) == visible(there.domain)
            else:
                alike = here == there
            yield "" if alike else f"{operation} when {domain.active.power} and when {power}"


@law("d·merge_into_parent(S) ≡ (d·merge_into_children(P))[identity(S) := identity(P)], P ≠ base")
def merge_into_parent_is_taking_its_identity(domain: Domain, profile: Profile, step: Step) -> Iterator[str]:
    """A merge into a parent that is not the base is the merge of that parent into its children, with the
    snapshot taking the parent's identity.
    """
    if not may(domain, profile, "merge_into_children"):
        return
    for snapshot, merged in domain.snapshots.items():
        up = after_all(domain, profile, step, ops.MergeIntoParent(snapshot))
        if up is None or merged.parent is None:
            continue
        parent = domain.snapshots[merged.parent]
        down = after_all(domain, profile, step, ops.MergeIntoChildren(parent.id))
        if down is not None:
            alike = visible(up) == visible(_as(down, snapshot, replace(parent, parent=parent.parent)))
            yield "" if alike else f"{snapshot} into {parent.id}"


def _as(domain: Domain, snapshot: str, identity: Any) -> Domain:
    """The domain with a snapshot called, and referred to, by another identity."""
    old = domain.snapshots[snapshot]
    new = replace(identity, parent=old.parent, captured=old.captured, point=old.point)
    snapshots = domain.snapshots.remove(snapshot).insert(new.id, new)
    for child in domain.children_of(snapshot):
        snapshots = snapshots.insert(child, replace(snapshots[child], parent=new.id))
    return replace(
        domain, snapshots=snapshots, current=new.id if domain.current == snapshot else domain.current
    )


@law("d·retire(S) ≡ d·remove(S); d·retire(S) ≡ d·retire(S)·reclaim(S); S ∉ retired(d·retire(S)·reclaim(S))")
def retiring_looks_like_removing(domain: Domain, profile: Profile, step: Step) -> Iterator[str]:
    """Retiring shows what the accepted one of merge and discard shows, and reclaiming shows nothing."""
    for snapshot in domain.snapshots:
        retired = after_all(domain, profile, step, ops.Retire(snapshot))
        if retired is None:
            continue
        if can_remove_any(domain, profile) and not is_limited(profile):
            gone = without(domain, profile, step, snapshot)
            yield "" if same(retired, gone) else f"{snapshot}: retiring looks different"
        if may(retired, profile, "reclaim"):
            reclaimed = after_all(retired, profile, step, ops.Reclaim(snapshot))
            unseen = reclaimed is not None and same(reclaimed, retired) and snapshot not in reclaimed.retired
            yield "" if unseen else f"{snapshot}: reclaiming is seen, or keeps the storage"


@law(
    "d·remove_subtree(S) ≡ d·remove(subtree(S)); d·remove_subtree(S, keep_root) ≡ d·remove(subtree(S) ∖ {S})"
)
def a_subtree_goes_leaf_first(domain: Domain, profile: Profile, step: Step) -> Iterator[str]:
    """Removing a subtree is removing its snapshots one by one, leaf first, by the accepted one of merge and
    discard.
    """
    if not can_remove_any(domain, profile):
        return
    for snapshot in domain.snapshots:
        leaf_first = list(domain.subtree(snapshot))[::-1]
        for keep_root in (False, True):
            whole = after_all(domain, profile, step, ops.RemoveSubtree(snapshot, keep_root))
            gone = leaf_first[:-1] if keep_root else leaf_first
            single = without(domain, profile, step, *gone)
            if whole is not None and not (single is None and is_limited(profile)):
                yield "" if same(whole, single) else f"{snapshot}, {keep_root=}"
