"""Draws a panel as SVG, and describes it in words.

Colours are CSS variables and ``currentColor``, so the page decides on light and dark. The code builds
elements and never concatenates text, so a name cannot become markup.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final
from unicodedata import east_asian_width
from xml.etree import ElementTree

from snaptree.spec.figures.panel import MarkKind, Node, Panel
from snaptree.spec.text import plain

COLOURS: Final[dict[MarkKind, str]] = {
    "casualty": "var(--snaptree-lost, #d1373f)",
    "lost": "var(--snaptree-lost, #d1373f)",
    "goes": "var(--snaptree-goes, #8a6d00)",
    "overwritten": "var(--snaptree-changed, #b35c00)",
    "changed": "var(--snaptree-changed, #b35c00)",
    "moved": "var(--snaptree-new, #1f7a8c)",
    "new": "var(--snaptree-new, #1f7a8c)",
}
"""The colour of a mark. Its words say the same, so that nobody has to see colours."""

_LETTER: Final = 7.2
"""Width that a letter of the name is given, in pixels; wide characters have two."""
_LINE: Final = 15
_GAP: Final = 14
_ROW: Final = 24
_LONGEST: Final = 28
"""Most characters of a name."""
_LONGEST_NOTE: Final = 60
_FONT: Final = "font-family:var(--snaptree-font, system-ui, sans-serif)"


def svg(panel: Panel) -> str:
    """The panel as one ``<svg>`` element of its natural size, in pixels."""
    widths = [_width(node) for node in panel.nodes]
    heights = [_LINE * (1 + len(node.lines) + (node.mark is not None)) + 10 for node in panel.nodes]
    lefts, tops, across, down = _placed(panel.nodes, widths, heights)
    across = max([across, *(_columns(plain(note, _LONGEST_NOTE)) * _LETTER for note in panel.notes)])
    top = down + (8 if panel.nodes else 0)
    size = (across + 4, top + _LINE * len(panel.notes) + 4)
    root = ElementTree.Element(
        "svg",
        {
            "xmlns": "http://www.w3.org/2000/svg",
            "role": "img",
            "width": f"{size[0]:.0f}",
            "height": f"{size[1]:.0f}",
            "viewBox": f"-2 -2 {size[0]:.0f} {size[1]:.0f}",
            "class": "snaptree-tree",
            "style": f"{_FONT};font-size:13px",
        },
    )
    ElementTree.SubElement(root, "title").text = plain(panel.title, 200)
    ElementTree.SubElement(root, "desc").text = described(panel)
    centres = [left + width / 2 for left, width in zip(lefts, widths, strict=True)]
    for place, node in enumerate(panel.nodes):
        if node.under is not None:
            start = (centres[node.under], tops[node.under] + heights[node.under])
            _edge(root, start, (centres[place], tops[place]), node)
    for place, node in enumerate(panel.nodes):
        _box(root, node, (lefts[place], tops[place], widths[place], heights[place]))
    for number, note in enumerate(panel.notes, start=1):
        _text(
            root,
            (0, top + _LINE * number - 4),
            plain(note, _LONGEST_NOTE),
            "font-size:12px;font-style:italic",
            "start",
        )
    return ElementTree.tostring(root, encoding="unicode")


def described(panel: Panel) -> str:
    """The panel in words, for readers who do not see the picture."""
    told = []
    for node in panel.nodes:
        where = "" if node.under is None else f" under {plain(panel.nodes[node.under].name, _LONGEST)}"
        mark = "" if node.mark is None else f", {plain(node.mark.text, _LONGEST)}"
        told.append(f"{plain(node.name, _LONGEST)}{where} ({plain(', '.join(node.lines), 80)}{mark})")
    return "; ".join([*told, *(plain(note, _LONGEST_NOTE) for note in panel.notes)])


def _placed(
    nodes: Sequence[Node], widths: Sequence[float], heights: Sequence[float]
) -> tuple[list[float], list[float], float, float]:
    """Left and top of every node, and the total size. It does not recurse, because chains are long."""
    rows = [0] * len(nodes)
    below: list[list[int]] = [[] for _ in nodes]
    for place, node in enumerate(nodes):
        if node.under is not None:
            below[node.under].append(place)
            rows[place] = rows[node.under] + 1
    spans = list(widths)
    for place in reversed(range(len(nodes))):
        family = below[place]
        spans[place] = max(
            spans[place], sum(spans[child] for child in family) + _GAP * max(0, len(family) - 1)
        )
    starts = [0.0] * len(nodes)
    edge = 0.0
    for place, node in enumerate(nodes):
        if node.under is None:
            starts[place], edge = edge, edge + spans[place] + _GAP
        family = below[place]
        inner = sum(spans[child] for child in family) + _GAP * max(0, len(family) - 1)
        here = starts[place] + (spans[place] - inner) / 2
        for child in family:
            starts[child], here = here, here + spans[child] + _GAP
    row_heights = [
        max(height for height, row in zip(heights, rows, strict=True) if row == level)
        for level in range(max(rows, default=-1) + 1)
    ]
    row_tops = [sum(row_heights[:level]) + _ROW * level for level in range(len(row_heights))]
    lefts = [start + (span - width) / 2 for start, span, width in zip(starts, spans, widths, strict=True)]
    deepest = sum(row_heights) + _ROW * max(0, len(row_heights) - 1)
    return lefts, [row_tops[row] for row in rows], max(0.0, edge - _GAP), float(deepest)


def _edge(
    root: ElementTree.Element, start: tuple[float, float], end: tuple[float, float], node: Node
) -> None:
    middle = (start[1] + end[1]) / 2
    moved = node.mark is not None and node.mark.kind in ("moved", "new")
    colour = COLOURS[node.mark.kind] if node.mark is not None and moved else "currentColor"
    dashes = ";stroke-dasharray:2 3" if node.kind == "active" else ""
    ElementTree.SubElement(
        root,
        "path",
        {
            "d": f"M{start[0]:.1f} {start[1]:.1f}C{start[0]:.1f} {middle:.1f} {end[0]:.1f} {middle:.1f} "
            f"{end[0]:.1f} {end[1]:.1f}",
            "style": f"fill:none;stroke:{colour};stroke-width:{2 if moved else 1.2}{dashes}",
        },
    )


def _box(root: ElementTree.Element, node: Node, place: tuple[float, float, float, float]) -> None:
    left, top, width, height = place
    colour = "currentColor" if node.mark is None else COLOURS[node.mark.kind]
    gone = node.mark is not None and node.mark.kind in ("casualty", "lost", "goes")
    group = ElementTree.SubElement(root, "g", {"class": _classes(node)})
    ElementTree.SubElement(group, "title").text = plain(node.name, 200)
    frame = f"stroke:{colour};stroke-width:{2 if node.mark is not None or node.current else 1}"
    fill = {"base": "var(--snaptree-base, rgba(128,128,128,.16))", "active": "none"}.get(
        node.kind, "var(--snaptree-box, rgba(128,128,128,.05))"
    )
    ElementTree.SubElement(
        group,
        "rect",
        {
            "x": f"{left:.1f}",
            "y": f"{top:.1f}",
            "width": f"{width:.1f}",
            "height": f"{height:.1f}",
            "rx": f"{height / 2 if node.kind == 'active' else 5:.1f}",
            "style": f"fill:{fill};{frame}{';stroke-dasharray:5 3' if gone else ''}",
        },
    )
    centre, baseline = left + width / 2, top + _LINE + 1
    weight = "font-weight:700" if node.current else "font-weight:500"
    if node.mark is not None and node.mark.kind == "casualty":
        weight += ";text-decoration:line-through"
    _text(
        group,
        (centre, baseline),
        plain(node.name, _LONGEST),
        weight + (";font-style:italic" * (node.kind != "snapshot")),
    )
    for line in node.lines:
        baseline += _LINE
        _text(group, (centre, baseline), plain(line, _LONGEST), "font-size:11px;opacity:.8")
    if node.mark is not None:
        cross = "✕ " if node.mark.kind == "casualty" else ""
        look = f"font-size:11px;font-weight:700;fill:{colour}"
        _text(group, (centre, baseline + _LINE), cross + plain(node.mark.text, _LONGEST), look)


def _classes(node: Node) -> str:
    return " ".join([node.kind, *([] if node.mark is None else [node.mark.kind])])


def _text(
    above: ElementTree.Element, place: tuple[float, float], text: str, look: str, anchor: str = "middle"
) -> None:
    colour = "" if "fill:" in look else "fill:currentColor;"
    made = ElementTree.SubElement(
        above,
        "text",
        {
            "x": f"{place[0]:.1f}",
            "y": f"{place[1]:.1f}",
            "text-anchor": anchor,
            "style": f"{colour}stroke:none;{look}",
        },
    )
    made.text = text


def _width(node: Node) -> float:
    small = [*node.lines, *([] if node.mark is None else [f"✕ {node.mark.text}"])]
    texts = [_columns(plain(node.name, _LONGEST)), *(0.9 * _columns(plain(line, _LONGEST)) for line in small)]
    # The ends of the active state are round, and take some of its width.
    return max(56.0, _LETTER * max(texts) + (32 if node.kind == "active" and node.mark is not None else 20))


def _columns(text: str) -> int:
    return sum(2 if east_asian_width(char) in "WF" else 1 for char in text)
