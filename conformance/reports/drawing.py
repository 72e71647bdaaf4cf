"""Trees of snapshots as SVG, one snapshot a row, for pages: lines, names, and remarks beside them.

Colours come from the classes of the page, so that they follow light, dark and print. A remark has a sign
beside its colour, for readers who see or print none.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from lxml import etree
from rich.cells import cell_len

from snaptree.conformance.reports.trees import ACTIVE, BASE, Note, Notes, Sketch
from snaptree.conformance.reports.words import plain
from snaptree.spec.text import quoted

ROW: Final = 26
INDENT: Final = 24
DOT: Final = 5
CHARACTER: Final = 8.5
"""The width of a character of the page's fixed font, in pixels, at its size of 14 pixels."""

MARKS: Final = {"green": ("allowed", "✓ "), "bold red": ("seen", "✗ "), "red": ("seen", "✗ ")}
"""The class of a remark by its style, and the sign before it."""


@dataclass(frozen=True)
class Row:
    """A line of the picture: how deep it is, the row that it hangs on, its text, remark and kind of dot."""

    depth: int
    above: int | None
    text: str
    kind: str
    note: Note | None = None


def rows_of(sketch: Sketch, notes: Notes) -> list[Row]:
    """The rows of a sketch, depth first, the active state before the children of its snapshot.

    Below stand those that hang on nothing that is listed, and those with a remark that are not there at all.
    """
    return list(_rows(sketch, notes))


def _rows(sketch: Sketch, notes: Notes) -> Iterator[Row]:
    listed = {identifier for identifier, _, _ in sketch.snapshots}
    children: dict[str | None, list[tuple[str, str]]] = defaultdict(list)
    for child, name, parent in sketch.snapshots:
        children[parent].append((child, name))
    reached: set[str | None] = set()
    waiting: list[tuple[str | None, str, int, int | None]] = [(None, BASE, 0, None)]
    number = 0
    while waiting:
        identifier, name, depth, above = waiting.pop()
        row = number
        yield Row(depth, above, _label(name), _kind(identifier, sketch), notes.get(name))
        number += 1
        if identifier in reached:
            continue  # a wrong driver lists it twice: what hangs on it is drawn once
        reached.add(identifier)
        if sketch.active is not None and _holds_active(identifier, sketch, listed):
            text = f"active ({plain(sketch.active)})"
            yield Row(depth + 1, row, text, "active", notes.get(ACTIVE))
            number += 1
        waiting.extend((below, called, depth + 1, row) for below, called in reversed(children[identifier]))
    for loose, name, parent in sketch.snapshots:
        if loose not in reached:
            why = "its parents form a loop" if parent in listed else f"its parent {parent} is not listed"
            yield Row(1, None, _label(name), "snapshot", Note(why, "red"))
    drawn = {name for _, name, _ in sketch.snapshots} | {ACTIVE, BASE}
    for name, note in notes.items():
        if name not in drawn:
            yield Row(1, None, _label(name), "missing", note)
    if sketch.retired:
        names = ", ".join(plain(name, 20) for name in sketch.retired)
        yield Row(1, None, f"retired: {names}", "retired")


def _label(name: str) -> str:
    return plain(name if name.strip() else quoted(name), 40)


def _kind(identifier: str | None, sketch: Sketch) -> str:
    if identifier is None:
        return "base"
    return "current" if identifier == sketch.current else "snapshot"


def _holds_active(identifier: str | None, sketch: Sketch, listed: set[str]) -> bool:
    return identifier == (sketch.current if sketch.current in listed else None)


def tree_svg(sketch: Sketch, title: str, notes: Notes) -> str:
    """The picture of a sketch as SVG without scripts, styles and links of its own."""
    rows = rows_of(sketch, notes)
    width = max(_text_at(row) + CHARACTER * cell_len(row.text + _noted(row)[1]) for row in rows) + 8
    height = ROW * len(rows)
    svg = etree.Element(
        "svg",
        {"class": "tree", "role": "img", "viewBox": f"0 0 {width:.0f} {height}", "width": f"{width:.0f}"},
        height=str(height),
    )
    etree.SubElement(svg, "title").text = f"{title}: {_in_words(rows)}"
    for place, row in enumerate(rows):
        if row.above is not None:
            _edge(svg, row, rows[row.above].depth, place)
    for place, row in enumerate(rows):
        _node(svg, row, place)
    return etree.tostring(svg, encoding="unicode")


def _edge(svg: etree._Element, row: Row, depth_above: int, place: int) -> None:
    left, top = _dot_at(depth_above), _middle(row.above or 0)
    path = f"M{left} {top}V{_middle(place)}H{_dot_at(row.depth)}"
    etree.SubElement(svg, "path", {"class": "edge" + (" dashed" if row.kind == "active" else "")}, d=path)


def _node(svg: etree._Element, row: Row, place: int) -> None:
    kind, note = _noted(row)
    where = {"cx": str(_dot_at(row.depth)), "cy": str(_middle(place)), "r": str(DOT)}
    if row.kind != "retired":
        etree.SubElement(svg, "circle", {"class": f"dot {row.kind} {kind}".strip(), **where})
    text = etree.SubElement(svg, "text", x=str(_text_at(row)), y=str(_middle(place) + 5))
    name = etree.SubElement(text, "tspan", {"class": row.kind})
    name.text = row.text
    if note:
        etree.SubElement(text, "tspan", {"class": f"note {kind}".strip()}).text = note


def _noted(row: Row) -> tuple[str, str]:
    """The class and the text of a remark; both empty where there is none."""
    if row.note is None:
        return "", ""
    kind, sign = MARKS.get(row.note.style, ("", ""))
    return kind, f"  {sign}{plain(row.note.text, 70)}"


def _in_words(rows: list[Row]) -> str:
    """The rows as a sentence, for who hears the page."""
    told = []
    for row in rows:
        under = f" under {rows[row.above].text}" if row.above is not None else ""
        told.append(f"{row.text}{under}{_noted(row)[1].replace('  ', ' ')}")
    return "; ".join(told)


def _dot_at(depth: int) -> int:
    return DOT + 3 + depth * INDENT


def _text_at(row: Row) -> int:
    return _dot_at(row.depth) + DOT + 7


def _middle(place: int) -> int:
    return ROW * place + ROW // 2
