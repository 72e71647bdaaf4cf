"""Laws of names that repeat: a snapshot that is replaced, the bearer that a look-up finds; and of storage."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import permutations

from snaptree.spec import operations as ops
from snaptree.spec.laws.law import Step, after_all, is_limited, kinds, law, may, same, without
from snaptree.spec.laws.menu import fresh_name, menu
from snaptree.spec.outcomes import Accepted, Outcome, Refused
from snaptree.spec.profiles import Profile
from snaptree.spec.state import Domain


@law("d·create(name(S)) ≡ d·remove(S)·create(name(S)), where policy = replace")
def replacing_is_removing_and_creating(domain: Domain, profile: Profile, step: Step) -> Iterator[str]:
    """Under the policy replace, a create under a name in use first removes its bearer."""
    if profile.names.policy != "replace" or not may(domain, profile, "merge_into_children", "discard"):
        return
    for snapshot, named in domain.snapshots.items():
        replacing = after_all(domain, profile, step, ops.Create(named.name))
        bearers = domain.names[named.name]
        removed = without(domain, profile, step, *bearers)
        again = removed and after_all(removed, profile, step, ops.Create(named.name))
        if replacing is not None and not (again is None and is_limited(profile)):
            yield "" if same(replacing, again) else f"create({named.name}) in place of {snapshot}"


@law("lookup_by_name(n) = first(names(d·rename(S, n)·rename(T, n), n)), where policy = duplicates")
def the_first_bearer_is_found(domain: Domain, profile: Profile, step: Step) -> Iterator[str]:
    """Where several bear a name, the look-up finds the first of them in the order that the profile states."""
    if profile.names.policy != "duplicates" or not may(domain, profile, "rename", "lookup_by_name"):
        return
    name, deep = fresh_name(domain), profile.names.lookup == "first-depth-first"
    for pair in permutations(sorted(domain.snapshots), 2):
        both = after_all(domain, profile, step, *(ops.Rename(one, name) for one in pair))
        if both is None:
            continue
        outcome = step(both, ops.LookupByName(name), profile)
        if profile.names.lookup == "ambiguous":
            yield "" if kinds(outcome) == {"AmbiguousName"} else f"{pair} are all named {name}: {outcome}"
            continue
        found = min(pair, key=lambda one: _place(domain, one, deep=deep))
        right = isinstance(outcome, Accepted) and outcome.result == found
        yield "" if right else f"{pair} are all named {name}: {outcome}, not {found}"


def _place(domain: Domain, snapshot: str, *, deep: bool) -> tuple[int, list[int]]:
    """The place of a snapshot in a walk: the serials from its root to it, the shorter first unless deep."""
    path = [domain.snapshots[one].serial for one in domain.ancestors(snapshot)][::-1]
    return (0 if deep else len(path), path)


@law(
    "d·merge_into_parent(T)·merge_into_parent(S) ≡ d·merge_into_parent(S)·merge_into_parent(T), path(S, T); "
    "d·merge_into_parent(S) ≡ d·merge_into_parent_forced(S)"
)
def merges_along_a_path_associate(domain: Domain, profile: Profile, step: Step) -> Iterator[str]:
    """Of two merges into the parent, one above the other, either may come first."""
    for below, named in domain.snapshots.items():
        if named.parent is None:
            continue
        lower_first = after_all(
            domain, profile, step, ops.MergeIntoParent(below), ops.MergeIntoParent(named.parent)
        )
        upper_first = after_all(
            domain, profile, step, ops.MergeIntoParent(named.parent), ops.MergeIntoParent(below)
        )
        if lower_first is not None and upper_first is not None:
            yield "" if same(lower_first, upper_first) else f"{below} and {named.parent}"


@law(
    "retired(d·retire(S)) = retired(d) ∪ {S}; retired(d·reclaim(S)) = retired(d) ∖ {S}; "
    "retired(d·op) = retired(d) else"
)
def storage_is_kept_until_reclaimed(domain: Domain, profile: Profile, step: Step) -> Iterator[str]:
    """Only retire puts a snapshot into the storage, as it was, and only reclaim takes it out."""
    for operation in menu(domain):
        outcome = step(domain, operation, profile)
        if not isinstance(outcome, Accepted) or not outcome.domain.defined:
            continue
        wanted = dict(domain.retired.items())
        if isinstance(operation, ops.Retire):
            wanted[operation.snapshot] = domain.snapshots[operation.snapshot]
        elif isinstance(operation, ops.Reclaim):
            wanted.pop(operation.snapshot)
        yield "" if dict(outcome.domain.retired.items()) == wanted else f"{operation}"


@law(
    "casualties(merge_into_children(S)) ⊆ {S}; casualties(undefine) = d ∪ {active if managed_save}; "
    "casualties(discard(S)) = subtree(S) ∖ {S} ∪ {active if current(d) ∈ subtree(S)}"
)
def casualties_are_named_in_full(domain: Domain, profile: Profile, step: Step) -> Iterator[str]:
    """What a plain delete would destroy is named in full, in order of creation, without its target."""
    for snapshot in domain.snapshots:
        for operation in (ops.MergeIntoChildren(snapshot), ops.Discard(snapshot)):
            outcome = step(domain, operation, profile)
            if "WouldDiscard" not in kinds(outcome):
                continue
            wanted = [snapshot]
            if isinstance(operation, ops.Discard):
                below = [
                    one.id for one in domain.in_order() if snapshot in list(domain.ancestors(one.id))[1:]
                ]
                lost = snapshot in domain.ancestors(domain.current)
                wanted = [*below, *(["active"] if lost else [])]
            yield "" if _named(outcome) == wanted else f"{operation}: {_named(outcome)}, not {wanted}"
    yield from _of_undefine(domain, profile, step)


def _of_undefine(domain: Domain, profile: Profile, step: Step) -> Iterator[str]:
    if not domain.defined or not profile.claims("undefine"):
        return
    outcome = step(domain, ops.Undefine(), profile)
    wanted = [
        *(one.id for one in domain.in_order()),
        *(["active"] if domain.managed_save is not None else []),
    ]
    yield "" if _named(outcome) == wanted else f"undefine: {_named(outcome)}, not {wanted}"


def _named(outcome: Outcome) -> list[str]:
    """The casualties that a refusal names."""
    lost = outcome.casualties if isinstance(outcome, Refused) else None
    return [] if lost is None else lost.to_json()
