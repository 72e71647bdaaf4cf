"""A copy of the checkout, as git would make it: for tests that build from it or change it."""

from __future__ import annotations

import shutil
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGES = ("conformance", "schemas", "simulator", "spec")
"""The folders at the top that are the packages of the namespace ``snaptree``."""

_SHIPPED = ("LICENSE", "README.md", "pyproject.toml")


def copy_checkout(folder: Path) -> Path:
    """Copy all that a build looks at, links as links, nothing that a build or a run leaves behind."""
    for name in (*PACKAGES, "src"):
        unwanted = shutil.ignore_patterns("__pycache__", "*.egg-info")
        shutil.copytree(ROOT / name, folder / name, symlinks=True, ignore=unwanted)
    for name in _SHIPPED:
        shutil.copy(ROOT / name, folder / name)
    return folder


def files_of_packages(root: Path) -> set[str]:
    """Every file of the four packages, as a path in the namespace: ``snaptree/spec/plan.py``."""
    return {
        f"snaptree/{path.relative_to(root)}"
        for package in PACKAGES
        for path in (root / package).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
