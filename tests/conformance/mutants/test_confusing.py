"""Hypervisors that confuse what looks alike are caught by the graph alone, on the simulator and over QEMU."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from typing import Any

import pytest

from snaptree.conformance.driver import Driver, DriverOptions
from snaptree.conformance.drivers.qemu import QemuDriver
from snaptree.conformance.drivers.qemu.domain import QemuDomain
from snaptree.conformance.drivers.simulator import SimulatorDriver
from snaptree.conformance.engine.coverage import Tally
from snaptree.conformance.judging.deviations import examine, rules_broken
from snaptree.conformance.methods.exhaustive import Tour, chunks
from snaptree.conformance.methods.graph import Scope, graph_of
from snaptree.conformance.methods.method import Counts
from snaptree.conformance.mutants import Mutant, confusing
from snaptree.conformance.mutants.mutant import mutants_of
from snaptree.conformance.sequences.running import Run

from ..drivers.hypervisors import skip_without

CONFUSED = tuple(mutants_of(confusing))


def found(driver: Driver, scope: Scope, bound: int) -> Iterator[Run]:
    """The runs of a tour that deviate, until one does."""
    graph = graph_of(driver.profile, bound, scope)
    for unit in chunks(graph):
        yield from Tour.over(driver, graph, unit).walk(Counts(), Tally(), expired=lambda: False)


def simulated(mutant: Mutant) -> SimulatorDriver:
    driver = SimulatorDriver()
    driver.domain_class = mutant.domain
    return driver


@pytest.mark.parametrize("mutant", CONFUSED, ids=lambda mutant: mutant.name)
def test_the_graph_of_three_snapshots_catches_it(mutant: Mutant) -> None:
    driver = simulated(mutant)
    run = next(found(driver, "tree", 3))
    broken = rules_broken(run.steps[-1], run.differences, driver.profile)
    assert set(broken[:2]) & set(mutant.caught_by)


def test_the_witness_of_a_fault_in_a_few_blocks_names_only_those() -> None:
    driver = simulated(next(one for one in CONFUSED if one.name == "loses-block-of-grandchild"))
    deviation = examine(driver, next(found(driver, "tree", 3)), "exhaustive")
    assert not deviation.flaky
    written = [operation for operation in deviation.sequence if operation.call == "write_disk"]
    assert {operation.op for operation in written} == {"write_disk"}
    assert len(written) == 2
    assert len(deviation.sequence) == 6


def on_qemu(mutant: Mutant) -> type[QemuDriver]:
    """The same fault before the domain of QEMU."""
    faults = [kind for kind in mutant.domain.__mro__ if kind.__module__ in (confusing.__name__, OVERLAY)]
    faults = [kind for kind in faults if kind is not mutant.domain]
    domain: Any = type("OnQemu", (*faults, QemuDomain), {})
    fault = vars(mutant.domain).get("fault")
    if fault is not None:
        domain.fault = fault

    class Confused(QemuDriver):
        domain_class = domain

    return Confused


OVERLAY = "snaptree.conformance.mutants.overlay"

OVER_QEMU = tuple(
    mutant
    for mutant in CONFUSED
    if "SNAPTREE_CONFUSED" in os.environ
    or mutant.name
    in ("captures-twin", "loses-block-of-grandchild", "revives-removed-child", "takes-other-disk")
)
"""A capture, a merge into a child, one after a removal, one into the parent; `make nightly` tries all."""


@pytest.mark.parametrize("mutant", OVER_QEMU, ids=lambda mutant: mutant.name)
def test_it_is_caught_over_qemu_as_well(mutant: Mutant) -> None:
    if shutil.which("qemu-img") is None:
        skip_without("qemu", "qemu-img and qemu-io are not installed (apt-get install qemu-utils)")
    driver = on_qemu(mutant)(DriverOptions())
    try:
        run = next(found(driver, "tree", 3))
        assert set(rules_broken(run.steps[-1], run.differences, driver.profile)[:2]) & set(mutant.caught_by)
    finally:
        driver.close()
