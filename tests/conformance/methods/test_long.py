"""Trees of many snapshots: their size, their cost, and that a correct hypervisor passes."""

from __future__ import annotations

import pytest

from snaptree.conformance.driver import Pace
from snaptree.conformance.drivers.simulator import SimulatorDriver
from snaptree.conformance.methods.bounds import Bounds
from snaptree.conformance.methods.long import Long, work_on
from snaptree.conformance.methods.method import Ledger
from snaptree.conformance.methods.trees import size_of
from snaptree.spec.profiles import load_profile, shipped_profiles, varied

RFC = load_profile("rfc")


def played(profile: str, pace: Pace) -> Ledger:
    driver = SimulatorDriver()
    driver.profile = load_profile(profile)
    method, ledger = Long(), Ledger()
    for unit in method.units(driver.profile, Bounds(limits=True, pace=pace)):
        assert list(method.perform(driver, unit, ledger)) == []
    return ledger


@pytest.mark.parametrize("name", shipped_profiles())
def test_the_simulator_stands_every_tree_under_every_profile(name: str) -> None:
    (part,) = Long().parts(load_profile(name), Bounds(limits=True, pace="fast"))
    assert played(name, "fast").counts.covered == part.total


@pytest.mark.parametrize(
    ("shape", "limit", "pace", "size"),
    [
        ("chain", "depth=32", "fast", 32),
        ("chain", "depth=90", "fast", 50),
        ("chain", "depth=90", "slow", 12),
        ("fan", "depth=32", "fast", 64),
        ("fan", "count=40", "fast", 40),
        ("comb", "depth=20", "fast", 38),
    ],
)
def test_a_tree_ends_at_the_limit_and_goes_beyond_fifty_where_there_is_none(
    shape: str, limit: str, pace: Pace, size: int
) -> None:
    assert size_of(shape, varied("rfc", [f"limits.{limit}"]), pace) == size
    assert size_of(shape, RFC, "fast") == 64


@pytest.mark.parametrize(("pace", "most"), [("fast", 800), ("ordinary", 420), ("slow", 320)])
def test_a_slow_driver_gets_smaller_trees(pace: Pace, most: int) -> None:
    assert played("rfc", pace).tally.steps < most


def test_the_trees_are_built_without_a_look_at_the_state_and_taken_apart_with_one() -> None:
    work = work_on("fan", 12, RFC)
    built, rest = work.operations[: work.built], work.operations[work.built :]
    assert {operation.call for operation in built} >= {"create", "revert", "children", "lookup_by_name"}
    assert {operation.call for operation in rest} >= {"discard", "merge_into_children", "revert", "retire"}


def test_nothing_is_asked_that_the_profile_does_not_claim() -> None:
    profile = load_profile("virtualbox")
    for shape in ("chain", "fan", "comb", "merges"):
        assert all(profile.claims(one.call) for one in work_on(shape, 12, profile).operations)


def test_a_run_with_bounds_of_its_own_leaves_them_out() -> None:
    assert Long().parts(RFC, Bounds(limits=False)) == ()
