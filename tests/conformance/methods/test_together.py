"""together: callers that run free; faults are found and made small, the correct not blamed."""

from __future__ import annotations

import sys
import threading
from itertools import pairwise
from typing import Any

import pytest

from snaptree.conformance.drivers.simulator import SimulatedDomain, SimulatorDriver
from snaptree.conformance.judging.deviations import Deviation, deviation_of
from snaptree.conformance.judging.record import RunRecord
from snaptree.conformance.methods.bounds import Bounds
from snaptree.conformance.methods.method import Ledger
from snaptree.conformance.methods.rounds import Round, draw_script, in_turn
from snaptree.conformance.methods.together import Together, smaller_scripts
from snaptree.conformance.mutants.catalogue import MUTANTS
from snaptree.conformance.mutants.driver import MutantDriver, options_for
from snaptree.conformance.mutants.meeting import (
    BusyForLooks,
    ShowsTheLastVersion,
    TriesAgain,
    WaitsForItsTurn,
)
from snaptree.conformance.sequences.history import Observe
from snaptree.spec.profiles import load_profile
from snaptree.spec.vocabulary import pairs

RFC = load_profile("rfc")


def found_in(driver: Any, rounds: int, *, enough: int = 1) -> tuple[list[Deviation], Ledger]:
    """What is found in so many rounds, up to some deviations."""
    method, ledger = Together(), Ledger()
    found: list[Deviation] = []
    for unit in method.units(driver.profile, Bounds(rounds=rounds)):
        for run in method.perform(driver, unit, ledger):
            assert run.history
            found.append(deviation_of(run, driver.profile, method.name, flaky=False))
        if len(found) >= enough:
            break
    return found, ledger


@pytest.mark.rule("CONCUR-1", "CONCUR-2", "CONCUR-4")
def test_the_simulator_comes_through() -> None:
    before, turns = threading.active_count(), sys.getswitchinterval()
    found, ledger = found_in(SimulatorDriver(), 40)
    assert found == []
    assert ledger.counts.covered == ledger.tally.rounds == 40
    assert ledger.tally.undecided == 0
    assert any(seen & pairs("patience", "domain") for (_, _, seen, _) in ledger.tally.coverage)
    assert (threading.active_count(), sys.getswitchinterval()) == (before, turns)


@pytest.mark.parametrize("name", [one.name for one in MUTANTS if one.found_by == "together"])
def test_a_fault_among_callers_is_found_and_named(name: str) -> None:
    mutant = next(one for one in MUTANTS if one.name == name)
    found, _ = found_in(MutantDriver(options_for(mutant)), 400)
    assert found != []
    assert found[0].rule in mutant.caught_by
    assert "rounds fail alike" in found[0].observed


def test_what_is_tried_instead_of_a_round_is_smaller() -> None:
    script = draw_script("0 3", RFC, all_create=True)
    assert script is not None
    tried = [*smaller_scripts(script)]
    assert {(one.callers < script.callers, one.size < script.size) for one in tried} >= {
        (True, True),
        (False, True),
    }
    for one in tried:
        assert (one.callers, one.domains, one.size, len(one.stretches)) < (
            script.callers + 1, script.domains + 1, script.size + 1, len(script.stretches) + 1,
        )  # fmt: skip
        assert one != script


@pytest.mark.parametrize("domain", [WaitsForItsTurn, TriesAgain, BusyForLooks, ShowsTheLastVersion])
def test_a_correct_hypervisor_of_another_kind_is_not_blamed(domain: type[SimulatedDomain]) -> None:
    driver = SimulatorDriver()
    driver.domain_class = domain
    found, ledger = found_in(driver, 15)
    assert found == []
    assert ledger.counts.covered == 15


class _Hasty(SimulatedDomain):
    """Deviates also where there is one caller."""

    def rename(self, snapshot: str, name: str) -> None:
        super().rename(snapshot, f"{name}!")


def test_a_deviation_of_one_caller_is_left_to_other_methods() -> None:
    driver = SimulatorDriver()
    driver.domain_class = _Hasty
    found, ledger = found_in(driver, 12)
    assert found == []
    assert ledger.counts.covered + ledger.counts.missed == 12
    assert ledger.counts.covered > 0


def test_a_seed_draws_one_script_and_scripts_differ_in_callers_and_domains() -> None:
    drawn = [draw_script(f"0 {number}", RFC, all_create=True) for number in range(30)]
    assert drawn == [draw_script(f"0 {number}", RFC, all_create=True) for number in range(30)]
    kinds = {(one.callers, one.domains) for one in drawn if one is not None}
    assert kinds == {(2, 1), (3, 1), (2, 2), (3, 2)}


def test_one_caller_creates_where_the_driver_keeps_the_order() -> None:
    script = draw_script("0 1", RFC, all_create=False)
    assert script is not None
    creators = {
        caller
        for stretch in script.stretches
        for caller, wishes in enumerate(stretch)
        if any(wish.call == "create" for wish in wishes)
    }
    assert creators <= {0}


def test_a_profile_without_single_calls_has_no_rounds() -> None:
    profile = load_profile("qemu-internal")
    assert draw_script("", profile, all_create=True) is None
    assert Together().parts(profile, Bounds(rounds=3)) == ()


def test_calls_are_made_again_one_after_the_other() -> None:
    driver = SimulatorDriver()
    script = draw_script("0 3", RFC, all_create=True)
    assert script is not None
    played = Round(driver, script).play()
    again = in_turn(driver, played.histories[0])
    assert len(again) == len(played.histories[0])
    assert all(not one.overlaps(other) for one, other in pairwise(again))
    assert any(isinstance(one.operation, Observe) for one in again)


@pytest.mark.parametrize(("undecided", "complete"), [(1, True), (2, False)])
def test_more_than_one_percent_undecided_makes_a_run_incomplete(undecided: int, complete: bool) -> None:
    record = RunRecord()
    record.tally.meetings, record.tally.rounds, record.tally.undecided = 60, 40, undecided
    assert record.complete is complete
