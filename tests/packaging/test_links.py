"""The editable install: four links lead to the packages, and what changes in those is there at once."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import pytest

from .checkout import PACKAGES, ROOT, copy_checkout

IMPORT = """
import importlib, site, sys
site.addsitedir(sys.argv[1])
sys.path.append(sys.argv[2])  # what others wrote, without the editable install of this environment
for name in sys.argv[3:]:
    try:
        print(importlib.import_module(name).__file__)
    except ModuleNotFoundError as error:
        print(error)
"""


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A copy of the checkout, and the folder that an editable install of it put its files into."""
    checkout = copy_checkout(tmp_path_factory.mktemp("checkout"))
    wheels, packages = tmp_path_factory.mktemp("wheels"), tmp_path_factory.mktemp("packages")
    # What pip does for ``-e``: the wheel that it asks for is unpacked, and its .pth is obeyed.
    build = "import sys; from setuptools.build_meta import build_editable; build_editable(sys.argv[1])"
    done = subprocess.run(
        [sys.executable, "-c", build, str(wheels)], cwd=checkout, check=False, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
    (wheel,) = wheels.glob("*.whl")
    with zipfile.ZipFile(wheel) as opened:
        opened.extractall(packages)
    return checkout, packages


def _files(packages: Path, *modules: str) -> list[Path | None]:
    """The file that each module is imported from in a new process; None where there is none."""
    command = [sys.executable, "-S", "-c", IMPORT, str(packages), sysconfig.get_path("purelib"), *modules]
    # No bytecode: a module that comes, goes and comes again within a second is read anew.
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(command, check=False, capture_output=True, text=True, env=environment)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    absent = [line == f"No module named {name!r}" for name, line in zip(modules, lines, strict=True)]
    return [None if gone else Path(line).resolve() for gone, line in zip(absent, lines, strict=True)]


def test_new_module_and_new_package_are_there_at_once(installed: tuple[Path, Path]) -> None:
    checkout, packages = installed
    contents = {"fresh_module": "", "fresh/__init__": "", "fresh/deeper": "import snaptree.spec.operations\n"}
    files = {
        f"snaptree.{package}.{name}".replace("/__init__", "").replace("/", "."): (
            (checkout / package / f"{name}.py").resolve(),
            content,
        )
        for package in PACKAGES
        for name, content in contents.items()
    }
    modules = [name for name in files if not name.endswith(".deeper")]
    assert set(_files(packages, *modules)) == {None}
    for path, content in files.values():
        path.parent.mkdir(exist_ok=True)
        path.write_text(content)
    try:
        assert _files(packages, *files) == [path for path, _ in files.values()]
    finally:
        for path, _ in files.values():
            path.unlink()
        for package in PACKAGES:
            (checkout / package / "fresh").rmdir()
    assert set(_files(packages, *modules)) == {None}, "gone as fast as it came"


def test_each_package_is_one_relative_link() -> None:
    # And nothing else: pytest takes a __main__.py of the namespace for a module to rewrite, and warns.
    links = {path.name: os.readlink(path) for path in (ROOT / "src" / "snaptree").iterdir()}
    assert links == {package: f"../../{package}" for package in PACKAGES}


def test_links_are_kept_in_git_as_links() -> None:
    if not (ROOT / ".git").exists():
        pytest.skip("not a git checkout")
    listed = _git(ROOT, "ls-files", "--stage", "src").splitlines()
    modes = {line.partition("\t")[2]: line.split()[0] for line in listed}
    assert modes == {f"src/snaptree/{package}": "120000" for package in PACKAGES}


def test_switching_branches_leaves_no_dangling_link(installed: tuple[Path, Path]) -> None:
    checkout, packages = installed
    _git(checkout, "init", "--quiet", "--initial-branch=before")
    _git(checkout, "add", "--all", ".")
    _git(checkout, "commit", "--quiet", "--message=before")
    _git(checkout, "switch", "--quiet", "--create", "after")
    renamed = checkout / "spec" / "fresh_plan.py"
    (checkout / "spec" / "plan.py").rename(renamed)
    (checkout / "simulator" / "fresh").mkdir()
    (checkout / "simulator" / "fresh" / "__init__.py").write_text("")
    _git(checkout, "add", "--all", ".")
    _git(checkout, "commit", "--quiet", "--message=after")
    modules = ("snaptree.spec.plan", "snaptree.spec.fresh_plan", "snaptree.simulator.fresh")
    assert [path is not None for path in _files(packages, *modules)] == [False, True, True]
    _git(checkout, "switch", "--quiet", "before")
    assert [path is not None for path in _files(packages, *modules)] == [True, False, False]
    links = [path for place in (checkout, packages) for path in place.rglob("*") if path.is_symlink()]
    assert sorted(link.name for link in links) == list(PACKAGES), "the install adds no links of its own"
    assert [link for link in links if not link.exists()] == []


def _git(folder: Path, *arguments: str) -> str:
    who = ("-c", "user.name=test", "-c", "user.email=test@localhost", "-c", "commit.gpgsign=false")
    done = subprocess.run(["git", *who, *arguments], cwd=folder, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
