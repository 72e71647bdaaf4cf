"""The model answers as a second reading of the chapters does, under every profile and its variations."""

from __future__ import annotations

import os
from collections import Counter
from typing import Final

import pytest

from snaptree.spec.laws.variations import variations
from snaptree.spec.operations import CALLS
from snaptree.spec.outcomes import REFUSALS
from snaptree.spec.profiles import load_profile, shipped_profiles

from .choices import UNDECIDED
from .walks import codes_of, follow, smallest

WALKS: Final = int(os.environ.get("SNAPTREE_WALKS", "1"))
"""Walks under each profile and each variation of it; ``make nightly`` has more."""
LENGTH: Final = 40


def test_the_model_answers_as_the_second_reading() -> None:
    accepted: Counter[str] = Counter()
    refused: Counter[str] = Counter()
    left_out: Counter[str] = Counter()
    for profile in (other for name in shipped_profiles() for other in variations(load_profile(name))):
        for seed in range(WALKS):
            codes, persistent = codes_of(profile, seed, LENGTH)
            walk, difference = follow(profile, codes, persistent=persistent)
            if difference is not None:
                walk, difference = smallest(profile, codes, persistent=persistent)
                steps = "\n".join(f"  {operation}" for operation in walk.asked)
                kind = "persistent" if persistent else "transient"
                pytest.fail(f"under {profile.name}, seed {seed}, a {kind} domain:\n{steps}\n{difference}")
            accepted += walk.accepted
            refused += walk.refused
            left_out += walk.left_out
    # A comparison that never came to a call, a kind or a choice says nothing about it.
    assert [call for call in CALLS if accepted[call] < 5] == []
    assert [kind for kind in REFUSALS if kind != "Busy" and refused[kind] < 5] == []
    assert [choice.reason for choice in UNDECIDED if not left_out[choice.reason]] == []
