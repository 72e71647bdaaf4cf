"""What a law is, and what laws are made of: steps one after the other, and what can be seen."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from snaptree.spec import operations as ops
from snaptree.spec.operations import Operation
from snaptree.spec.outcomes import Outcome, Refused
from snaptree.spec.plan import BASE
from snaptree.spec.profiles import Profile
from snaptree.spec.semantics import step as model_step
from snaptree.spec.state import Domain, Point

Step = Callable[[Domain, Operation, Profile], Outcome]
Search = Callable[[Domain, Profile, Step], Iterator[str]]


@dataclass(frozen=True)
class Law:
    """A name, a formula, one sentence, and the search for what contradicts them.

    The package explains the notation of the formula.
    """

    name: str
    formula: str
    sentence: str
    search: Search

    def counterexample(self, domain: Domain, profile: Profile, step: Step = model_step) -> str | None:
        """The first contradiction that this domain shows, as text, or None."""
        return next(self.search(domain, profile, step), None)


stated: list[Law] = []
"""Every law that was declared, in the order of declaration."""


def law(formula: str) -> Callable[[Search], Search]:
    """Declare a law: its name is the function's, its sentence the function's text."""

    def declare(search: Search) -> Search:
        sentence = " ".join((search.__doc__ or "").split())
        stated.append(Law(search.__name__.replace("_", "-"), formula, sentence, search))
        return search

    return declare


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


def turned_off(domain: Domain) -> Domain:
    """The domain after it was turned off, its managed-save image dropped."""
    return replace(domain, active=off(domain.active), managed_save=None)


def off(point: Point) -> Point:
    """A point without memory and power."""
    return replace(point, memory=None, power="off")


def reset_to(domain: Domain, snapshot: str | None) -> Domain:
    """The domain as a forced delete resets it: to a snapshot, or to base for None."""
    point = domain.base if snapshot is None else domain.snapshots[snapshot].point
    return turned_off(replace(domain, active=point, current=snapshot))


def may(domain: Domain, profile: Profile, *calls: str) -> bool:
    """Whether the profile claims these calls and allows them in this power state."""
    power = domain.active.power
    return all(profile.claims(call) and profile.allows_power(call, power) for call in calls)


def after_all(domain: Domain, profile: Profile, step: Step, *operations: Operation) -> Domain | None:
    """The domain after these operations, None if one is refused."""
    for operation in operations:
        outcome = step(domain, operation, profile)
        if isinstance(outcome, Refused):
            return None
        domain = outcome.domain
    return domain


def same(left: Domain | None, right: Domain | None) -> bool:
    """Whether both are domains that look the same."""
    return left is not None and right is not None and visible(left) == visible(right)


def can_remove_any(domain: Domain, profile: Profile) -> bool:
    """Whether nothing but the tree decides if a snapshot can be removed."""
    return profile.limits.merge_children is None and may(domain, profile, "merge_into_children", "discard")


def without(domain: Domain, profile: Profile, step: Step, *snapshots: str) -> Domain | None:
    """The domain after each snapshot was removed, by merge or discard, whichever is accepted."""
    after: Domain | None = domain
    for snapshot in snapshots:
        if after is None:
            return None
        merged = after_all(after, profile, step, ops.MergeIntoChildren(snapshot))
        after = merged or after_all(after, profile, step, ops.Discard(snapshot))
    return after


def changed_points(before: Domain, after: Domain) -> list[str]:
    """The snapshots, and ``base``, whose point is another afterwards."""
    kept = [one for one in after.snapshots if one in before]
    changed = [one for one in kept if after.snapshots[one].point != before.snapshots[one].point]
    return changed + ([BASE] if after.base != before.base else [])


def brief(outcome: Outcome) -> str:
    """An outcome in a few words."""
    return f"answered {outcome}" if isinstance(outcome, Refused) else f"left {list(outcome.domain.snapshots)}"
