"""The simulator and the model agree, although neither knows how the other computes."""

from __future__ import annotations

from pathlib import Path

import pytest

from snaptree.conformance.driver import DriverOptions
from snaptree.conformance.methods.bounds import Bounds
from snaptree.conformance.methods.graph import Scope
from snaptree.conformance.running.assess import run_methods
from snaptree.conformance.running.workers import open_workers
from snaptree.spec.profiles import load_profile, shipped_profiles

from .variants import VARIANTS, profile_path

SMALL: list[tuple[Scope, int]] = [("tree", 2), ("storage", 1)]
# For what shows only where domains run.
WITH_POWER: list[tuple[Scope, int]] = [*SMALL, ("power", 1)]
ABOUT_POWER = ("forgetful", "virtualbox-with-module", "saving", "without-memory")


@pytest.mark.parametrize(("scope", "bound"), [("tree", 4), ("storage", 2), ("power", 1)])
def test_simulator_agrees_on_every_transition(scope: Scope, bound: int) -> None:
    profile = load_profile("rfc")
    bounds = Bounds(((scope, bound),), sequences=0)
    outcome = run_methods(open_workers("simulator", DriverOptions(), 1), profile, bounds)
    result = outcome.methods[f"{scope}-{bound}"]
    assert outcome.deviations == {}
    assert result.covered == result.total > 0


@pytest.mark.parametrize("name", [*shipped_profiles(), *VARIANTS])
def test_simulator_agrees_under_every_profile(name: str, tmp_path: Path) -> None:
    path = profile_path(name, tmp_path)
    bounds = Bounds(tuple(WITH_POWER if name in ABOUT_POWER else SMALL), seed=2, sequences=40)
    options, profile = DriverOptions(profile=path), load_profile(path)
    outcome = run_methods(open_workers("simulator", options, 1), profile, bounds)
    assert [(found.rules, found.operation, found.differences) for found in outcome.deviations.values()] == []
    assert all(method.complete for method in outcome.methods.values())
    assert outcome.methods["tree-2"].covered == outcome.methods["tree-2"].total >= 40
    assert outcome.methods["sampled"].sequences > 0
    assert outcome.tally.steps > 200
