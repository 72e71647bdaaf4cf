"""What an installation brings: each dependency is imported by what is shipped, and each extra by a driver."""

from __future__ import annotations

import ast
import re
import tomllib
from functools import cache
from typing import Any

import pytest

from .checkout import PACKAGES, ROOT

PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
MODULES = {
    "libvirt-python": "libvirt",
    "prompt-toolkit": "prompt_toolkit",
    "pyvmomi": "pyVmomi",
    "qemu.qmp": "qemu",
    "rpds-py": "rpds",
}
"""The module of a distribution that has another name than its module."""

FOR_OURSELVES = {"dev", "docs"}
"""Extras for people who work on snaptree: tools, which nothing imports."""


@cache
def _imported() -> set[str]:
    """The top-level modules that the four packages import, also inside functions.

    What a driver needs is imported by name, by a call that has the name as an argument.
    """
    found: set[str] = set()
    for package in PACKAGES:
        for path in (ROOT / package).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Import):
                    found |= {alias.name.partition(".")[0] for alias in node.names}
                elif isinstance(node, ast.ImportFrom) and node.module is not None and node.level == 0:
                    found.add(node.module.partition(".")[0])
                elif isinstance(node, ast.Call):
                    names = [one.value for one in node.args if isinstance(one, ast.Constant)]
                    found |= {name.partition(".")[0] for name in names if isinstance(name, str)}
    return found


def _distribution(requirement: str) -> str:
    name = re.match(r"[\w.-]+", requirement)
    assert name is not None, requirement
    return name[0]


RUNTIME = [_distribution(one) for one in PROJECT["dependencies"]]
EXTRAS = {
    name: [_distribution(one) for one in wanted]
    for name, wanted in PROJECT["optional-dependencies"].items()
    if name not in FOR_OURSELVES
}


@pytest.mark.parametrize("distribution", RUNTIME)
def test_dependency_is_imported_by_what_is_shipped(distribution: str) -> None:
    assert MODULES.get(distribution, distribution) in _imported()


def test_tools_of_the_four_formats_are_there_without_an_extra() -> None:
    assert {"hypothesis", "pytest", "lxml", "xmlschema"} <= set(RUNTIME)


@pytest.mark.parametrize("extra", EXTRAS)
def test_extra_has_code(extra: str) -> None:
    modules = {MODULES.get(one, one) for one in EXTRAS[extra]}
    assert modules <= _imported(), "no extra without code"


def test_nothing_for_ourselves_comes_with_an_installation() -> None:
    ours = {_distribution(one) for name in FOR_OURSELVES for one in PROJECT["optional-dependencies"][name]}
    assert ours & {*RUNTIME, *(one for wanted in EXTRAS.values() for one in wanted)} == set()


@pytest.mark.parametrize("package", PACKAGES)
def test_every_folder_with_modules_is_a_package(package: str) -> None:
    folders = {path.parent for path in (ROOT / package).rglob("*.py")}
    assert [folder for folder in folders if not (folder / "__init__.py").is_file()] == []
