"""What is shipped: every file of the four packages, in the wheel and in the sdist."""

from __future__ import annotations

import subprocess
import sys
import tarfile
import zipfile
from dataclasses import dataclass
from pathlib import Path

import pytest

from .checkout import ROOT, copy_checkout, files_of_packages


@dataclass(frozen=True)
class Distributions:
    """The contents of files by name: of a wheel from the checkout, of an sdist, and of a wheel from that."""

    wheel: dict[str, bytes]
    sdist: dict[str, bytes]
    wheel_of_sdist: dict[str, bytes]


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Distributions:
    checkout = copy_checkout(tmp_path_factory.mktemp("checkout"))
    direct, indirect = tmp_path_factory.mktemp("direct"), tmp_path_factory.mktemp("indirect")
    _build(checkout, direct, "--wheel")
    _build(checkout, indirect)  # the sdist, and a wheel from it
    (archive,) = indirect.glob("*.tar.gz")
    with tarfile.open(archive) as opened:
        members = {one.name.partition("/")[2]: opened.extractfile(one) for one in opened if not one.isdir()}
        sdist = {name: content.read() for name, content in members.items() if content is not None}
        assert len(sdist) == len(members), "a link in an sdist leads nowhere"
    return Distributions(_wheel_in(direct), sdist, _wheel_in(indirect))


def _build(checkout: Path, folder: Path, *options: str) -> None:
    command = [
        sys.executable,
        "-m",
        "build",
        "--no-isolation",
        *options,
        "--outdir",
        str(folder),
        str(checkout),
    ]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def _wheel_in(folder: Path) -> dict[str, bytes]:
    (wheel,) = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as opened:
        return {name: opened.read(name) for name in opened.namelist()}


def test_wheel_holds_every_file_of_the_packages_as_it_stands(built: Distributions) -> None:
    inside = {name for name in built.wheel if name.startswith("snaptree/")}
    assert inside == files_of_packages(ROOT)
    assert [name for name in inside if built.wheel[name] != (ROOT / "src" / name).read_bytes()] == []
    for end in (
        "chapters/terms.md",
        "claims/rfc.toml",
        "trace-step.schema.json",
        "hosts/vcsim.go",
        "skeletons/node/tree.js.in",
        "spec/py.typed",
    ):
        assert any(name.endswith(end) for name in inside), end


def test_wheel_holds_nothing_beside_the_packages_but_its_metadata(built: Distributions) -> None:
    beside = {name.partition("/")[0] for name in built.wheel} - {"snaptree"}
    assert len(beside) == 1
    assert beside.pop().endswith(".dist-info")


def test_wheel_built_from_the_sdist_is_the_wheel_built_from_the_checkout(built: Distributions) -> None:
    assert built.wheel_of_sdist.keys() == built.wheel.keys()
    assert [name for name, content in built.wheel.items() if built.wheel_of_sdist[name] != content] == []


def test_sdist_holds_the_packages_and_what_builds_them(built: Distributions) -> None:
    packages = {name.removeprefix("src/"): name for name in built.sdist if name.startswith("src/snaptree/")}
    assert packages.keys() == files_of_packages(ROOT)
    assert [
        name for name in packages.values() if built.sdist[name] != built.wheel[name.removeprefix("src/")]
    ] == []
    others = set(built.sdist) - set(packages.values())
    metadata = {name for name in others if name.startswith("src/snaptree.egg-info/")}
    assert others - metadata == {"LICENSE", "PKG-INFO", "README.md", "pyproject.toml", "setup.cfg"}
    assert built.sdist["pyproject.toml"] == (ROOT / "pyproject.toml").read_bytes()
