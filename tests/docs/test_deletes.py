"""The table of the first page: what each delete does with a snapshot, computed by the model."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

DOCS = Path(__file__).parents[2] / "docs"


@pytest.fixture
def deletes(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(str(DOCS))
    return import_module("pages.deletes")


@pytest.mark.parametrize(
    ("situation", "call", "said"),
    [
        ("leaf-current", "discard", "refused: `WouldDiscard`; it would destroy the active state"),
        ("leaf-current", "merge_into_children", "`x` goes"),
        ("leaf", "merge_into_children", "refused: `WouldDiscard`; it would destroy `x`"),
        ("leaf", "discard", "`x` goes"),
        ("leaf-siblings", "merge_into_parent_forced", "`a` takes what `x` holds; **destroys `b`**"),
        ("inner", "remove_subtree", "`x` and `c` go"),
        ("inner-fork", "discard_forced", "**destroys `c`, `d`, the active state**"),
        ("root", "merge_into_parent", "the base takes what `x` holds"),
    ],
)
def test_a_cell_says_what_goes_and_what_is_destroyed(
    deletes: Any, situation: str, call: str, said: str
) -> None:
    place = [one.key for one in deletes.SITUATIONS].index(situation)
    row = deletes.delete_table(link="answers").splitlines()[3 + place].split(" | ")
    cell = row[1 + [one.call for one in deletes.CALLS].index(call)]
    assert said in cell
    assert "{ref}`" in cell


def test_each_situation_says_what_every_profile_answers(deletes: Any) -> None:
    page = deletes.delete_pages()["which-delete.md"]
    for one in deletes.SITUATIONS:
        assert f"(answers-{one.key})=" in page
    section = page.partition("(answers-leaf)=")[2].partition("(answers-")[0]
    rows = {
        row.split("`")[1].split()[0]: row.split(" | ") for row in section.splitlines() if "profile-" in row
    }
    assert rows["rfc"][1] == "`WouldDiscard`"
    assert rows["virtualbox"][2] == "–"
    assert rows["libvirt-test"][4] == "accepted"
