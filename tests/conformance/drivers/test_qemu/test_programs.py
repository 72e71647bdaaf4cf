"""Which QEMU is judged: a build of the user's own, or one from a private tree; an error is one message."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from pathlib import Path

import pytest

from snaptree.conformance.driver import DriverOptions, DriverUnavailable
from snaptree.conformance.drivers.qemu import programs
from snaptree.conformance.drivers.qemu.in_place import InPlaceDriver
from snaptree.conformance.drivers.qemu.live import LiveDriver
from snaptree.conformance.drivers.qemu.live import driver as live_driver
from snaptree.conformance.hosts import Tree

from ..hypervisors import skip_without


@pytest.fixture
def host() -> Path:
    """The folder of the host's qemu-img."""
    found = shutil.which("qemu-img")
    if found is None:
        skip_without("qemu", DriverUnavailable("no qemu-img on PATH"))
    return Path(found).parent


def opened(settings: Mapping[str, str], work: Path) -> InPlaceDriver:
    """The driver, on a QEMU of the settings."""
    return InPlaceDriver(DriverOptions(work=work, settings=settings))


@pytest.mark.parametrize("inside", ["", "build"])
def test_a_build_is_run_in_place_and_its_commit_reported(host: Path, tmp_path: Path, inside: str) -> None:
    built = tmp_path / "source" / inside
    built.mkdir(parents=True)
    for name in ("qemu-img", "qemu-io"):
        script = built / name
        script.write_text(
            "#!/bin/sh\n"
            f'[ "$1" != --version ] || {{ echo "{name} version 9.0.50 (v9.0.0-12-gabc)"; exit; }}\n'
            f'exec {host / name} "$@"\n'
        )
        script.chmod(0o700)
    work = tmp_path / "work"
    work.mkdir()
    driver = opened({"build": str(tmp_path / "source")}, work)
    assert driver.version == "9.0.50 (v9.0.0-12-gabc)"
    domain = driver.open()
    domain.write_disk("vda", 0, 7)
    assert domain.observe()["active"]["disks"]["vda"]["blocks"] == {"0": 7}
    driver.close()
    assert list(work.iterdir()) == []


def test_the_programs_of_a_tree_are_run_by_its_own_loader(
    host: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    loader = next(Path("/lib64").glob("ld-linux*.so.*"), None)
    if loader is None:
        pytest.skip("no loader in /lib64 of this host")
    tree = tmp_path / "tree"
    (tree / "usr/lib/here").mkdir(parents=True)
    (tree / "usr/bin").mkdir()
    os.symlink(loader, tree / "usr/lib/here" / loader.name)
    for name in ("qemu-img", "qemu-io"):
        os.symlink(host / name, tree / "usr/bin" / name)
    monkeypatch.setattr(programs, "find_tree", lambda _recipe: Tree(tree))
    driver = opened({"tree": "libvirt-trixie"}, tmp_path)
    domain = driver.open()
    snapshot = domain.create("a")
    assert domain.list() == [snapshot]
    driver.close()


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"build": "/nowhere"}, r"build='/nowhere' has no qemu-img"),
        ({"tree": "vcsim"}, "tree='vcsim' is none that has QEMU; there is libvirt-trixie"),
        ({"tree": "libvirt-trixie"}, "the private tree libvirt-trixie is not installed"),
        ({"build": "/nowhere", "qemu-bin": "/usr/bin"}, "build and qemu-bin both say which QEMU to use"),
    ],
)
def test_a_qemu_that_is_not_there_is_one_message(
    settings: dict[str, str], told: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(programs, "find_tree", lambda _recipe: None)
    with pytest.raises(DriverUnavailable, match=told):
        opened(settings, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_qemu_that_lacks_a_command_is_named_with_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    try:
        LiveDriver(DriverOptions(work=tmp_path)).close()
    except DriverUnavailable as error:
        skip_without("qemu", error)
    monkeypatch.setattr(live_driver, "NEEDED", live_driver.NEEDED | {"block-fold"})
    with pytest.raises(DriverUnavailable, match="qemu-system-x86_64 lacks block-fold"):
        LiveDriver(DriverOptions(work=tmp_path))
    assert list(tmp_path.iterdir()) == []
