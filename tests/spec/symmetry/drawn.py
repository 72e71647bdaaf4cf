"""Situations that Hypothesis draws: a profile, a domain that a walk leads to, and operations for it."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from random import Random
from typing import Final

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from snaptree.spec.laws.variations import variations
from snaptree.spec.operations import Operation
from snaptree.spec.outcomes import Accepted
from snaptree.spec.profiles import Profile, load_profile, shipped_profiles
from snaptree.spec.semantics import step
from snaptree.spec.state import Domain, blank_domain

from ..law_profiles import NARROW, REPLACING
from ..reading.calls import draw
from ..reading.walks import DISKS

LONGEST: Final = 25
"""Calls of a walk."""

thorough: Final = settings(
    max_examples=100 * int(os.environ.get("SNAPTREE_WALKS", "1")),
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
"""How many situations a law is tried in; ``make nightly`` has more."""


@dataclass(frozen=True)
class Situation:
    """A domain under a profile, operations to ask of it, and the seed of further choices."""

    profile: Profile
    domain: Domain
    operations: tuple[Operation, ...]
    seed: int

    def __repr__(self) -> str:
        """What a failing test prints: a whole profile would hide the rest."""
        tree = {one.id: one.parent for one in self.domain.in_order()}
        asked = "; ".join(str(one.to_json()) for one in self.operations)
        here = f"current {self.domain.current}, {self.domain.active.power}"
        return f"<under {self.profile.name}: {tree}, {here}: {asked}; seed {self.seed}>"

    @property
    def choices(self) -> Random:
        """The same choices each time."""
        return Random(self.seed)


@cache
def profiles() -> tuple[Profile, ...]:
    """The shipped profiles and each with one point turned, beside those of the laws."""
    every = (other for name in shipped_profiles() for other in variations(load_profile(name)))
    return (load_profile("rfc"), NARROW, REPLACING, *every)


@st.composite
def situations(draw_from: st.DrawFn, operations: int = 1) -> Situation:
    """A situation with so many operations, each drawn for the domain as it is."""
    which = draw_from(st.integers(0, len(profiles()) - 1))
    codes = draw_from(st.lists(st.integers(0, 2**32 - 1), max_size=LONGEST))
    return situation(which, codes, draw_from(st.integers(0, 2**32 - 1)), operations)


def many(times: int, operations: int = 1) -> Iterator[Situation]:
    """The same situations in every run, for the search of something that is there."""
    for number in range(times):
        random = Random(number)
        codes = [random.randrange(2**32) for _ in range(random.randrange(LONGEST))]
        # Every second one where everything is claimed.
        which = random.randrange(len(profiles())) if number % 2 else 0
        yield situation(which, codes, random.randrange(2**32), operations)


def situation(which: int, codes: Sequence[int], seed: int, operations: int) -> Situation:
    """The situation after a walk, one call a code."""
    profile = profiles()[which]
    domain = blank_domain(DISKS, persistent=not profile.offers("transient") or seed % 6 > 0)
    for code in codes:
        outcome = step(domain, draw(Random(code), domain, profile), profile)
        domain = outcome.domain if isinstance(outcome, Accepted) else domain
    random = Random(seed)
    return Situation(profile, domain, tuple(draw(random, domain, profile) for _ in range(operations)), seed)
