"""A witness has plain arguments, unless it has to have others."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from snaptree.conformance.drivers.simulator import SimulatedDomain, SimulatorDriver
from snaptree.conformance.judging.deviations import Deviation, examine
from snaptree.conformance.sequences.plain import MOST_RUNS, with_plain_arguments
from snaptree.conformance.sequences.running import Recorded, run_sequence
from snaptree.spec import operations as ops
from snaptree.spec.operations import Operation

LONG: tuple[Operation, ...] = (
    ops.WriteDisk("vdb", 11, 203),
    ops.Create("../../etc/x"),
    ops.Configure("key7", "value9"),
    ops.WriteDisk("vda", 4, 17),
    ops.Create("n11"),
    ops.LookupByName("n11"),
    ops.Revert("s1"),
)


def plain(sequence: Sequence[Operation], still_fails: Any) -> list[Operation]:
    recorded = [Recorded(one) for one in sequence]
    kept = with_plain_arguments(recorded, lambda tried: still_fails([one.operation for one in tried]))
    return [one.operation for one in kept]


def test_what_does_not_matter_is_plain_after_one_run() -> None:
    runs: list[Any] = []
    assert plain(LONG, lambda tried: runs.append(tried) or True) == [
        ops.WriteDisk("vda", 0, 1),
        ops.Create("a"),
        ops.Configure("key", "value"),
        ops.WriteDisk("vda", 0, 1),
        ops.Create("b"),
        ops.LookupByName("b"),
        ops.Revert("s1"),
    ]
    assert len(runs) == 1


def test_what_matters_stays() -> None:
    kept = plain(LONG, lambda tried: ops.Create("../../etc/x") in tried and tried[0] == LONG[0])
    assert kept[:2] == list(LONG[:2])
    assert kept[3:6] == [ops.WriteDisk("vda", 0, 1), ops.Create("b"), ops.LookupByName("b")]
    assert plain(LONG, lambda tried: tried == list(LONG)) == list(LONG)


def test_it_gives_up_after_some_runs() -> None:
    runs: list[Any] = []
    many = [ops.WriteDisk("vdb", 1 + number % 15, number) for number in range(2, 200)]
    assert plain(many, lambda tried: bool(runs.append(tried))) == many
    assert len(runs) <= MOST_RUNS


def examined(domain_class: type[SimulatedDomain]) -> Deviation:
    driver = SimulatorDriver()
    driver.domain_class = domain_class
    run = run_sequence(driver, LONG)
    assert run.differences
    return examine(driver, run, "sampled")


class _RevertSpoilsSecondDisk(SimulatedDomain):
    def revert(self, snapshot: str, resume_as: Any = None) -> None:
        super().revert(snapshot, resume_as)
        self.open["vdb"].write(5, 9)


class _PathsAreFiles(SimulatedDomain):
    def create(self, name: str, *given: Any, **asked: Any) -> str:
        if "/" in name:
            raise OSError("no such folder")
        return super().create(name, *given, **asked)


def test_the_witness_of_a_fault_of_content_has_a_plain_name() -> None:
    assert examined(_RevertSpoilsSecondDisk).sequence == (ops.Create("a"), ops.Revert("s1"))


def test_the_witness_of_a_fault_of_names_keeps_the_name() -> None:
    assert examined(_PathsAreFiles).sequence == (ops.Create("../../etc/x"),)
