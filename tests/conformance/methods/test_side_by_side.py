"""Two domains of one driver: what one does does not show in the other."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from snaptree.conformance.cli.command import run
from snaptree.conformance.driver import DEFAULT_DISKS, DriverOptions, DriverUnavailable
from snaptree.conformance.drivers.simulator import SimulatedDomain, SimulatorDriver
from snaptree.conformance.judging.deviations import examine
from snaptree.conformance.methods.bounds import Bounds
from snaptree.conformance.methods.method import Ledger
from snaptree.conformance.methods.side_by_side import TOGETHER, SideBySide, sequences_side_by_side
from snaptree.conformance.mutants import DRIVER, MUTANTS, MutantDriver, options_for, sharing
from snaptree.conformance.mutants.mutant import Mutant, mutants_of
from snaptree.conformance.sequences.beside import NoSecondDomain, of_the_other, run_beside
from snaptree.conformance.sequences.looking import run_with
from snaptree.conformance.sequences.running import BESIDE, Run
from snaptree.conformance.sequences.traces import Header, read_trace, write_trace
from snaptree.spec import operations as ops
from snaptree.spec.profiles import load_profile, shipped_profiles

SHARING = tuple(mutants_of(sharing))


def played(driver: SimulatorDriver) -> tuple[Ledger, list[Run]]:
    method, ledger = SideBySide(), Ledger()
    units = method.units(driver.profile, Bounds(limits=True))
    return ledger, [found for unit in units for found in method.perform(driver, unit, ledger)]


def test_the_specification_s_own_profile_agrees_with_every_sequence() -> None:
    assert len(sequences_side_by_side(load_profile("rfc"))) == len(TOGETHER)


@pytest.mark.parametrize("name", shipped_profiles())
def test_domains_of_the_simulator_do_not_meet(name: str) -> None:
    driver = SimulatorDriver()
    driver.profile = load_profile(name)
    ledger, runs = played(driver)
    assert runs == []
    assert ledger.counts.covered == len(sequences_side_by_side(driver.profile))


@pytest.mark.parametrize("mutant", SHARING, ids=lambda mutant: mutant.name)
def test_a_witness_needs_the_second_domain_and_is_made_small_with_it(mutant: Mutant) -> None:
    driver = MutantDriver(options_for(mutant))
    run = played(driver)[1][0]
    assert run.looks == BESIDE
    found = examine(driver, run, "side-by-side")
    assert not found.flaky
    assert found.run.looks == BESIDE
    assert len(found.sequence) <= 4
    assert run_with(driver, found.run.recorded, "one").differences == ()


def test_what_goes_wrong_on_one_domain_as_well_is_told_of_that() -> None:
    driver = MutantDriver(options_for(next(one for one in MUTANTS if one.name == "rename-changes-uuid")))
    assert {run.looks for run in played(driver)[1]} == {"one"}


class OneAtATime(SimulatorDriver):
    """Opens a domain when there is no other."""

    opened = 0

    def open(self, disks: Mapping[str, int] = DEFAULT_DISKS, *, persistent: bool = True) -> SimulatedDomain:
        if self.opened:
            raise DriverUnavailable("there is one domain already")
        self.opened += 1
        domain = super().open(disks, persistent=persistent)
        domain.close = self._closed  # type: ignore[method-assign]
        return domain

    def _closed(self) -> None:
        self.opened -= 1


def test_a_driver_with_one_domain_at_a_time_is_not_blamed() -> None:
    ledger, runs = played(OneAtATime(DriverOptions()))
    assert runs == []
    assert ledger.counts.missed == len(TOGETHER)
    with pytest.raises(NoSecondDomain):
        run_beside(OneAtATime(DriverOptions()), [ops.Create("a")])
    assert run_with(OneAtATime(DriverOptions()), [ops.Create("a")], BESIDE).differences == ()


def test_the_second_domain_has_the_same_names_and_other_content() -> None:
    assert of_the_other(ops.WriteDisk("vda", 1, 7)) == ops.WriteDisk("vda", 1, 108)
    assert of_the_other(ops.WriteBlocks("vda", ((1, 254),))) == ops.WriteBlocks("vda", ((1, 100),))
    assert of_the_other(ops.Create("a", "text")) == ops.Create("a", "text")


def test_the_trace_of_such_a_deviation_is_replayed_with_a_second_domain(tmp_path: Path) -> None:
    (mutant,) = (one for one in SHARING if one.name == "close-empties-neighbours")
    driver = MutantDriver(options_for(mutant))
    found = examine(driver, played(driver)[1][0], "side-by-side")
    assert [operation.call for operation in found.sequence] == ["create", "count"]
    trace = tmp_path / "trace.jsonl"
    header = Header.of(driver.name, driver.version, driver.profile, disks=DEFAULT_DISKS, looks=BESIDE)
    write_trace(trace, header, found.run.steps)
    assert read_trace(trace).header.looks == BESIDE
    assert run(["replay", str(trace), "--driver", DRIVER, "--setting", f"mutant={mutant.name}"]) == 1
    assert run(["replay", str(trace), "--driver", "simulator"]) == 0
