"""The simulator and the model agree, although neither knows how the other computes."""

from __future__ import annotations

import pytest

from snaptree.conformance.driver import DriverOptions
from snaptree.conformance.methods.graph import Scope
from snaptree.conformance.run import Bounds, run_methods
from snaptree.spec.profiles import load_profile, shipped_profiles


@pytest.mark.parametrize(("scope", "bound"), [("tree", 4), ("storage", 2), ("power", 1)])
def test_simulator_agrees_on_every_transition(scope: Scope, bound: int) -> None:
    profile = load_profile("rfc")
    bounds = Bounds(((scope, bound),), sampling=0)
    outcome = run_methods("simulator", DriverOptions(), profile, bounds, lambda _outcome, _result: None)
    result = outcome.methods[f"{scope}-{bound}"]
    assert outcome.deviations == {}
    assert result.covered == result.total > 0


@pytest.mark.parametrize("name", shipped_profiles())
def test_simulator_agrees_under_every_profile(name: str) -> None:
    profile = load_profile(name)
    bounds = Bounds((("tree", 2), ("storage", 1)), seed=2, sampling=1.5)
    outcome = run_methods("simulator", DriverOptions(profile=name), profile, bounds, lambda *_: None)
    assert outcome.deviations == {}
    assert outcome.tally.steps > 200
