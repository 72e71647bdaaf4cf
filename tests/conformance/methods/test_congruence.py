"""The canonical key is a congruence: domains of one key have the same moves, and these lead to equal keys.

Otherwise a graph would show one domain of a shape, and another of that shape could do something else.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Hashable
from typing import Final

import pytest

from snaptree.conformance.driver import DEFAULT_DISKS
from snaptree.conformance.methods.graph import Label, Scope, carry_out, explore, moves, shape_in
from snaptree.spec.profiles import Profile, load_profile
from snaptree.spec.shapes import is_dirty, shape_of
from snaptree.spec.state import Domain, blank_domain

Key = Callable[[Domain], Hashable]

MOST: Final = 3
"""Domains that are tried of one key, of different ways and orders of creation."""

GRAPHS: Final[tuple[tuple[str, Scope, int], ...]] = (
    ("rfc", "tree", 3), ("rfc", "ages", 3), ("rfc", "storage", 2), ("rfc", "memory", 1),
    ("esx", "configuration", 2), ("virtualbox", "tree", 3), ("qemu", "storage", 2),
    ("libvirt-qemu-external", "cycles", 1), ("libvirt-test", "libvirt", 1),
)  # fmt: skip


def contradictions(profile: Profile, bound: int, scope: Scope, key: Key) -> tuple[int, list[Hashable]]:
    """How many domains were tried, and the keys of which two domains went different ways."""
    blank = blank_domain(DEFAULT_DISKS)
    waiting = deque([blank])
    known: dict[Hashable, set[Hashable]] = {key(blank): {_way(blank)}}
    leads: dict[Hashable, dict[Label, Hashable]] = {}
    wrong: list[Hashable] = []
    tried = 0
    while waiting:
        here = waiting.popleft()
        tried += 1
        leaving: dict[Label, Hashable] = {}
        for move in moves(here, shape_in(scope, here), profile, bound, scope):
            after = carry_out(here, move, profile)
            there = leaving[move.label] = key(after)
            others = known.setdefault(there, set())
            if len(others) < MOST and _way(after) not in others:
                others.add(_way(after))
                waiting.append(after)
        if leads.setdefault(key(here), leaving) != leaving:
            wrong.append(key(here))
    return tried, wrong


def _way(domain: Domain) -> Hashable:
    """What distinguishes two domains of one shape: who was created when, and by how many creations."""
    return domain.serial, shape_of(domain, ages=True).key, tuple(sorted(domain.snapshots))


@pytest.mark.parametrize(("profile", "scope", "bound"), GRAPHS)
def test_the_key_is_a_congruence(profile: str, scope: Scope, bound: int) -> None:
    asked = load_profile(profile)
    tried, wrong = contradictions(asked, bound, scope, lambda domain: shape_in(scope, domain).key)
    assert tried > 1.5 * len(explore(asked, bound, scope).edges)
    assert wrong == []


# --- keys that are none -------------------------------------------------------------


def without_dirt(domain: Domain) -> Hashable:
    """A key that does not say whether the active state has content of its own."""
    key = shape_of(domain).key
    return (*key[:2], *key[3:])


def siblings_by_age(domain: Domain) -> Hashable:
    """A key that orders siblings by age, and not cousins, who become siblings by a merge."""

    def code(snapshot: str) -> Hashable:
        return domain.current == snapshot, tuple(map(code, domain.children_of(snapshot)))

    return tuple(map(code, domain.children_of(None))), domain.current is None, is_dirty(domain)


@pytest.mark.parametrize(("key", "scope"), [(without_dirt, "tree"), (siblings_by_age, "ages")])
def test_a_key_that_says_too_little_is_found(key: Key, scope: Scope) -> None:
    _, wrong = contradictions(load_profile("rfc"), 3, scope, key)
    assert wrong
