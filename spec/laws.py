"""The laws: what holds between operations, whatever the tree.

A rule of the chapters speaks of one operation. A law says how several of them
fit together, on any domain and under any profile, and can be run: it finds a
counterexample or does not. ``step`` is an argument so that other readings of
the specification, and deliberately wrong ones, can be asked as well.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import combinations, permutations
from typing import Any, Final

from snaptree.spec import operations as ops
from snaptree.spec.operations import Operation
from snaptree.spec.outcomes import REFUSALS, Accepted, Outcome, Refused
from snaptree.spec.plan import BASE, Plan, plan
from snaptree.spec.profiles import Profile
from snaptree.spec.semantics import step as model_step
from snaptree.spec.state import Domain, Memory, Point, Power

Step = Callable[[Domain, Operation, Profile], Outcome]
_Search = Callable[[Domain, Profile, Step], Iterator[str]]


@dataclass(frozen=True)
class Law:
    """A name, one sentence, and the search for what contradicts it."""

    name: str
    sentence: str
    search: _Search

    def counterexample(self, domain: Domain, profile: Profile, step: Step = model_step) -> str | None:
        """The first contradiction that this domain shows, as text, or None."""
        return next(self.search(domain, profile, step), None)


_stated: list[Law] = []


def _law(search: _Search) -> _Search:
    sentence = " ".join((search.__doc__ or "").split())
    _stated.append(Law(search.__name__.replace("_", "-"), sentence, search))
    return search


def visible(domain: Domain) -> tuple[Any, ...]:
    """Everything that anybody can see of a domain; retired snapshots are storage."""
    tree = tuple(domain.in_order())
    return (
        domain.defined,
        domain.base,
        domain.active,
        domain.current,
        tree,
        domain.managed_save,
        domain.independent,
    )


def _turned_off(domain: Domain) -> Domain:
    return replace(domain, active=_off(domain.active), managed_save=None)


def _off(point: Point) -> Point:
    return replace(point, memory=None, power="off")


def _reset_to(domain: Domain, snapshot: str | None) -> Domain:
    point = domain.base if snapshot is None else domain.snapshots[snapshot].point
    return _turned_off(replace(domain, active=point, current=snapshot))


def _may(domain: Domain, profile: Profile, *calls: str) -> bool:
    power = domain.active.power
    return all(profile.claims(call) and profile.allows_power(call, power) for call in calls)


def _after(domain: Domain, profile: Profile, step: Step, *operations: Operation) -> Domain | None:
    for operation in operations:
        outcome = step(domain, operation, profile)
        if isinstance(outcome, Refused):
            return None
        domain = outcome.domain
    return domain


def _same(left: Domain | None, right: Domain | None) -> bool:
    return left is not None and right is not None and visible(left) == visible(right)


def _can_remove_any(domain: Domain, profile: Profile) -> bool:
    return profile.limits.merge_children is None and _may(domain, profile, "merge_into_children", "discard")


def _without(domain: Domain, profile: Profile, step: Step, *snapshots: str) -> Domain | None:
    """The domain after each snapshot was removed, by merge or discard, whichever is accepted."""
    after: Domain | None = domain
    for snapshot in snapshots:
        if after is None:
            return None
        merged = _after(after, profile, step, ops.MergeIntoChildren(snapshot))
        after = merged or _after(after, profile, step, ops.Discard(snapshot))
    return after


def _fresh_name(domain: Domain) -> str:
    return next(
        name for name in (f"n{n}" for n in range(domain.serial + 1, 2**63)) if name not in domain.names
    )


def _plain_deletes(snapshot: str) -> tuple[Operation, ...]:
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


def _work(domain: Domain) -> list[Operation]:
    size, disk = 64 * 1024, next(iter(sorted(domain.active.disks)), "vda")
    return [
        ops.WriteDisk(disk, 0, 7), ops.WriteMemory(9), ops.ResizeDisk(disk, size),
        ops.AttachDisk("vdz", size), ops.DetachDisk(disk), ops.Configure("key", "value"),
        ops.Start(), ops.Stop(), ops.Pause(), ops.Resume(), ops.Crash(),
        ops.ManagedSave(), ops.ManagedSaveRemove(),
    ]  # fmt: skip


def menu(domain: Domain) -> Iterator[Operation]:
    """One or more of every operation, on every snapshot and on one that is not there."""
    fresh = _fresh_name(domain)
    taken = next(iter(sorted(domain.names)), fresh)
    yield from (ops.Create(fresh), ops.Create(taken), ops.Create(""), ops.Create(fresh, memory=True))
    yield from _work(domain)
    for forced in (False, True):
        yield ops.Undefine(forced=forced)
    yield from (ops.ListSnapshots(), ops.Children(), ops.Current(), ops.Count(), ops.LookupByName(taken))
    for snapshot in (*sorted(domain.snapshots), *sorted(domain.retired), "nobody"):
        yield from _plain_deletes(snapshot)
        resumed: tuple[ops.ResumeAs | None, ...] = (None, "running")
        for resume_as in resumed:
            yield ops.Revert(snapshot, resume_as)
            yield ops.MergeIntoParent(snapshot, forced=True, resume_as=resume_as)
            yield ops.Discard(snapshot, forced=True, resume_as=resume_as)
        yield from (ops.Rename(snapshot, fresh), ops.Describe(snapshot, fresh), ops.Reclaim(snapshot))
        yield from (ops.Children(snapshot), ops.Parent(snapshot), ops.LookupById(snapshot))


def _accepted(domain: Domain, profile: Profile, step: Step) -> Iterator[tuple[Operation, Accepted]]:
    for operation in menu(domain):
        outcome = step(domain, operation, profile)
        if isinstance(outcome, Accepted):
            yield operation, outcome


@_law
def one_of_merge_and_discard(domain: Domain, profile: Profile, step: Step) -> Iterator[str]:
    """Power and limits apart, exactly one of merge_into_children and discard is accepted for any snapshot."""
    if not _can_remove_any(domain, profile):
        return
    for snapshot in domain.snapshots:
        both = ops.MergeIntoChildren(snapshot), ops.Discard(snapshot)
        accepted = [one.call for one in both if isinstance(step(domain, one, profile), Accepted)]
        if len(accepted) != 1:
            yield f"{snapshot}: accepted are {accepted}"


@_law
def removing_everything_keeps_what_is_active(domain: Domain, profile: Profile, step: Step) -> Iterator[str]:
    """Removing all snapshots in any order, each by the accepted one of merge and discard, keeps active state
    and base.
    """
    if not _can_remove_any(domain, profile):
        return
    listed = [snapshot.id for snapshot in domain.in_order()]
    # Beyond four the orders are too many; both directions are left.
    orders = permutations(listed) if len(listed) <= 4 else [listed, listed[::-1]]
    for order in orders:
        after = _without(domain, profile, step, *order)
        if after is None or after.snapshots or after.current is not None:
            yield f"in the order {order}, something is left"
        elif visible(replace(after, snapshots=domain.snapshots, current=domain.current)) != visible(domain):
            yield f"in the order {order}"


@_law
def removals_commute(domain: Domain, profile: Profile, step: Step) -> Iterator[str]:
    """Removing two snapshots, each by the accepted one of merge and discard, is the same in either order."""
    if not _can_remove_any(domain, profile):
        return
    for one, other in combinations(sorted(domain.snapshots), 2):
        forth = _without(domain, profile, step, one, other)
        if not _same(forth, _without(domain, profile, step, other, one)):
            yield f"{one} and {other}"


@_law
def forced_discard_is_reset_and_discards(domain: Domain, profile: Profile, step: Step) -> Iterator[str]:
    """A forced discard is a reset to the parent if the active state is lost, then discards leaf first."""
    for snapshot in domain.snapshots:
        forced = _after(domain, profile, step, ops.Discard(snapshot, forced=True))
        subtree = list(domain.subtree(snapshot))
        lost = domain.current in subtree
        start = _reset_to(domain, domain.snapshots[snapshot].parent) if lost else domain
        if forced is None or not _may(start, profile, "discard"):
            continue
        plain = _after(start, profile, step, *(ops.Discard(one) for one in reversed(subtree)))
        if not _same(forced, plain):
            yield f"{snapshot}"


@_law
def forced_merge_is_revert_discards_and_merge(domain: Domain, profile: Profile, step: Step) -> Iterator[str]:
    """A forced merge into the parent is a revert to the snapshot, and off, if the active state is lost, then
    discards of all that the plain merge would discard, then the plain merge.
    """
    for snapshot in domain.snapshots:
        forced = _after(domain, profile, step, ops.MergeIntoParent(snapshot, forced=True))
        parent = domain.snapshots[snapshot].parent
        others = [one for one in domain.children_of(parent) if one != snapshot]
        gone = [below for other in others for below in domain.subtree(other)]
        lost = domain.current == parent or domain.current in gone
        start = _reset_to(domain, snapshot) if lost else domain
        if forced is None or not _may(start, profile, "discard", "merge_into_parent"):
            continue
        discards = [ops.Discard(one) for one in reversed(gone)]
        if not _same(forced, _after(start, profile, step, *discards, ops.MergeIntoParent(snapshot))):
            yield f"{snapshot} into {parent or BASE}"


@_law
def merge_into_parent_is_taking_its_identity(domain: Domain, profile: Profile, step: Step) -> Iterator[str]:
    """A merge into a parent that is not the base is the merge of that parent into its children, with the
    snapshot taking the parent's identity.
    """
    if not _may(domain, profile, "merge_into_children"):
        return
    for snapshot, merged in domain.snapshots.items():
        up = _after(domain, profile, step, ops.MergeIntoParent(snapshot))
        if up is None or merged.parent is None:
            continue
        parent = domain.snapshots[merged.parent]
        down = _after(domain, profile, step, ops.MergeIntoChildren(parent.id))
        if down is None or visible(up) != visible(_as(down, snapshot, replace(parent, parent=parent.parent))):
            yield f"{snapshot} into {parent.id}"


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


@_law
def plain_deletes_keep_every_point(domain: Domain, profile: Profile, step: Step) -> Iterator[str]:
    """No plain delete changes the active state or a point, except the parent's in a merge into it."""
    for snapshot, named in domain.snapshots.items():
        for operation in _plain_deletes(snapshot):
            after = _after(domain, profile, step, operation)
            if after is None:
                continue
            over = named.parent or BASE if operation.op == "merge_into_parent" else None
            changed = [one for one in _changed_points(domain, after) if one != over]
            if changed or (after.active, after.managed_save) != (domain.active, domain.managed_save):
                yield f"{operation} changes {changed or 'the active state'}"


def _changed_points(before: Domain, after: Domain) -> list[str]:
    kept = [one for one in after.snapshots if one in before]
    changed = [one for one in kept if after.snapshots[one].point != before.snapshots[one].point]
    return changed + ([BASE] if after.base != before.base else [])


@_law
def power_keeps_the_meaning(domain: Domain, profile: Profile, step: Step) -> Iterator[str]:
    """A plain delete does on a domain that is off, running or paused the same, where it is permitted."""
    states: tuple[tuple[Power, Memory], ...] = (("off", None), ("running", 1), ("paused", 1))
    for power, memory in states:
        other = replace(domain, active=replace(domain.active, power=power, memory=memory))
        for operation in (one for snapshot in domain.snapshots for one in _plain_deletes(snapshot)):
            if not (_may(domain, profile, operation.call) and _may(other, profile, operation.call)):
                continue
            here, there = step(domain, operation, profile), step(other, operation, profile)
            if isinstance(here, Accepted) and isinstance(there, Accepted):
                alike = visible(replace(here.domain, active=other.active)) == visible(there.domain)
            else:
                alike = here == there
            if not alike:
                yield f"{operation} when {domain.active.power} and when {power}"


@_law
def force_is_about_casualties_only(domain: Domain, profile: Profile, step: Step) -> Iterator[str]:
    """A forced operation is the plain one where that is accepted, and otherwise destroys exactly what the
    plain one lists as casualties; it makes nothing else acceptable.
    """
    for snapshot, named in domain.snapshots.items():
        for plain in (ops.MergeIntoParent(snapshot), ops.Discard(snapshot)):
            forced: Operation = replace(plain, forced=True)
            if not _may(domain, profile, plain.call, forced.call):
                continue
            asked, after = step(domain, plain, profile), _after(domain, profile, step, forced)
            if isinstance(asked, Accepted):
                right = _same(asked.domain, after)
            elif after is None:
                lost_to_base = (
                    asked.casualties is not None and asked.casualties.active and named.parent is None
                )
                right = lost_to_base and not profile.offers("reset_to_base")
            else:
                listed = asked.casualties.to_json() if asked.casualties is not None else []
                gone = [one.id for one in domain.in_order() if one.id not in after and one.id != snapshot]
                reset = (after.active, after.managed_save) != (domain.active, domain.managed_save)
                right = asked.kinds == {"WouldDiscard"} and [one for one in listed if one != "active"] == gone
                right = right and (not reset or "active" in listed)
            if not right:
                yield f"{plain}: {asked}; forced it leaves {after and list(after.snapshots)}"


@_law
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
            yield f"{operation}: planned {planned}, {_brief(outcome)}"


def _brief(outcome: Outcome) -> str:
    return f"answered {outcome}" if isinstance(outcome, Refused) else f"left {list(outcome.domain.snapshots)}"


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
        and (not after.defined or set(_changed_points(before, after)) <= {planned.overwritten})
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


@_law
def refusals_say_why(domain: Domain, profile: Profile, step: Step) -> Iterator[str]:
    """A refusal has at least one known kind, and lists casualties, all of them listed, just when it is
    WouldDiscard.
    """
    for operation in menu(domain):
        outcome = step(domain, operation, profile)
        if isinstance(outcome, Accepted):
            continue
        lost = outcome.casualties
        named = lost is not None and bool(lost) and set(lost.snapshots) <= set(domain.snapshots)
        known = bool(outcome.kinds) and outcome.kinds <= set(REFUSALS)
        if not known or named != ("WouldDiscard" in outcome.kinds) or (lost is not None and not named):
            yield f"{operation}: {outcome}"


@_law
def claims_are_kept(domain: Domain, profile: Profile, step: Step) -> Iterator[str]:
    """What is not claimed is Unsupported, and what this power state does not allow InvalidPowerState."""
    for operation in menu(domain):
        wanted = set() if profile.claims(operation.call) else {"Unsupported"}
        if not profile.allows_power(operation.call, domain.active.power):
            wanted.add("InvalidPowerState")
        outcome = step(domain, operation, profile)
        given = outcome.kinds if isinstance(outcome, Refused) else frozenset()
        if not wanted <= given:
            yield f"{operation}: {_brief(outcome)}, wanted {sorted(wanted)}"


@_law
def same_question_same_answer(domain: Domain, profile: Profile, step: Step) -> Iterator[str]:
    """Asking is free: a step leaves the domain that it was given alone, and gives the same answer again."""
    before = replace(domain)
    for operation in menu(domain):
        if step(domain, operation, profile) != step(domain, operation, profile) or domain != before:
            yield f"{operation}"


@_law
def the_tree_stays_a_tree(domain: Domain, profile: Profile, step: Step) -> Iterator[str]:
    """After any operation every snapshot is below the base once, and names, uuids and current are right."""
    for operation, outcome in _accepted(domain, profile, step):
        flaw = _flaw(outcome.domain)
        if flaw:
            yield f"{operation}: {flaw}"


def _flaw(domain: Domain) -> str | None:
    listed = domain.snapshots
    reached = [below for root in domain.children_of(None) for below in domain.subtree(root)]
    if sorted(reached) != sorted(listed) or not set(listed).isdisjoint(domain.retired):
        return "a snapshot is reached twice, never, or after it went"
    for family, children in domain.children.items():
        serials = [listed[child].serial for child in children]
        if serials != sorted(serials) or any(listed[child].parent != family for child in children):
            return f"the children of {family or BASE} are not those that call it parent"
    bearers = sorted((name, one) for name, family in domain.names.items() for one in family)
    if bearers != sorted((one.name, one.id) for one in listed.values()):
        return "a name leads to what does not bear it"
    if dict(domain.uuids) != {one.uuid: one.id for one in listed.values()}:
        return "a uuid leads to what does not bear it"
    return None if domain.current is None or domain.current in listed else "current is not listed"


@_law
def order_survives_everything(domain: Domain, profile: Profile, step: Step) -> Iterator[str]:
    """Whatever happens, those that stay are listed in the order they had, and what is new comes last."""
    if not _may(domain, profile, "list"):
        return
    before = [snapshot.id for snapshot in domain.in_order()]
    for operation, outcome in _accepted(domain, profile, step):
        listed = step(outcome.domain, ops.ListSnapshots(), profile)
        if isinstance(listed, Accepted):
            stay = [one for one in before if one in outcome.domain]
            if listed.result[: len(stay)] != stay or len(listed.result) != len(outcome.domain.snapshots):
                yield f"{operation}: {before} became {listed.result}"


@_law
def look_ups_agree(domain: Domain, profile: Profile, step: Step) -> Iterator[str]:
    """List, count, children, parent, current and the look-ups tell of the same tree, and change nothing."""
    if not _may(
        domain, profile, "list", "count", "children", "parent", "current", "lookup_by_id", "lookup_by_name"
    ):
        return

    def told(operation: Operation) -> Any:
        outcome = step(domain, operation, profile)
        if isinstance(outcome, Refused):
            return outcome.kinds
        return outcome.result if outcome.domain == domain else f"{operation} changed the domain"

    if not domain.defined:
        return
    listed = told(ops.ListSnapshots())
    if told(ops.Count()) != len(listed) or told(ops.Current()) not in (None, *listed):
        yield f"{told(ops.Count())} counted, {told(ops.Current())} current, {listed} listed"
    below = {parent: told(ops.Children(parent)) for parent in (None, *listed)}
    if sorted(child for children in below.values() for child in children) != sorted(listed):
        yield f"children {below}, {listed} listed"
    for parent, children in below.items():
        if any(told(ops.Parent(child)) != parent for child in children):
            yield f"a child of {parent} has another parent"
    for snapshot in listed:
        name = domain.snapshots[snapshot].name
        named = told(ops.LookupByName(name))
        alone = len(domain.names[name]) == 1
        found = named == snapshot if alone else named in domain.names[name] or named == {"AmbiguousName"}
        if told(ops.LookupById(snapshot)) != snapshot or not found:
            yield f"{snapshot} is looked up as {told(ops.LookupById(snapshot))}, {name!r} as {named}"


@_law
def reverting_is_taking_the_point(domain: Domain, profile: Profile, step: Step) -> Iterator[str]:
    """A revert changes no snapshot, makes the active state the point, and done twice does the same; resume_as
    changes nothing but memory and power.
    """
    for snapshot in domain.snapshots:
        plain = _after(domain, profile, step, ops.Revert(snapshot))
        for resume_as in (None, *ops.RESUME_AS):
            revert = ops.Revert(snapshot, resume_as)
            once = _after(domain, profile, step, revert)
            if once is None:
                continue
            if not _same(_turned_off(once), _reset_to(domain, snapshot)) or not _same(
                _turned_off(once), plain and _turned_off(plain)
            ):
                yield f"{revert} takes something else"
            if _may(once, profile, "revert") and not _same(once, _after(once, profile, step, revert)):
                yield f"{revert} twice"


@_law
def create_then_merge_is_nothing(domain: Domain, profile: Profile, step: Step) -> Iterator[str]:
    """Creating a snapshot captures the active state and changes nothing else: merged into its children it has
    never been.
    """
    if profile.create_with_managed_save == "drops" or not _may(domain, profile, "merge_into_children"):
        return
    for memory in (False, True):
        created = step(domain, ops.Create(_fresh_name(domain), memory=memory), profile)
        if isinstance(created, Accepted):
            point = created.domain.snapshots[created.result].point
            merged = _after(created.domain, profile, step, ops.MergeIntoChildren(created.result))
            held = (point.disks, point.configuration) == (domain.active.disks, domain.active.configuration)
            if not held or not _same(merged, domain):
                yield f"create with{'' if memory else 'out'} memory"


@_law
def create_then_discard_is_a_revert(domain: Domain, profile: Profile, step: Step) -> Iterator[str]:
    """Creating a snapshot, reverting to another and discarding the new one is reverting to the other."""
    created = step(domain, ops.Create(_fresh_name(domain)), profile)
    if isinstance(created, Refused) or not _may(domain, profile, "revert"):
        return
    for other in domain.snapshots:
        reverted = _after(domain, profile, step, ops.Revert(other))
        if reverted is None or not _may(reverted, profile, "discard"):
            continue
        back = _after(created.domain, profile, step, ops.Revert(other), ops.Discard(created.result))
        if not _same(back, reverted):
            yield f"create, revert to {other}, discard"


@_law
def an_id_is_issued_once(domain: Domain, profile: Profile, step: Step) -> Iterator[str]:
    """A new snapshot has an id that nothing listed, retired or just removed has or had."""
    if profile.identity == "name":
        return
    used = {*domain.snapshots, *domain.retired}
    here: Domain | None = domain
    for _ in range(3):
        created = step(here, ops.Create(_fresh_name(domain)), profile) if here is not None else None
        if not isinstance(created, Accepted):
            return
        if created.result in used:
            yield f"{created.result} is issued again"
        used.add(created.result)
        here = _after(created.domain, profile, step, ops.MergeIntoChildren(created.result))


@_law
def names_are_only_names(domain: Domain, profile: Profile, step: Step) -> Iterator[str]:
    """Renaming and describing change one name or one description, and keep everything else."""
    for snapshot, named in domain.snapshots.items():
        for operation in (ops.Rename(snapshot, _fresh_name(domain)), ops.Describe(snapshot, "other words")):
            after = _after(domain, profile, step, operation)
            new = replace(
                named, **{key: getattr(operation, key) for key in operation.arguments() if key != "snapshot"}
            )
            if after is not None and not _same(
                after, replace(domain, snapshots=domain.snapshots.insert(snapshot, new))
            ):
                yield f"{operation}"


@_law
def retiring_looks_like_removing(domain: Domain, profile: Profile, step: Step) -> Iterator[str]:
    """Retiring shows what the accepted one of merge and discard shows, and reclaiming shows nothing."""
    for snapshot in domain.snapshots:
        retired = _after(domain, profile, step, ops.Retire(snapshot))
        if retired is None:
            continue
        if _can_remove_any(domain, profile) and not _same(retired, _without(domain, profile, step, snapshot)):
            yield f"{snapshot}: retiring looks different"
        if _may(retired, profile, "reclaim"):
            reclaimed = _after(retired, profile, step, ops.Reclaim(snapshot))
            if reclaimed is None or not _same(reclaimed, retired) or snapshot in reclaimed.retired:
                yield f"{snapshot}: reclaiming is seen, or keeps the storage"


@_law
def a_subtree_goes_leaf_first(domain: Domain, profile: Profile, step: Step) -> Iterator[str]:
    """Removing a subtree is removing its snapshots one by one, leaf first, by the accepted one of merge and
    discard.
    """
    if not _can_remove_any(domain, profile):
        return
    for snapshot in domain.snapshots:
        leaf_first = list(domain.subtree(snapshot))[::-1]
        for keep_root in (False, True):
            whole = _after(domain, profile, step, ops.RemoveSubtree(snapshot, keep_root))
            gone = leaf_first[:-1] if keep_root else leaf_first
            if whole is not None and not _same(whole, _without(domain, profile, step, *gone)):
                yield f"{snapshot}, {keep_root=}"


@_law
def work_stays_in_the_active_state(domain: Domain, profile: Profile, step: Step) -> Iterator[str]:
    """Writes, changes of devices and power keep every snapshot, base and current, while the domain lasts."""
    for operation in _work(domain):
        after = _after(domain, profile, step, operation)
        if after is None or not after.defined:
            continue
        if (after.in_order(), after.base, after.current) != (domain.in_order(), domain.base, domain.current):
            yield f"{operation}"


@_law
def there_and_back_is_nothing(domain: Domain, profile: Profile, step: Step) -> Iterator[str]:
    """Pausing and resuming, saving and starting, attaching a disk and detaching it leave no trace."""
    disk = ops.AttachDisk("vdz", 64 * 1024)
    for there, back in (
        (ops.Pause(), ops.Resume()), (ops.Resume(), ops.Pause()), (ops.ManagedSave(), ops.Start()),
        (disk, ops.DetachDisk(disk.disk)),
    ):  # fmt: skip
        gone = _after(domain, profile, step, there)
        if gone is None or not _may(gone, profile, back.op):
            continue
        if not _same(_after(gone, profile, step, back), domain):
            yield f"{there}, {back}"


LAWS: Final[tuple[Law, ...]] = tuple(_stated)
"""Every law, in the order of this page."""
