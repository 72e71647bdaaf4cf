"""Rules that only some profiles show are shown by the simulator under those."""

from __future__ import annotations

from pathlib import Path

import pytest

from snaptree.conformance.driver import DriverOptions
from snaptree.conformance.drivers.simulator import SimulatorDriver
from snaptree.conformance.engine.coverage import Tally
from snaptree.conformance.judging.record import RunRecord
from snaptree.conformance.judging.verdict import judge
from snaptree.conformance.sequences.running import run_sequence
from snaptree.spec import operations as ops
from snaptree.spec.operations import Operation
from snaptree.spec.outcomes import Accepted
from snaptree.spec.rules import rule
from snaptree.spec.state import BLOCK_STRIDE

from .variants import profile_path

UUID = "6ba7b810-9dad-41d1-80b4-00c04fd430c8"


def create(*names: str) -> list[Operation]:
    return [ops.Create(name) for name in names]


SHOWN: list[tuple[str, str, list[Operation]]] = [
    ("LIMIT-4", "narrow", create("a", "b", "c")),
    ("LIMIT-5", "narrow", [*create("a", "b"), ops.Retire("s1"), ops.Retire("s2"), *create("c", "d")]),
    ("LIMIT-6", "narrow", [*create("a", "b"), ops.Retire("s1"), ops.Retire("s2"), *create("c", "d")]),
    ("LIMIT-7", "narrow-replacing", create("a", "b", "b")),
    ("LIMIT-2", "narrow", [*create("a", "b"), ops.Revert("s1"), ops.MergeIntoChildren("s1"), *create("c")]),
    ("NAME-6", "replacing", create("a", "b", "a")),
    ("NAME-6", "narrow-replacing", create("a", "b", "a")),
    ("NAME-28", "virtualbox", [*create("a", "a"), ops.LookupByName("a")]),
    ("NAME-30", "esx", [*create("a", "a"), ops.LookupByName("a")]),
    ("NAME-29", "breadth-first", [*create("a", "a"), ops.LookupByName("a")]),
    ("NAME-24", "replacing", create("a", "b", "a")),
    ("NAME-26", "replacing-without-merges", create("a", "b", "a")),
    ("NAME-25", "replacing-into-one", [*create("a", "b"), ops.Revert("s1"), *create("a")]),
    ("NAME-33", "uuid-is-id", [ops.Create("a", uuid=UUID), ops.MergeIntoChildren("s1"),
                               ops.Create("b", uuid=UUID)]),
    ("ACTIVE-15", "small-disks", [ops.ResizeDisk("vda", 17 * BLOCK_STRIDE)]),
    ("ACTIVE-21", "plain-disks", [ops.AttachDisk("vdc", BLOCK_STRIDE, independent=True)]),
    ("SAVE-12", "saving", [ops.Start(), ops.Create("a", memory=True), ops.Stop(), ops.Revert("s1")]),
    ("SAVE-15", "forgetful", [ops.Start(), ops.ManagedSave(), *create("a")]),
    ("SAVE-16", "image-bars", [ops.Start(), ops.ManagedSave(), *create("a")]),
    ("SAVE-17", "without-memory", [ops.Start(), ops.ManagedSave(), *create("a")]),
    ("MERGE-21", "virtualbox", [*create("a", "b"), ops.Revert("s1"), ops.MergeIntoChildren("s1")]),
    ("MERGE-21", "narrow", [*create("a", "b"), ops.Revert("s1"), *create("c"), ops.Revert("s1"),
                           ops.MergeIntoChildren("s1")]),
    ("TREE-11", "narrow", [*create("a", "b"), ops.Revert("s1"), *create("c"), ops.Retire("s1")]),
    ("REFUSE-5", "virtualbox", [*create("a"), ops.Retire("s1")]),
    ("REFUSE-5", "esx", [*create("a"), ops.MergeIntoParentForced("s1")]),
    ("REFUSE-5", "libvirt", [*create("a"), ops.Rename("s1", "b")]),
    ("REFUSE-5", "libvirt-test", [ops.WriteDisk("vda", 0, 1)]),
    ("REFUSE-5", "qemu", [ops.Start()]),
    ("FORCE-6", "virtualbox", [*create("a"), ops.DiscardForced("s1")]),
    ("FORCE-6", "libvirt", [*create("a", "b"), ops.DiscardForced("s1")]),
    ("FORCE-6", "no-base", [*create("a"), ops.Revert("s1"), ops.MergeIntoChildren("s1"), *create("b"),
                            ops.DiscardForced("s2")]),
]  # fmt: skip


@pytest.mark.parametrize(("identifier", "profile", "operations"), SHOWN)
def test_a_rule_that_rfc_cannot_show_is_shown_by(
    tmp_path: Path, identifier: str, profile: str, operations: list[Operation]
) -> None:
    driver = SimulatorDriver(DriverOptions(profile=profile_path(profile, tmp_path)))
    # Only the last step is counted, so that no other one can have shown the rule.
    assert shown(driver, operations[:-1], identifier) < shown(driver, operations, identifier)


def shown(driver: SimulatorDriver, operations: list[Operation], identifier: str) -> int:
    """How often a rule was observed in a sequence in which nothing differed."""
    tally = Tally()
    run = run_sequence(driver, operations, tally=tally)
    assert run.differences == ()
    assert len(run.steps) == len(operations)
    return judge(RunRecord(tally=tally), driver.profile, [rule(identifier)]).rules[0].times


# Two bearers of the name n: in the first tree the older one is higher up, in the second the younger.
HIGHER_IS_OLDER = [*create("a", "b"), ops.Revert("s1"), *create("n"), ops.Revert("s2"), *create("n")]
HIGHER_IS_YOUNGER = [*create("a", "b", "n"), ops.Revert("s1"), *create("n")]


@pytest.mark.parametrize(
    ("profile", "tree", "meant"),
    [
        ("virtualbox", HIGHER_IS_OLDER, "s4"),
        ("virtualbox", HIGHER_IS_YOUNGER, "s3"),
        ("breadth-first", HIGHER_IS_OLDER, "s3"),
        ("breadth-first", HIGHER_IS_YOUNGER, "s4"),
    ],
)
def test_a_repeated_name_means_the_bearer_that_the_profile_says(
    tmp_path: Path, profile: str, tree: list[Operation], meant: str
) -> None:
    driver = SimulatorDriver(DriverOptions(profile=profile_path(profile, tmp_path)))
    run = run_sequence(driver, [*tree, ops.LookupByName("n")])
    assert run.differences == ()
    outcome = run.steps[-1].outcome
    assert isinstance(outcome, Accepted)
    assert outcome.result == meant


@pytest.mark.rule("POWER-18")
def test_a_transient_domain_takes_its_snapshots_with_it() -> None:
    driver = SimulatorDriver()
    tally = Tally()
    for ends in (ops.Stop(), ops.Crash()):
        run = run_sequence(
            driver, [*create("a"), ops.Start(), ends, ops.Count()], persistent=False, tally=tally
        )
        assert run.differences == ()
    assert judge(RunRecord(tally=tally), driver.profile, [rule("POWER-18")]).rules[0].status == "pass"
