"""Pictures of trees as SVG: before and after an operation, with what it destroys marked.

A ``Panel`` is one tree as a flat list of nodes, each after the one it hangs
under; the model makes panels of domains, and a report can make them of whatever
a driver showed. Colours are CSS variables and ``currentColor``, so that a page
decides on light and dark. Elements are built, never pasted together: a name
that somebody chose cannot become markup.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, Literal
from unicodedata import east_asian_width
from xml.etree import ElementTree

from snaptree.spec.examples import example_domain, example_operations
from snaptree.spec.outcomes import Accepted, Refused
from snaptree.spec.plan import BASE, Plan, plan
from snaptree.spec.profiles import load_profile
from snaptree.spec.rules import Example
from snaptree.spec.semantics import step
from snaptree.spec.state import Disk, Domain, Point

ACTIVE: Final = "active"

MarkKind = Literal["casualty", "lost", "goes", "overwritten", "changed", "moved", "new"]
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


@dataclass(frozen=True, slots=True)
class Mark:
    """What becomes, or became, of a node: the kind chooses the look, the text is shown."""

    kind: MarkKind
    text: str


Marks = Mapping[str, Mark]
"""Marks by snapshot id, ``base`` or ``active``."""


@dataclass(frozen=True, slots=True)
class Node:
    """A box. ``under`` is the place in the panel of the node that it hangs under, None for the top."""

    name: str
    under: int | None
    kind: Literal["base", "snapshot", "active"] = "snapshot"
    lines: tuple[str, ...] = ()
    mark: Mark | None = None
    current: bool = False


@dataclass(frozen=True, slots=True)
class Panel:
    """One tree with its title; ``notes`` are lines beneath it."""

    title: str
    nodes: tuple[Node, ...]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Scene:
    """A panel before contents are numbered, which takes all the domains of a figure."""

    title: str
    domain: Domain
    marks: Marks


def example_panels(example: Example) -> tuple[Panel, ...]:
    """An example of a rule under the profile ``rfc``: its tree, and one panel for what each operation does.

    What an operation removes is marked in the panel before it. A refused
    operation, or one that only looks, has one panel, with what it would destroy.
    """
    profile = load_profile("rfc")
    domain = example_domain(example.tree)
    scenes = [_Scene(f"Tree “{example.tree}”", domain, {})]
    for text, operation in zip(example.operations, example_operations(example), strict=True):
        outcome, would = step(domain, operation, profile), plan(domain, operation, profile)
        if isinstance(outcome, Accepted) and not operation.reads_only:
            marks = {**scenes[-1].marks, **marks_before(would)}
            scenes[-1] = replace(scenes[-1], marks=marks)
            scenes.append(_Scene(f"after {text}", outcome.domain, marks_after(domain, outcome.domain)))
            domain = outcome.domain
            continue
        if isinstance(outcome, Refused):
            kinds = " or ".join(sorted(outcome.kinds))
            shown = _Scene(f"{text} is refused: {kinds}", domain, marks_before(would, refused=True))
        else:
            shown = _Scene(f"{text} gives {_told(domain, outcome.result)}", domain, {})
        # The plain tree first would be the same picture twice.
        scenes = [shown] if len(scenes) == 1 else [*scenes, shown]
    return _panels(scenes)


def before_and_after(
    title: str, domain: Domain, would: Plan, after: Domain | None = None
) -> tuple[Panel, ...]:
    """A planned operation: the domain with what the plan destroys, and the one after it, if there is one."""
    scenes = [_Scene(title, domain, marks_before(would, refused=after is None))]
    if after is not None:
        scenes.append(_Scene(f"after {title}", after, marks_after(domain, after)))
    return _panels(scenes)


def marks_before(would: Plan, *, refused: bool = False) -> dict[str, Mark]:
    """What a plan does to what is there. A refused one destroys nothing: it would."""
    if refused and not would.casualties:
        return {}
    lost = Mark("casualty", "would be lost" if refused else "destroyed")
    marks = {one: Mark("goes", "named" if refused else "goes") for one in would.removed}
    marks |= dict.fromkeys(would.casualties.snapshots, lost)
    if would.overwritten is not None:
        marks[would.overwritten] = Mark("overwritten", "would change" if refused else "overwritten")
    if would.casualties.active:
        marks[ACTIVE] = lost
    elif would.active in ("replaced", "removed"):
        marks[ACTIVE] = Mark("lost", "what it holds is lost")
    return marks


def marks_after(before: Domain, after: Domain) -> dict[str, Mark]:
    """What is new, hangs elsewhere or reads otherwise than before."""
    marks: dict[str, Mark] = {}
    for one in after.snapshots.values():
        old = before.snapshots.get(one.id)
        if old is None:
            marks[one.id] = Mark("new", "new")
        elif old.point != one.point:
            marks[one.id] = Mark("changed", "changed")
        elif old.parent != one.parent:
            marks[one.id] = Mark("moved", "moved")
        elif (old.name, old.description) != (one.name, one.description):
            marks[one.id] = Mark("changed", "renamed" if old.name != one.name else "described anew")
    if before.base != after.base:
        marks[BASE] = Mark("changed", "changed")
    if before.active != after.active:
        marks[ACTIVE] = Mark("changed", "changed")
    elif before.current != after.current and before.current is not None and after.current in before:
        marks[ACTIVE] = Mark("moved", "moved")
    return marks


def _told(domain: Domain, result: Any) -> str:
    if isinstance(result, list | tuple):
        return ", ".join(_told(domain, one) for one in result) or "nothing"
    if isinstance(result, str) and result in domain:
        return domain.snapshots[result].name
    return "nothing" if result is None else str(result)


def _panels(scenes: Sequence[_Scene]) -> tuple[Panel, ...]:
    """Panels of one figure: equal contents have equal numbers in all of them."""
    contents: list[Mapping[str, Disk]] = []
    for scene in scenes:
        points = [scene.domain.base, *(one.point for one in scene.domain.in_order()), scene.domain.active]
        for point in points:
            if _written(point) and point.disks not in contents:
                contents.append(point.disks)
    return tuple(_panel(scene, contents) for scene in scenes)


def _panel(scene: _Scene, contents: list[Mapping[str, Disk]]) -> Panel:
    domain, marks = scene.domain, scene.marks
    if not domain.defined:
        return Panel(scene.title, (), ("the domain is gone",))
    nodes = [Node(BASE, None, "base", _lines(domain.base, contents), marks.get(BASE))]
    places: dict[str | None, int] = {None: 0}
    for root in domain.children_of(None):
        for identifier in domain.subtree(root):
            one = domain.snapshots[identifier]
            places[identifier] = len(nodes)
            lines = _lines(one.point, contents)
            is_current = domain.current == identifier
            nodes.append(
                Node(one.name, places[one.parent], "snapshot", lines, marks.get(identifier), is_current)
            )
    lines = (*_lines(domain.active, contents), *([] if domain.active.power != "off" else ["off"]))
    nodes.append(Node(ACTIVE, places[domain.current], "active", lines, marks.get(ACTIVE)))
    return Panel(scene.title, tuple(nodes), tuple(_notes(domain)))


def _lines(point: Point, contents: list[Mapping[str, Disk]]) -> tuple[str, ...]:
    written = f"content {contents.index(point.disks) + 1}" if _written(point) else "reads zero"
    memory = [] if point.memory is None else [f"memory {point.memory}"]
    power = [] if point.power == "off" else [point.power]
    settings = [f"{key}={value}" for key, value in sorted(point.configuration.items())]
    return (written, *(one for one in (", ".join([*power, *memory]), ", ".join(settings)) if one))


def _written(point: Point) -> bool:
    return any(disk.blocks for disk in point.disks.values())


def _notes(domain: Domain) -> Iterable[str]:
    if domain.retired:
        yield "retired: " + ", ".join(sorted(one.name for one in domain.retired.values()))
    if domain.managed_save is not None:
        yield f"managed-save image: {domain.managed_save.power}, memory {domain.managed_save.memory}"
    if domain.independent:
        yield "independent disk: " + ", ".join(sorted(domain.independent))


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
    across = max([across, *(_columns(_plain(note, _LONGEST_NOTE)) * _LETTER for note in panel.notes)])
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
    ElementTree.SubElement(root, "title").text = _plain(panel.title, 200)
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
            _plain(note, _LONGEST_NOTE),
            "font-size:12px;font-style:italic",
            "start",
        )
    return ElementTree.tostring(root, encoding="unicode")


def described(panel: Panel) -> str:
    """The same in words, for those who do not see the picture."""
    told = []
    for node in panel.nodes:
        where = "" if node.under is None else f" under {_plain(panel.nodes[node.under].name)}"
        mark = "" if node.mark is None else f", {_plain(node.mark.text)}"
        told.append(f"{_plain(node.name)}{where} ({_plain(', '.join(node.lines), 80)}{mark})")
    return "; ".join([*told, *(_plain(note, _LONGEST_NOTE) for note in panel.notes)])


def _placed(
    nodes: Sequence[Node], widths: Sequence[float], heights: Sequence[float]
) -> tuple[list[float], list[float], float, float]:
    """Left and top of every node, and the size of all. Without recursion: chains are long."""
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
    ElementTree.SubElement(group, "title").text = _plain(node.name, 200)
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
        _plain(node.name),
        weight + (";font-style:italic" * (node.kind != "snapshot")),
    )
    for line in node.lines:
        baseline += _LINE
        _text(group, (centre, baseline), _plain(line), "font-size:11px;opacity:.8")
    if node.mark is not None:
        cross = "✕ " if node.mark.kind == "casualty" else ""
        look = f"font-size:11px;font-weight:700;fill:{colour}"
        _text(group, (centre, baseline + _LINE), cross + _plain(node.mark.text), look)


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
    texts = [_columns(_plain(node.name)), *(0.9 * _columns(_plain(line)) for line in small)]
    # The ends of the active state are round, and take some of its width.
    return max(56.0, _LETTER * max(texts) + (32 if node.kind == "active" and node.mark is not None else 20))


def _columns(text: str) -> int:
    return sum(2 if east_asian_width(char) in "WF" else 1 for char in text)


def _plain(text: str, longest: int = _LONGEST) -> str:
    """What XML can carry and a picture can hold: other characters are escaped, long texts are cut."""
    shown = "".join(
        char if char.isprintable() else char.encode("unicode_escape").decode() for char in text[: longest + 1]
    )
    return shown if len(shown) <= longest else shown[: longest - 1] + "…"
