"""What CONTRIBUTING names is there: the functions of the three flows, and the public names."""

from __future__ import annotations

import re
from pathlib import Path
from pkgutil import resolve_name

import pytest

TEXT = (Path(__file__).parents[2] / "CONTRIBUTING.md").read_text(encoding="utf-8")

NAMES = sorted(set(re.findall(r"`((?:spec|simulator|conformance)(?:\.\w+)+)`", TEXT)))


def test_the_flows_name_functions() -> None:
    flows = TEXT.partition("## Three flows")[2].partition("\n## ")[0]
    assert [len(re.findall(r"^\d+\. ", flow, re.M)) for flow in flows.split("\n**")[1:]] == [10, 10, 10]
    assert len(NAMES) > 25


@pytest.mark.parametrize("name", NAMES)
def test_a_name_of_the_text_is_there(name: str) -> None:
    resolve_name(f"snaptree.{name}")


def test_the_public_names_can_be_imported() -> None:
    (block,) = re.findall(r"## Public names.*?```python\n(.*?)```", TEXT, re.DOTALL)
    assert block.count("import") >= 11
    exec(compile(block, "CONTRIBUTING.md", "exec"), {})


def test_a_stated_folder_is_there() -> None:
    top = Path(__file__).parents[2]
    folders = re.findall(r"`((?:spec|conformance|docs|tests|schemas)/[\w./]+)`", TEXT)
    assert len(folders) > 10
    assert [one for one in folders if not (top / one).exists()] == []
