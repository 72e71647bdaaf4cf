"""Planted faults: each strikes where it is described, nowhere else, and is found by what goes there."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict

import pytest

from snaptree.conformance.driver import DriverOptions, DriverUnavailable
from snaptree.conformance.drivers import open_driver
from snaptree.conformance.methods.again import again_sequences
from snaptree.conformance.methods.bounds import Bounds
from snaptree.conformance.methods.method import Ledger
from snaptree.conformance.methods.places import EveryPlace, Places
from snaptree.conformance.methods.values import Values
from snaptree.conformance.mutants.planting import DRIVER, EFFECTS, Planted, PlantedDriver, options_of
from snaptree.conformance.sequences.running import run_sequence
from snaptree.spec import operations as ops
from snaptree.spec.operations import Operation

NOWHERE = Planted("create", "name", "no such class", "accepted", "fails")

SPOILED = ops.Create("a"), ops.Describe("s1", "x"), ops.Create("b")


def struck(fault: Planted, operations: Sequence[Operation]) -> tuple[int, str]:
    """In how many calls a fault shows, and the call after which the two sides differ."""
    driver = PlantedDriver(options_of(fault))
    run = run_sequence(driver, operations)
    return driver.struck, run.steps[-1].operation.call if run.differences else ""


@pytest.mark.parametrize("number", range(0, 64, 9))
def test_a_hypervisor_whose_fault_never_strikes_conforms(number: int) -> None:
    sequence = again_sequences(PlantedDriver(options_of(NOWHERE)).profile)[number]
    assert struck(NOWHERE, sequence) == (0, "")


@pytest.mark.parametrize(
    ("fault", "found"),
    [
        (Planted("describe", "snapshot", "current leaf", "accepted", "fails"), "describe"),
        (Planted("describe", "description", "plain", "accepted", "does nothing"), "describe"),
        (Planted("describe", "tree", "one", "accepted", "spoils the active state"), "describe"),
        (Planted("describe", "description", "plain", "accepted", "spoils the oldest snapshot"), "describe"),
        (Planted("describe", "description", "plain", "accepted", "spoils at the next create"), "create"),
        (Planted("describe", "depth", "1", "accepted", "fails"), "describe"),
        (Planted("describe", "place in the list", "1", "accepted", "answers otherwise"), "describe"),
        (Planted("describe", "number among siblings", "1", "accepted", "fails", size=1), "describe"),
    ],
    ids=str,
)
def test_a_fault_strikes_where_it_is_planted(fault: Planted, found: str) -> None:
    assert struck(fault, SPOILED) == (1, found)


@pytest.mark.parametrize(
    "fault",
    [
        Planted("describe", "snapshot", "leaf aside", "accepted", "fails"),
        Planted("describe", "depth", "2", "accepted", "fails"),
        Planted("describe", "depth", "1", "accepted", "fails", size=2),
        Planted("describe", "description", "plain", "refused", "accepts"),
        Planted("describe", "description", "plain", "accepted", "spoils at the next revert"),
    ],
    ids=str,
)
def test_a_fault_strikes_nowhere_else(fault: Planted) -> None:
    later = fault.effect == "spoils at the next revert"
    assert struck(fault, SPOILED) == (int(later), "")


def test_what_changes_nothing_cannot_be_left_undone() -> None:
    fault = Planted("describe", "description", "none", "accepted", "does nothing")
    assert struck(fault, (ops.Create("a"), ops.Describe("s1", ""))) == (0, "")


def test_a_refused_call_can_be_accepted_or_refused_otherwise() -> None:
    for effect in ("accepts", "refuses otherwise", "spoils the active state"):
        fault = Planted("discard", "snapshot", "never issued", "refused", effect)
        assert struck(fault, (ops.Create("a"), ops.Discard("s9"))) == (1, "discard")


@pytest.mark.parametrize("effect", EFFECTS[:4])
def test_a_name_that_was_borne_before_is_used_again_by_the_methods(effect: str) -> None:
    fault = Planted("create", "name", "borne before: discarded", "accepted", effect)  # type: ignore[arg-type]
    driver, method = PlantedDriver(options_of(fault)), Values()
    units = method.units(driver.profile, Bounds(limits=True, pace="fast", calls=frozenset({"create"})))
    runs = [run for unit in units for run in method.perform(driver, unit, Ledger())]
    assert driver.struck > 0
    assert runs


def test_a_place_is_met_by_the_method_for_places() -> None:
    fault = Planted("discard", "number among siblings", "17", "accepted", "fails")
    driver = PlantedDriver(options_of(fault))
    unit = Places("places", "fan", "discard", 24)
    assert len([*EveryPlace().perform(driver, unit, Ledger())]) == 1
    assert driver.struck == 2  # found, and made again with a look at every step


def test_a_fault_is_opened_by_name_and_nonsense_is_not() -> None:
    driver = open_driver(DRIVER, options_of(NOWHERE))
    assert isinstance(driver, PlantedDriver)
    assert json.loads(options_of(NOWHERE).settings["fault"]) == asdict(NOWHERE)
    with pytest.raises(DriverUnavailable, match="describes none"):
        open_driver(DRIVER, DriverOptions(settings={"fault": '{"call": "create"}'}))
