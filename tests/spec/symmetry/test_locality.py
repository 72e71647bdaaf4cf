"""How far an operation looks: content that it does not use, operations apart from it, snapshots beside it.

Together they say that a fault which needs more than a small part of a tree breaks a law here, in the model;
in a driver the laws are what the bounded graphs assume beyond their bound.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import count
from typing import Any, Final

import pytest
from hypothesis import given
from rpds import HashTrieMap

from snaptree.spec import operations as ops
from snaptree.spec.operations import OnSnapshot, Operation
from snaptree.spec.outcomes import Accepted, Outcome, Refused
from snaptree.spec.profiles import Profile
from snaptree.spec.semantics import step
from snaptree.spec.semantics.step import destroyed
from snaptree.spec.state import Disk, Domain, Point

from .drawn import Situation, many, situations, thorough
from .footprints import DISCARDING, MERGING, footprint
from .renaming import differ, facts

Step = Callable[[Domain, Any, Profile], Outcome]
Holds = Callable[[Situation, Step], bool | None]


# --- content ------------------------------------------------------------------------


def with_content(domain: Domain, where: str | None, value: int) -> Domain:
    """The domain with other content in one point: of a snapshot, retired or not, or of the base for None."""
    if not domain.defined:
        return domain
    if where is None:
        return replace(domain, base=_filled(domain.base, value))
    snapshots, retired = domain.snapshots, domain.retired
    if where in snapshots:
        one = snapshots[where]
        return replace(
            domain, snapshots=snapshots.insert(where, replace(one, point=_filled(one.point, value)))
        )
    if where in retired:
        one = retired[where]
        return replace(domain, retired=retired.insert(where, replace(one, point=_filled(one.point, value))))
    return domain


def _filled(point: Point, value: int) -> Point:
    disks = {name: Disk(disk.size, HashTrieMap({0: value})) for name, disk in point.disks.items()}
    return replace(point, disks=HashTrieMap(disks), configuration=HashTrieMap({"filled": str(value)}))


def uses(domain: Domain, operation: Operation) -> set[str | None]:
    """The points whose content an operation uses or replaces; None is the base."""
    if not isinstance(operation, OnSnapshot) or operation.snapshot not in domain.snapshots:
        return set()
    parent = domain.snapshots[operation.snapshot].parent
    if isinstance(operation, ops.Revert):
        return {operation.snapshot}
    if isinstance(operation, MERGING):
        return {operation.snapshot, parent}
    return {parent} if isinstance(operation, ops.DiscardForced) else set()


def looks_at_no_other_content(situation: Situation, model: Step = step) -> bool:
    """step(d with other content in X, op) = step(d, op) with that content in X, unless op uses X."""
    domain, (operation,), profile = situation.domain, situation.operations, situation.profile
    used = uses(domain, operation)
    expected = model(domain, operation, profile)
    for where in (None, *sorted(domain.snapshots), *sorted(domain.retired)):
        if where in used:
            continue
        seen = model(with_content(domain, where, 99), operation, profile)
        wanted = expected
        if isinstance(expected, Accepted):
            wanted = Accepted(expected.result, with_content(expected.domain, where, 99))
        if differ(seen, wanted):
            return False
    return True


# --- operations apart ---------------------------------------------------------------


def commute(situation: Situation, model: Step = step) -> bool | None:
    """d·a·b = d·b·a, with the same answers, where the footprints are apart; None where they are not."""
    domain, (one, other), profile = situation.domain, situation.operations, situation.profile
    if not footprint(domain, one, profile).apart_from(footprint(domain, other, profile)):
        return None
    first, second = model(domain, one, profile), model(domain, other, profile)
    second_after = model(_after(domain, first), other, profile)
    first_after = model(_after(domain, second), one, profile)
    if not (_answer(second_after) == _answer(second) and _answer(first_after) == _answer(first)):
        return False
    left = Accepted(None, _after(_after(domain, first), second_after))
    right = Accepted(None, _after(_after(domain, second), first_after))
    return bool(facts(left) == facts(right))


def _after(domain: Domain, outcome: Outcome) -> Domain:
    return outcome.domain if isinstance(outcome, Accepted) else domain


def _answer(outcome: Outcome) -> Any:
    return outcome.result if isinstance(outcome, Accepted) else (outcome.kinds, outcome.casualties)


# --- contraction --------------------------------------------------------------------


def contract(domain: Domain, snapshot: str) -> Domain:
    """The domain without one snapshot, its children below its parent."""
    return domain.with_spliced_out(snapshot)


def concerns(domain: Domain, operation: Operation, snapshot: str, profile: Profile) -> bool:
    """Whether an operation has to do with a snapshot: its target, what it destroys, and their neighbours."""
    if (
        profile.limits.depth
        or profile.limits.count
        or profile.limits.merge_children
        or profile.roots == "single"
    ):
        return True  # a limit counts snapshots wherever they are
    if isinstance(operation, (ops.Undefine, ops.UndefineForced, ops.ListSnapshots, ops.Count, ops.Current)):
        return True
    one = domain.snapshots[snapshot]
    if getattr(operation, "name", None) == one.name or getattr(operation, "uuid", None) == one.uuid:
        return True
    if isinstance(operation, ops.LookupByName):
        return len(domain.names.get(operation.name, ())) > 1
    if isinstance(operation, ops.AttachDisk):
        return operation.independent
    target = getattr(operation, "snapshot", None)
    if isinstance(operation, ops.Children) and target is None:
        return one.parent is None
    if target is None or target not in domain.snapshots:
        return target == snapshot
    near = {target, domain.snapshots[target].parent, *domain.children_of(target)}
    if isinstance(operation, MERGING):
        near |= {*domain.children_of(domain.snapshots[target].parent)}
        near |= {*destroyed(domain, operation, profile).snapshots}
    if isinstance(operation, DISCARDING):
        near |= {*domain.subtree(target)}
    return snapshot in near


def contraction_commutes(situation: Situation, model: Step = step) -> bool | None:
    """step(d without X, op) = step(d, op) without X, where op does not concern X; None if there is none."""
    domain, (operation,), profile = situation.domain, situation.operations, situation.profile
    beside = [one for one in sorted(domain.snapshots) if not concerns(domain, operation, one, profile)]
    expected = model(domain, operation, profile)
    for snapshot in beside:
        seen = model(contract(domain, snapshot), operation, profile)
        wanted = expected
        if isinstance(expected, Accepted):
            if snapshot not in expected.domain.snapshots:
                return False
            wanted = Accepted(expected.result, contract(expected.domain, snapshot))
        if differ(seen, wanted):
            return False
    return True if beside else None


# --- the laws -----------------------------------------------------------------------


@thorough
@given(situations())
def test_an_operation_looks_at_no_content_that_it_does_not_use(situation: Situation) -> None:
    assert looks_at_no_other_content(situation)


@thorough
@given(situations(2))
def test_operations_apart_commute(situation: Situation) -> None:
    assert commute(situation) is not False


@thorough
@given(situations())
def test_a_snapshot_beside_an_operation_can_be_contracted_before_or_after(situation: Situation) -> None:
    assert contraction_commutes(situation) is not False


def test_the_laws_speak_of_many_situations() -> None:
    assert sum(commute(one) is not None for one in many(300, 2)) > 60
    assert sum(contraction_commutes(one) is not None for one in many(300)) > 60


# --- models that look too far -------------------------------------------------------


def copies_beside(domain: Domain, operation: Any, profile: Profile) -> Outcome:
    """A merge into the children stores the content of the base in what it merges into."""
    outcome = step(domain, operation, profile)
    if isinstance(outcome, Accepted) and isinstance(operation, ops.MergeIntoChildren):
        after = outcome.domain
        for child in domain.children_of(operation.snapshot):
            after = after.with_changed(replace(after.snapshots[child], point=domain.base))
        return Accepted(None, after)
    return outcome


def counts_writes(domain: Domain, operation: Any, profile: Profile) -> Outcome:
    """A write to a domain with a renamed snapshot is lost."""
    outcome = step(domain, operation, profile)
    renamed = any(one.description == "new words" for one in domain.snapshots.values())
    if isinstance(operation, ops.WriteDisk) and isinstance(outcome, Accepted) and renamed:
        return Accepted(None, domain)
    return outcome


def refuses_in_large_trees(domain: Domain, operation: Any, profile: Profile) -> Outcome:
    """A revert in a tree of four or more snapshots is refused."""
    if isinstance(operation, ops.Revert) and len(domain.snapshots) > 3:
        return Refused(frozenset({"LimitExceeded"}))
    return step(domain, operation, profile)


FAR_SIGHTED: Final[dict[str, tuple[Holds, Step, int]]] = {
    "content": (looks_at_no_other_content, copies_beside, 1),
    "operations": (commute, counts_writes, 2),
    "contraction": (contraction_commutes, refuses_in_large_trees, 1),
}


@pytest.mark.parametrize("what", FAR_SIGHTED)
def test_a_model_that_looks_too_far_is_found(what: str) -> None:
    holds, model, operations = FAR_SIGHTED[what]
    found = next((n for n, one in zip(count(), many(4000, operations)) if holds(one, model) is False), None)
    assert found is not None
