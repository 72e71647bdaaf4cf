"""What is shipped: the list of packages is written by hand, so it is compared with the folders."""

from __future__ import annotations

import subprocess
import sys
import tarfile
import tomllib
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TOP = ("conformance", "schemas", "simulator", "spec")


def _folders() -> set[str]:
    """Every folder that holds a module, as the package that it is."""
    found = {path.parent.relative_to(ROOT) for top in TOP for path in (ROOT / top).rglob("*.py")}
    return {"snaptree." + ".".join(folder.parts) for folder in found}


def test_every_folder_is_a_listed_package() -> None:
    listed = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]["packages"]
    assert sorted(listed) == sorted(_folders())


def test_every_package_says_what_it_is() -> None:
    folders = {path.parent for top in TOP for path in (ROOT / top).rglob("*.py")}
    assert [folder for folder in folders if not (folder / "__init__.py").is_file()] == []


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with an sdist, and a wheel that was built from it."""
    folder = tmp_path_factory.mktemp("dist")
    subprocess.run(
        [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(folder), str(ROOT)],
        check=True,
        capture_output=True,
    )
    return folder


def test_wheel_built_from_the_sdist_holds_every_file(built: Path) -> None:
    (wheel,) = built.glob("*.whl")
    inside = {name for name in zipfile.ZipFile(wheel).namelist() if name.startswith("snaptree/")}
    wanted = {
        f"snaptree/{path.relative_to(ROOT)}"
        for top in TOP
        for path in (ROOT / top).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert inside == wanted
    assert any(name.endswith("chapters/terms.md") for name in inside)
    assert any(name.endswith("claims/rfc.toml") for name in inside)
    assert any(name.endswith("trace-step.schema.json") for name in inside)


def test_sdist_leaves_no_top_level_package_behind(built: Path) -> None:
    (sdist,) = built.glob("*.tar.gz")
    with tarfile.open(sdist) as archive:
        names = {name.partition("/")[2].partition("/")[0] for name in archive.getnames()}
    assert set(TOP) <= names
    assert "pyproject.toml" in names
