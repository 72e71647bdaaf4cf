"""Laws of every step: refusals, claims, the tree, the order, the look-ups."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from snaptree.spec import operations as ops
from snaptree.spec.laws.law import (
    Step,
    brief,
    law,
    may,
)
from snaptree.spec.laws.menu import accepted_from, menu
from snaptree.spec.operations import Operation
from snaptree.spec.outcomes import REFUSALS, Accepted, Refused
from snaptree.spec.plan import BASE
from snaptree.spec.profiles import Profile
from snaptree.spec.state import Domain


@law(
    "¬accepted(op) ⇒ ∅ ≠ kinds(op) ⊆ KINDS; "
    "casualties(op) ≠ ∅ ⇔ WouldDiscard ∈ kinds(op); casualties(op) ⊆ d ∪ {active}"
)
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
        right = known and named == ("WouldDiscard" in outcome.kinds) and (lost is None or named)
        yield "" if right else f"{operation}: {outcome}"


@law("¬claimed(op) ⇒ Unsupported ∈ kinds(op); ¬permitted(op) ⇒ InvalidPowerState ∈ kinds(op)")
def claims_are_kept(domain: Domain, profile: Profile, step: Step) -> Iterator[str]:
    """What is not claimed is Unsupported, and what this power state does not allow InvalidPowerState."""
    for operation in menu(domain):
        wanted = set() if profile.claims(operation.call) else {"Unsupported"}
        if not profile.allows_power(operation.call, domain.active.power):
            wanted.add("InvalidPowerState")
        outcome = step(domain, operation, profile)
        given = outcome.kinds if isinstance(outcome, Refused) else frozenset()
        yield "" if wanted <= given else f"{operation}: {brief(outcome)}, wanted {sorted(wanted)}"


@law("outcome(d, op) = outcome(d, op) when asked twice; d before = d after")
def same_question_same_answer(domain: Domain, profile: Profile, step: Step) -> Iterator[str]:
    """Asking is free: a step leaves the domain that it was given alone, and gives the same answer again."""
    before = replace(domain)
    for operation in menu(domain):
        alike = step(domain, operation, profile) == step(domain, operation, profile)
        yield "" if alike and domain == before else f"{operation}"


@law(
    "S ∈ d·op = e ⇒ ∃! path(base, S) ∧ S ∉ retired(e); children(P) = list(e) ∩ children(P); "
    "S ∈ names(e, n) ⇔ name(S) = n; S = uuids(e, u) ⇔ uuid(S) = u; current(e) ∈ e ∪ {base}; "
    "|names(e, n)| ≤ 1, where policy ≠ duplicates; |path(base, S)| ≤ depth; |e ∪ retired(e)| ≤ count; "
    "|children(base)| ≤ 1, where roots = single"
)
def the_tree_stays_a_tree(domain: Domain, profile: Profile, step: Step) -> Iterator[str]:
    """After any operation every snapshot is below the base once, names, uuids and current are right, and the
    tree is within what the profile says of names, limits and roots.
    """
    for operation, outcome in accepted_from(domain, profile, step):
        flaw = _flaw(outcome.domain) or _excess(outcome.domain, profile)
        yield "" if flaw is None else f"{operation}: {flaw}"


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


def _excess(domain: Domain, profile: Profile) -> str | None:
    """What the tree has and the profile excludes."""
    listed, limits = domain.snapshots, profile.limits
    names = {one.name for one in listed.values()}
    if profile.names.policy != "duplicates" and len(names) < len(listed):
        return "a name is borne twice"
    if limits.count is not None and len(listed) + len(domain.retired) > limits.count:
        return f"there are {len(listed)} snapshots, and {len(domain.retired)} retired ones"
    deepest = max((len(list(domain.ancestors(one))) for one in listed), default=0)
    if limits.depth is not None and deepest > limits.depth:
        return f"a snapshot is {deepest} deep"
    roots = [one for one in listed.values() if one.parent is None]
    return "there are two roots" if profile.roots == "single" and len(roots) > 1 else None


@law("list(d·op) = (list(d) ∩ d·op) ⧺ (d·op ∖ d)")
def order_survives_everything(domain: Domain, profile: Profile, step: Step) -> Iterator[str]:
    """Whatever happens, those that stay are listed in the order they had, and what is new comes last."""
    if not may(domain, profile, "list"):
        return
    before = [snapshot.id for snapshot in domain.in_order()]
    for operation, outcome in accepted_from(domain, profile, step):
        listed = step(outcome.domain, ops.ListSnapshots(), profile)
        if isinstance(listed, Accepted):
            stay = [one for one in before if one in outcome.domain]
            kept = listed.result[: len(stay)] == stay and len(listed.result) == len(outcome.domain.snapshots)
            yield "" if kept else f"{operation}: {before} became {listed.result}"


@law(
    "count = |list|; current ∈ list ∪ {base}; S ∈ children(P) ⇔ parent(S) = P; lookup_by_id(S) = S; "
    "lookup_by_name(n) ∈ names(d, n), or is AmbiguousName if |names(d, n)| > 1"
)
def look_ups_agree(domain: Domain, profile: Profile, step: Step) -> Iterator[str]:
    """List, count, children, parent, current and the look-ups tell of the same tree, and change nothing."""
    if not may(
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
    counted, current = told(ops.Count()), told(ops.Current())
    right = counted == len(listed) and current == domain.current and current in (None, *listed)
    yield "" if right else f"{counted} counted, {current} current, {listed} listed"
    below = {parent: told(ops.Children(parent)) for parent in (None, *listed)}
    whole = sorted(child for children in below.values() for child in children) == sorted(listed)
    yield "" if whole else f"children {below}, {listed} listed"
    for parent, children in below.items():
        own = all(told(ops.Parent(child)) == parent for child in children)
        yield "" if own else f"a child of {parent} has another parent"
    for snapshot in listed:
        name = domain.snapshots[snapshot].name
        named = told(ops.LookupByName(name))
        alone = len(domain.names[name]) == 1
        found = named == snapshot if alone else named in domain.names[name] or named == {"AmbiguousName"}
        by_id = told(ops.LookupById(snapshot))
        yield (
            "" if by_id == snapshot and found else f"{snapshot} is looked up as {by_id}, {name!r} as {named}"
        )
