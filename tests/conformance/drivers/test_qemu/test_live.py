"""The driver of a running QEMU: what QEMU loses is seen, and nothing is left behind."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from snaptree.conformance.driver import DriverOptions, DriverUnavailable
from snaptree.conformance.drivers.qemu.live import LiveDriver
from snaptree.conformance.engine.answers import Returned
from snaptree.conformance.sequences.running import run_sequence
from snaptree.spec import operations as ops
from snaptree.spec.outcomes import InvalidPowerState, Refused

from ..hypervisors import skip_without


@pytest.fixture
def driver(tmp_path: Path) -> Iterator[LiveDriver]:
    try:
        opened = LiveDriver(DriverOptions(work=tmp_path))
    except DriverUnavailable as error:
        skip_without("qemu", error)
    yield opened
    opened.close()


def processes(folder: Path) -> list[str]:
    """The command lines of processes that name the folder or stand in it."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            try:
                words = (entry / "cmdline").read_bytes().decode(errors="replace").replace("\0", " ")
                where = os.readlink(entry / "cwd")
            except OSError:
                continue
            if "qemu" in words and (str(folder) in words or where.startswith(str(folder))):
                found.append(words)
    return found


STORY: tuple[ops.Operation, ...] = (
    ops.WriteDisk("vda", 0, 1), ops.Create("a"), ops.WriteDisk("vdb", 1, 2), ops.Start(), ops.WriteMemory(7),
    ops.WriteDisk("vda", 0, 3), ops.Create("b", memory=True), ops.WriteDisk("vda", 0, 4), ops.WriteMemory(8),
    ops.Create("c"), ops.Pause(), ops.Revert("s2"), ops.WriteDisk("vda", 2, 5),
    ops.Create("d"), ops.MergeIntoChildren("s1"), ops.MergeIntoParent("s4"), ops.Stop(), ops.Discard("s3"),
    ops.Revert("s2", "paused"), ops.Resume(), ops.ManagedSave(), ops.Start(), ops.Stop(),
)  # fmt: skip


def test_a_domain_is_in_step_while_it_runs_and_while_it_is_off(driver: LiveDriver) -> None:
    run = run_sequence(driver, STORY)
    assert run.differences == ()
    assert len(run.steps) == len(STORY)


def test_memory_comes_back_with_the_point_that_has_it(driver: LiveDriver) -> None:
    domain = driver.open()
    domain.start()
    domain.write_memory(7)
    held = domain.create("held", memory=True)
    domain.write_memory(9)
    assert domain.observe()["active"]["memory"] == 9
    domain.revert(held)
    seen: dict[str, Any] = domain.observe()
    assert (seen["active"]["power"], seen["active"]["memory"]) == ("running", 7)
    assert seen["snapshots"][0]["point"]["memory"] == 7
    with pytest.raises(InvalidPowerState):
        domain.start()
    domain.close()


def test_what_a_killed_qemu_had_not_written_is_seen_to_be_lost(driver: LiveDriver) -> None:
    merged = (ops.WriteDisk("vda", 0, 1), ops.Create("a"), ops.Start(), ops.MergeIntoChildren("s1"))
    run = run_sequence(driver, [*merged, ops.Crash()])
    if not driver.version.startswith("7.2."):
        pytest.skip(f"seen with QEMU 7.2, not tried with {driver.version}")
    assert [(one.part, one.where) for one in run.differences] == [("content", "active")]


def test_closing_ends_the_process_and_removes_the_folder(driver: LiveDriver, tmp_path: Path) -> None:
    domain = driver.open()
    domain.start()
    assert processes(tmp_path) != []
    domain.close()
    driver.close()
    assert processes(tmp_path) == []
    assert list(tmp_path.iterdir()) == []


def test_closing_the_driver_ends_guests_that_are_still_on(driver: LiveDriver, tmp_path: Path) -> None:
    domains = [driver.open(), driver.open()]
    for domain in domains:
        domain.start()
    driver.close()
    assert processes(tmp_path) == []
    assert list(tmp_path.iterdir()) == []


def test_a_qemu_that_ended_by_itself_leaves_a_domain_that_is_off(driver: LiveDriver, tmp_path: Path) -> None:
    domain = driver.open()
    domain.write_disk("vda", 0, 1)
    domain.start()
    domain.crash()
    seen = domain.observe()
    assert seen["active"]["power"] == "off"
    assert seen["active"]["disks"]["vda"]["blocks"] == {"0": 1}
    domain.start()
    assert domain.observe()["active"]["power"] == "running"
    domain.close()
    assert not [one for one in processes(tmp_path) if "qemu-system" in one]


CHANGES: tuple[ops.Operation, ...] = (
    ops.WriteDisk("vda", 0, 1), ops.Create("a"), ops.Start(), ops.ResizeDisk("vda", 1 << 21),
    ops.WriteDisk("vda", 20, 2), ops.Create("b"), ops.ResizeDisk("vda", 1 << 22), ops.WriteDisk("vda", 3, 3),
    ops.Create("c"), ops.WriteDisk("vdb", 0, 4), ops.Rename("s3", "d"), ops.Retire("s2"),
    ops.MergeIntoParent("s3"), ops.Reclaim("s2"), ops.Create("e"), ops.Retire("s4"),
    ops.WriteDisk("vda", 1, 5), ops.Create("f"), ops.MergeIntoChildren("s1"), ops.RemoveSubtree("s5"),
    ops.Stop(), ops.Reclaim("s4"),
)  # fmt: skip


def test_a_running_domain_resizes_retires_renames_and_removes_subtrees(driver: LiveDriver) -> None:
    run = run_sequence(driver, CHANGES)
    assert run.differences == ()
    assert [step.answer for step in run.steps if not isinstance(step.answer, Returned)] == []
    assert len(run.steps) == len(CHANGES)


def test_a_merge_reaches_a_branch_beside_the_running_one_after_it(driver: LiveDriver) -> None:
    branches = (
        ops.Start(), ops.Create("a"), ops.Create("b"), ops.Revert("s1", "running"),
        ops.WriteDisk("vda", 0, 1), ops.Create("c"), ops.Revert("s2", "running"),
    )  # fmt: skip
    run = run_sequence(driver, [*branches, ops.MergeIntoChildren("s1")])
    assert run.differences == ()
    assert len(run.steps) == len(branches) + 1


def test_the_disks_of_a_managed_save_image_stay_as_they_are(driver: LiveDriver) -> None:
    operations = [
        ops.Start(), ops.ManagedSave(), ops.ResizeDisk("vda", 1 << 21), ops.WriteDisk("vda", 0, 1),
        ops.Start(),
    ]  # fmt: skip
    run = run_sequence(driver, operations)
    assert run.differences == ()
    refused = [isinstance(step.outcome, Refused) for step in run.steps]
    assert refused[: len(operations)] == [False, False, True, True, False]
