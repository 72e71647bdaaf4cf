"""A law, and the helpers that laws are written with: steps in sequence, and the visible part of a domain."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from types import ModuleType
from typing import Any

from snaptree.spec import operations as ops
from snaptree.spec.operations import CALLS, Operation
from snaptree.spec.outcomes import Outcome, Refused
from snaptree.spec.plan import BASE
from snaptree.spec.profiles import Profile
from snaptree.spec.semantics import step as model_step
from snaptree.spec.state import Domain, Point

Step = Callable[[Domain, Operation, Profile], Outcome]
Search = Callable[[Domain, Profile, Step], Iterator[str]]
"""Compares, and gives one text for each comparison: an empty one where the law holds, else the contradiction.

A search that compares nothing gives nothing: the law was not asked.
"""


@dataclass(frozen=True)
class Answer:
    """How many comparisons a law made in a domain, and the contradiction, if there was one."""

    compared: int
    contradiction: str | None = None


@dataclass(frozen=True)
class Law:
    """A name, a formula, one sentence, and the search for a counterexample.

    The package explains the notation of the formula.
    """

    name: str
    formula: str
    sentence: str
    search: Search

    def counterexample(self, domain: Domain, profile: Profile, step: Step = model_step) -> str | None:
        """The first contradiction in this domain, as text, or None."""
        return next(filter(None, self.search(domain, profile, step)), None)

    def ask(self, domain: Domain, profile: Profile, step: Step = model_step) -> Answer:
        """The number of comparisons in this domain, up to the first contradiction."""
        compared = 0
        for text in self.search(domain, profile, step):
            compared += 1
            if text:
                return Answer(compared, text)
        return Answer(compared)

    def unclaimed(self, profile: Profile) -> list[str]:
        """The calls that the formula speaks of and the profile does not claim."""
        spoken = set(re.findall(r"\w+", self.formula))
        return [call for call in CALLS if call in spoken and not profile.claims(call)]


def law(formula: str) -> Callable[[Search], Law]:
    """Make a search a law: its name is the function's name, its sentence the function's docstring."""

    def make(search: Search) -> Law:
        sentence = " ".join((search.__doc__ or "").split())
        return Law(search.__name__.replace("_", "-"), formula, sentence, search)

    return make


def laws_of(module: ModuleType) -> Iterator[Law]:
    """The laws that a module states, in the order of its lines."""
    for value in vars(module).values():
        if isinstance(value, Law) and value.search.__module__ == module.__name__:
            yield value


def visible(domain: Domain) -> tuple[Any, ...]:
    """The visible part of a domain; retired snapshots are storage."""
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
    """The domain after stopping it and dropping its managed-save image."""
    return replace(domain, active=off(domain.active), managed_save=None)


def off(point: Point) -> Point:
    """A point without memory and power."""
    return replace(point, memory=None, power="off")


def reset_to(domain: Domain, snapshot: str | None) -> Domain:
    """The domain as a forced delete resets it: to a snapshot, or to the base for None."""
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
    """Whether both domains look the same."""
    return left is not None and right is not None and visible(left) == visible(right)


def can_remove_any(domain: Domain, profile: Profile) -> bool:
    """Whether merging into children and discarding are claimed and permitted."""
    return may(domain, profile, "merge_into_children", "discard")


def is_limited(profile: Profile) -> bool:
    """Whether a limit of the profile, and not the tree alone, can bar the removal of a snapshot."""
    return profile.limits.merge_children is not None or profile.roots == "single"


def kinds(outcome: Outcome) -> frozenset[str]:
    """The kinds of a refusal; none if the operation was accepted."""
    return outcome.kinds if isinstance(outcome, Refused) else frozenset()


def without(domain: Domain, profile: Profile, step: Step, *snapshots: str) -> Domain | None:
    """The domain after removing each snapshot, by merge or discard, whichever is accepted."""
    after: Domain | None = domain
    for snapshot in snapshots:
        if after is None:
            return None
        merged = after_all(after, profile, step, ops.MergeIntoChildren(snapshot))
        after = merged or after_all(after, profile, step, ops.Discard(snapshot))
    return after


def replaced(domain: Domain, name: str, profile: Profile) -> tuple[str, ...]:
    """The snapshots that a create of this name replaces."""
    if profile.names.policy != "replace":
        return ()
    return tuple(one.id for one in domain.in_order() if one.name == name)


def changed_points(before: Domain, after: Domain) -> list[str]:
    """The snapshots, and ``base``, whose point differs afterwards."""
    kept = [one for one in after.snapshots if one in before]
    changed = [one for one in kept if after.snapshots[one].point != before.snapshots[one].point]
    return changed + ([BASE] if after.base != before.base else [])


def brief(outcome: Outcome) -> str:
    """An outcome in a few words."""
    return f"answered {outcome}" if isinstance(outcome, Refused) else f"left {list(outcome.domain.snapshots)}"
