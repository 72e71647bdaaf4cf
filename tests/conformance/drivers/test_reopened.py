"""A folder of a domain of libvirt's, or of VirtualBox, is opened again elsewhere, and again after a kill."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from snaptree.conformance.driver import DriverOptions, recovers
from snaptree.conformance.drivers.libvirt import LibvirtDriver
from snaptree.conformance.drivers.libvirt.hosts import place
from snaptree.conformance.drivers.virtualbox import VirtualBoxDriver
from snaptree.conformance.storage.replay import Folder

from .conftest import BringUp, Opening

VIRTUALBOX = "virtualbox"


@pytest.fixture(params=["qemu:///embed", "qemu:///embed?snapshots=external", VIRTUALBOX])
def driver(request: pytest.FixtureRequest, bring_up: BringUp, opening: Opening, work: Path) -> Any:
    if request.param == VIRTUALBOX:
        found = bring_up(VIRTUALBOX, VirtualBoxDriver, DriverOptions(work=work))
    else:
        found = opening(request.param)
    if not recovers(found):
        pytest.skip("folders are shown at one path by root only, and to a VirtualBox in its private tree")
    return found


def without_times(seen: dict[str, Any]) -> dict[str, Any]:
    """VirtualBox forgets thousandths of a second (docs/findings/virtualbox-timestamp.md)."""
    return {**seen, "snapshots": [{**one, "captured": 0} for one in seen["snapshots"]]}


def test_a_copy_of_a_folder_shows_what_the_domain_showed(driver: Any, work: Path) -> None:
    domain = driver.open()
    domain.write_disk("vda", 1, 7)
    domain.create("a")
    domain.write_disk("vda", 2, 8)
    before = without_times(domain.observe())
    kept = Folder.read(domain.folder)
    domain.close()
    copy = work / "copy"
    for _ in range(2):
        driver.quiesce()
        kept.write_out(copy)
        driver.wake()
        again = driver.reopen(copy)
        assert without_times(again.observe()) == before
        again.write_disk("vdb", 3, 9)
        again.create("b")
        assert [one["name"] for one in again.observe()["snapshots"]] == ["a", "b"]
        again.close()
        assert os.listdir(copy) == []
    # What was opened again is in nobody's way.
    fresh = driver.open()
    assert fresh.observe()["snapshots"] == []
    fresh.close()


def test_a_release_leaves_the_folder_to_the_next_process(opening: Opening, work: Path) -> None:
    driver: Any = opening("qemu:///embed")
    if not recovers(driver):
        pytest.skip("a folder is shown at another path by root only")
    domain = driver.open()
    kept = Folder.read(domain.folder)
    domain.close()
    copy = work / "copy"
    kept.write_out(copy)
    first = driver.reopen(copy)
    first.create("a")
    first.release()
    second = driver.reopen(copy)
    assert [one["name"] for one in second.observe()["snapshots"]] == ["a"]
    second.close()


def test_a_folder_without_a_domain_is_an_error(opening: Opening, work: Path) -> None:
    driver: Any = opening("qemu:///embed")
    if not recovers(driver):
        pytest.skip("a folder is shown at another path by root only")
    (work / "none").mkdir()
    with pytest.raises(Exception, match="0 domains"):
        driver.reopen(work / "none")


@pytest.mark.parametrize(
    "options",
    [
        DriverOptions(target="qemu:///embed", keep=True),
        DriverOptions(target="qemu:///embed?root=/tmp/snaptree-root"),
        DriverOptions(target="test:///default"),
    ],
    ids=["kept", "root", "in memory"],
)
def test_what_lies_at_its_own_path_is_not_opened_again(
    options: DriverOptions, bring_up: BringUp, work: Path
) -> None:
    target = options.target.replace("/tmp/snaptree-root", str(work / "root"))
    options = DriverOptions(target=target, keep=options.keep, work=work)
    assert not recovers(bring_up("libvirt", LibvirtDriver, options))


def test_the_place_is_refused_where_it_is_needed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(place, "AT", tmp_path)
    assert "needs what lies in" in place.why_not(tmp_path / "work")
    monkeypatch.setattr(place, "AT", tmp_path / "absent")
    assert "no folder" in place.why_not(Path("/"))
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert "root only" in place.why_not(Path("/"))
