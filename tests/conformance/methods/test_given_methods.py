"""The methods whose sequences are written down: names that trip code up, and limits that are far."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from snaptree.conformance.driver import DriverOptions
from snaptree.conformance.drivers.simulator import SimulatedDomain, SimulatorDriver
from snaptree.conformance.engine.coverage import Tally
from snaptree.conformance.judging.deviations import rules_broken
from snaptree.conformance.methods.bounds import Bounds
from snaptree.conformance.methods.limits import Limits as LimitsMethod
from snaptree.conformance.methods.limits import limit_sequences
from snaptree.conformance.methods.method import Method
from snaptree.conformance.methods.values import NAMES, Values, name_sequences
from snaptree.conformance.running.assess import run_methods
from snaptree.conformance.running.workers import InProcess
from snaptree.conformance.sequences.running import run_sequence
from snaptree.spec.profiles import Limits, Profile, load_profile, varied


def driver_of(profile: Profile, domain_class: type[SimulatedDomain] = SimulatedDomain) -> SimulatorDriver:
    driver = SimulatorDriver(DriverOptions())
    driver.profile = profile
    driver.domain_class = domain_class
    return driver


def found(driver: SimulatorDriver, method: Method[Any], part: str) -> tuple[int, list[Any]]:
    record = run_methods(InProcess.on(driver), driver.profile, Bounds(limits=True), methods=[method])
    return record.methods[part].covered, list(record.deviations.values())


@pytest.mark.parametrize("name", ["rfc", "virtualbox", "qemu", "libvirt"])
def test_names_ask_only_for_what_is_claimed(name: str) -> None:
    profile = load_profile(name)
    for sequence in name_sequences(profile):
        assert all(profile.claims(operation.call) for operation in sequence)


def test_the_simulator_takes_and_refuses_every_name_as_specified() -> None:
    driver = driver_of(load_profile("rfc"))
    covered, deviations = found(driver, Values(), NAMES)
    assert deviations == []
    assert covered == len(name_sequences(driver.profile)) > 50


class _FindsByCase(SimulatedDomain):
    def lookup_by_name(self, name: str) -> str:
        listed = self.observe()["snapshots"]
        same = [one["id"] for one in listed if one["name"].casefold() == name.casefold()]
        return str(same[0]) if same else super().lookup_by_name(name)

    def create(self, name: str, *given: Any, **by_name: Any) -> str:
        return super().create(name.strip(), *given, **by_name)


def test_names_catch_a_hypervisor_that_trims_blanks() -> None:
    _, deviations = found(driver_of(load_profile("rfc"), _FindsByCase), Values(), NAMES)
    assert {one.operation.name for one in deviations} & {" leading", "trailing ", " "}


def test_a_far_limit_is_walked_to_and_counts() -> None:
    profile = varied("rfc", ["limits.depth=90"])
    (sequence,) = limit_sequences(profile)
    assert sum(operation.op == "create" for operation in sequence) == 91
    tally = Tally()
    run = run_sequence(driver_of(profile), sequence, tally=tally, watch=False, finish=False)
    assert run.differences == ()
    assert {(call, kind) for call, kind, _, _ in tally.coverage} == {("create", "LimitExceeded")}


@pytest.mark.rule("LIMIT-4")
def test_a_hypervisor_without_the_limit_is_caught() -> None:
    class Deeper(SimulatorDriver):
        def open(self, *given: Any, **by_name: Any) -> Any:
            claimed, self.profile = self.profile, replace(self.profile, limits=Limits())
            try:
                return super().open(*given, **by_name)
            finally:
                self.profile = claimed

    driver = Deeper(DriverOptions())
    driver.profile = varied("rfc", ["limits.depth=70"])
    _, deviations = found(driver, LimitsMethod(), "limits")
    assert [one.rules[0] for one in deviations] == ["LIMIT-4"]
    assert len(deviations[0].sequence) == 71
    assert rules_broken(deviations[0].run.steps[-1], deviations[0].differences, driver.profile)


def test_what_is_near_or_too_far_is_not_walked_to() -> None:
    assert limit_sequences(varied("rfc", ["limits.depth=10"])) == ()
    assert limit_sequences(varied("rfc", ["limits.depth=1000"])) == ()
    assert limit_sequences(load_profile("rfc")) == ()
