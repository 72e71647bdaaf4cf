"""Laws of arguments: values at their edges, names, and numbers that reach a limit."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from snaptree.spec import operations as ops
from snaptree.spec.laws.edges import edges
from snaptree.spec.laws.law import Step, brief, kinds, law, replaced
from snaptree.spec.laws.menu import menu
from snaptree.spec.operations import Operation
from snaptree.spec.profiles import Profile
from snaptree.spec.state import Domain


@law("InvalidArgument ∈ kinds(op) ⇔ ¬sound(op)")
def arguments_have_edges(domain: Domain, profile: Profile, step: Step) -> Iterator[str]:
    """An argument is refused as invalid just beyond the last value that is sound, and never before."""
    if not domain.defined:
        return
    for operation, sound in edges(domain, profile):
        if profile.claims(operation.call):
            outcome = step(domain, operation, profile)
            right = ("InvalidArgument" in kinds(outcome)) != sound
            yield "" if right else f"{operation}: {brief(outcome)}, it is {'' if sound else 'not '}sound"


@law(
    "InvalidName ∈ kinds(op) ⇔ ¬sound(n); "
    "NameInUse ∈ kinds(op) ⇔ names(d, n) ∖ {S} ≠ ∅, where policy ≠ duplicates; "
    "AmbiguousName ∈ kinds(lookup_by_name(n)) ⇔ |names(d, n)| > 1, where lookup = ambiguous; "
    "NoSuchSnapshot ∈ kinds(op) ⇔ S ∉ d"
)
def names_decide_by_themselves(domain: Domain, profile: Profile, step: Step) -> Iterator[str]:
    """A name is refused if it is malformed, if another snapshot bears it where names are unique, and if it
    has several bearers or none when it is looked up.
    """
    about = {"InvalidName", "NameInUse", "AmbiguousName", "NoSuchSnapshot"}
    if not domain.defined:
        return
    for operation in filter(
        lambda one: profile.claims(one.call), (*_namings(domain, profile), *menu(domain))
    ):
        outcome = step(domain, operation, profile)
        wanted = set(_of_names(domain, operation, profile))
        yield "" if kinds(outcome) & about == wanted else f"{operation}: {brief(outcome)}, wanted {wanted}"


_LONG: Final = 1024
"""Names from here on are not tried: the law would take most of its time for them."""


def _namings(domain: Domain, profile: Profile) -> Iterator[Operation]:
    longest = profile.names.longest if profile.names.longest < _LONG else 300
    names = ["", "x" * longest, "x" * (longest + 1), "ä" * (longest // 2 + 1), "\ud800", "a\x01"]
    names += sorted(domain.names)
    for name in names:
        yield ops.Create(name)
        yield ops.LookupByName(name)
        for snapshot in (*sorted(domain.snapshots), "nobody"):
            yield ops.Rename(snapshot, name)


def _of_names(domain: Domain, operation: Operation, profile: Profile) -> Iterator[str]:
    """The kinds that are about names and ids, and apply."""
    policy, target = profile.names.policy, getattr(operation, "snapshot", None)
    known = (
        target is None
        or target in domain
        or (isinstance(operation, ops.Reclaim) and target in domain.retired)
    )
    if not known:
        yield "NoSuchSnapshot"
    if isinstance(operation, ops.LookupByName):
        bearers = [one for one in domain.in_order() if one.name == operation.name]
        if not bearers:
            yield "NoSuchSnapshot"
        if len(bearers) > 1 and profile.names.lookup == "ambiguous":
            yield "AmbiguousName"
    if isinstance(operation, ops.Create | ops.Rename):
        if not _sound_name(operation.name, profile):
            yield "InvalidName"
        others = [one.id for one in domain.in_order() if one.name == operation.name and one.id != target]
        frees = policy == "replace" and isinstance(operation, ops.Create)
        if others and policy != "duplicates" and not frees:
            yield "NameInUse"


def _sound_name(name: str, profile: Profile) -> bool:
    """Whether the name is not empty, not too long in UTF-8, and has no forbidden character."""
    if not name or any(0xD800 <= ord(character) < 0xE000 for character in name):
        return False
    first = _is_listed(name[0], profile.names.forbidden_first)
    if first or any(_is_listed(character, profile.names.forbidden) for character in set(name)):
        return False
    return len(name.encode("utf-8")) <= profile.names.longest


def _is_listed(character: str, items: tuple[str, ...]) -> bool:
    for item in items:
        low, _, high = item.partition("-") if item.startswith("U+") else (item, "", "")
        bounds = [int(end[2:], 16) if end.startswith("U+") else ord(end) for end in (low, high or low)]
        if bounds[0] <= ord(character) <= bounds[1]:
            return True
    return False


@law(
    "LimitExceeded ∈ kinds(op) ⇔ beyond(d, op, depth) ∨ beyond(d, op, count) ∨ beyond(d, op, merge_children)"
)
def limits_are_met_exactly(domain: Domain, profile: Profile, step: Step) -> Iterator[str]:
    """Depth, count and the dependents of a merge are refused beyond their limit, and only beyond it."""
    if not domain.defined:
        return
    for operation in filter(lambda one: profile.claims(one.call), menu(domain)):
        outcome = step(domain, operation, profile)
        wanted = _exceeds(domain, operation, profile)
        right = ("LimitExceeded" in kinds(outcome)) == wanted
        yield "" if right else f"{operation}: {brief(outcome)} among {list(domain.snapshots)}"


def _exceeds(domain: Domain, operation: Operation, profile: Profile) -> bool:
    limits = profile.limits
    merged: tuple[str, ...] = ()
    if isinstance(operation, ops.MergeIntoChildren) and operation.snapshot in domain:
        merged = (operation.snapshot,)
    created = isinstance(operation, ops.Create)
    if created:
        merged = replaced(domain, operation.name, profile)  # type: ignore[attr-defined]  # it is a Create
        depth = len([one for one in domain.ancestors(domain.current) if one not in merged]) + 1
        count = len(domain.snapshots) - len(merged) + len(domain.retired) + 1
        if limits.depth is not None and depth > limits.depth:
            return True
        if limits.count is not None and count > limits.count:
            return True
    most = limits.merge_children
    return most is not None and any(_dependents(domain, one) > most for one in merged)


def _dependents(domain: Domain, snapshot: str) -> int:
    children = [one for one in domain.snapshots.values() if one.parent == snapshot]
    return len(children) + (domain.current == snapshot)
