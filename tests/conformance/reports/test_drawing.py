"""Trees as SVG: every snapshot once, remarks with a sign, and what a wrong driver shows."""

from __future__ import annotations

import pytest
from lxml import etree

from snaptree.conformance.reports.drawing import Row, rows_of, tree_svg
from snaptree.conformance.reports.trees import Note, Sketch


def texts(sketch: Sketch, notes: dict[str, Note] | None = None) -> list[tuple[int, str]]:
    return [(row.depth, row.text) for row in rows_of(sketch, notes or {})]


def test_rows_are_depth_first_and_the_active_state_hangs_on_the_current_snapshot() -> None:
    sketch = Sketch((("1", "a", None), ("2", "b", "1"), ("3", "c", "1"), ("4", "d", "2")), "1", "off")
    assert texts(sketch) == [(0, "base"), (1, "a"), (2, "active (off)"), (2, "b"), (3, "d"), (2, "c")]


@pytest.mark.parametrize("current", [None, "gone"])
def test_an_active_state_on_nothing_listed_hangs_on_the_base(current: str | None) -> None:
    assert texts(Sketch((("1", "a", None),), current, "running")) == [
        (0, "base"), (1, "active (running)"), (1, "a"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("snapshots", "why"),
    [
        ((("1", "a", "2"), ("2", "b", "1")), "its parents form a loop"),
        ((("1", "a", "9"),), "its parent 9 is not listed"),
    ],
)
def test_what_hangs_on_nothing_is_drawn_with_the_reason(
    snapshots: tuple[tuple[str, str, str | None], ...], why: str
) -> None:
    rows = rows_of(Sketch(snapshots, None, None), {})
    assert [(row.text, row.note) for row in rows[1:]] == [
        (name, Note(why, "red")) for _, name, _ in snapshots
    ]


def test_a_snapshot_that_is_listed_twice_is_drawn_twice_and_its_children_once() -> None:
    twice = (("1", "a", None), ("1", "a", None), ("2", "b", "1"))
    assert texts(Sketch(twice, None, None)) == [(0, "base"), (1, "a"), (2, "b"), (1, "a")]


def test_a_remark_about_what_is_not_there_has_a_row_of_its_own() -> None:
    note = Note("not listed", "bold red")
    assert rows_of(Sketch((), None, None), {"b": note})[-1] == Row(1, None, "b", "missing", note)


def test_ten_thousand_snapshots_in_one_chain_are_drawn() -> None:
    chain = tuple((str(one), f"s{one}", str(one - 1) if one else None) for one in range(10_000))
    assert len(rows_of(Sketch(chain, "9999", "off"), {})) == 10_002


def test_a_picture_has_a_title_a_sign_and_no_markup_of_its_texts() -> None:
    notes = {"<b>&": Note("not listed", "bold red"), "b": Note("listed", "green")}
    sketch = Sketch((("1", "<b>&", None), ("2", "b", None), ("3", "\x1b[2J", "1")), "1", "off")
    picture = etree.fromstring(tree_svg(sketch, "seen after", notes))
    said = "".join(picture.itertext())
    assert {element.tag for element in picture.iter()} == {"svg", "title", "path", "circle", "text", "tspan"}
    assert "✗ not listed" in said
    assert "✓ listed" in said
    assert "<b>&" in said
    assert "\x1b" not in said
    assert picture.findtext("title") is not None
    assert "<b>& under base" in str(picture.findtext("title"))
