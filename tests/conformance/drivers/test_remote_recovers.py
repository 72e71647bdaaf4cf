"""A driver in a process of its own opens its domains again, and dies alone where it is killed."""

from __future__ import annotations

from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from snaptree.conformance.driver import DEFAULT_DISKS, DriverOptions, recovers
from snaptree.conformance.drivers.remote import RemoteDriver
from snaptree.conformance.judging.deviations import deviation_of
from snaptree.conformance.methods.bounds import Bounds
from snaptree.conformance.methods.crashes import Crashes
from snaptree.conformance.methods.failures import Failures
from snaptree.conformance.methods.method import Ledger, Method
from snaptree.conformance.methods.opened import Reopening
from snaptree.conformance.mutants.stored.driver import DRIVER, StoredDriver
from snaptree.conformance.storage.replay import Folder
from snaptree.spec.profiles import load_profile

from ..storage.fuse import need_fuse

SMALL = Bounds(crash_scopes=(("tree", 1),), failure_scopes=(("tree", 1),))


def explored(name: str, method: Method[Any], units: int, tmp_path: Path) -> tuple[list[str], Ledger]:
    """The rules that a stored hypervisor breaks over JSON-RPC, with what was seen."""
    driver: Any = RemoteDriver(DriverOptions(target=DRIVER, work=tmp_path, settings={"stored": name}))
    ledger = Ledger()
    try:
        found = [
            deviation_of(run, driver.profile, method.name, flaky=False)
            for unit in islice(method.units(driver.profile, SMALL), units)
            for run in method.perform(driver, unit, ledger)
        ]
    finally:
        driver.close()
    return [f"{one.rule}: {one.observed}" for one in found], ledger


def test_a_correct_one_is_not_blamed_over_json_rpc(tmp_path: Path) -> None:
    need_fuse()
    found, ledger = explored("new-files", Crashes(), 2, tmp_path)
    assert found == []
    assert ledger.counts.covered > 0
    assert ledger.counts.missed == 0
    assert ledger.tally.moments > 20


@pytest.mark.parametrize(
    ("name", "method", "unit", "seen"),
    [
        ("commit-before-data", Crashes(), 2, "; a live kill -9 shows the same"),
        ("left-after-error", Failures(), 2, "left after an error"),
    ],
)
def test_a_faulty_one_is_caught_over_json_rpc(
    name: str, method: Method[Any], unit: int, seen: str, tmp_path: Path
) -> None:
    need_fuse()
    found, _ = explored(name, method, unit, tmp_path)
    assert found
    assert all(seen in one for one in found)
    assert list(tmp_path.iterdir()) == [], "nothing is left of the processes that were killed"


def test_a_driver_that_does_not_say_so_cannot_open_again() -> None:
    driver: Any = RemoteDriver(DriverOptions(target="simulator"))
    try:
        assert not recovers(driver)
    finally:
        driver.close()


class Keeps(StoredDriver):
    """Says when it is asked to rest."""

    def __init__(self, options: DriverOptions, asked: list[str]) -> None:
        super().__init__(options)
        self.asked = asked

    def quiesce(self) -> None:
        """End."""
        self.asked.append("quiesce")

    def wake(self) -> None:
        """Start."""
        self.asked.append("wake")

    def reopen(self, folder: Path) -> Any:
        """With a note."""
        self.asked.append("reopen")
        return super().reopen(folder)


def test_a_driver_rests_while_its_folder_changes(tmp_path: Path) -> None:
    asked: list[str] = []
    driver: Any = Keeps(DriverOptions(settings={"stored": "new-files"}), asked)
    try:
        domain = driver.open(DEFAULT_DISKS)
        state = Folder.read(domain.folder.parent)
        inside = Path(domain.folder.name)
        state.folders = {"domain": 0o755}
        state.names = {f"domain/{Path(path).relative_to(inside)}": at for path, at in state.names.items()}
        domain.release()
        top = tmp_path / "top"
        assert Reopening(driver, top).judge(state, "recovery", lambda _: None) is None
        assert asked == ["quiesce", "wake", "reopen"]
        assert driver.profile.atomicity == load_profile("qemu").atomicity
    finally:
        driver.close()
