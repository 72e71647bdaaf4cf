"""Trees of snapshots on a terminal, of a domain or of an observation.

A ``Sketch`` is the minimum needed to draw a tree. It comes from a domain of the model, or from an
observation, which a driver may have made wrong in any way.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from rich.text import Text
from rich.tree import Tree

from snaptree.conformance.reports.words import plain
from snaptree.spec.shapes import is_dirty
from snaptree.spec.state import Domain
from snaptree.spec.text import quoted

ACTIVE: Final = "active"
BASE: Final = "base"


@dataclass(frozen=True)
class Sketch:
    """The parents of all snapshots.

    ``snapshots`` are (id, name, parent) in order of creation; ``active`` describes the active state, None
    if it is not known.
    """

    snapshots: tuple[tuple[str, str, str | None], ...]
    current: str | None
    active: str | None
    retired: tuple[str, ...] = ()


@dataclass(frozen=True)
class Note:
    """A remark beside a snapshot, with a style of rich."""

    text: str
    style: str


Notes = Mapping[str, Note]
"""Remarks by the name of a snapshot, ``active`` or ``base``."""


def sketch_of(domain: Domain) -> Sketch:
    """The sketch of a domain of the model."""
    return Sketch(
        tuple((one.id, one.name, one.parent) for one in domain.in_order()),
        domain.current,
        _active(domain),
        tuple(gone.name for gone in domain.retired.values()),
    )


def _active(domain: Domain) -> str:
    words: list[str] = [domain.active.power]
    if domain.managed_save is not None:
        words.append("saved")
    if is_dirty(domain):
        words.append("written to")
    return ", ".join(words)


def sketch_observation(observation: Mapping[str, Any]) -> Sketch:
    """The sketch of an observation; missing or wrong parts are drawn as they are."""
    listed = observation.get("snapshots")
    entries = [entry for entry in listed if isinstance(entry, dict)] if isinstance(listed, list) else []
    active = observation.get("active")
    power = active.get("power") if isinstance(active, dict) else None
    if power is not None and observation.get("managed_save") is not None:
        power = f"{power}, saved"
    current = observation.get("current")
    return Sketch(
        tuple(
            (
                str(entry.get("id")),
                str(entry.get("name")),
                None if entry.get("parent") is None else str(entry["parent"]),
            )
            for entry in entries
        ),
        None if current is None else str(current),
        None if power is None else str(power),
    )


MOST_DRAWN: Final = 300
"""Snapshots of the largest tree that is drawn whole."""

FEW: Final = 12
"""Of a larger tree: places that are drawn with what is near them, and children of each."""


@dataclass(frozen=True)
class _Near:
    """What is drawn of a large tree; ``between`` counts the snapshots left out over one that is drawn."""

    sketch: Sketch
    between: Mapping[str, int]
    left_out: int


def _near(sketch: Sketch, remarks: Notes) -> _Near:
    """The snapshots near the current one and near those with a remark."""
    parents = {identifier: parent for identifier, _, parent in sketch.snapshots}
    children: dict[str | None, list[str]] = {}
    for identifier, _, parent in sketch.snapshots:
        children.setdefault(parent, []).append(identifier)
    places = [identifier for identifier, name, _ in sketch.snapshots if name in remarks][:FEW]
    kept: set[str | None] = {None}
    for place in (*places, sketch.current):
        family = children.get(place, [])[:FEW]
        above = parents.get(place or "")
        kept.update((place, above, parents.get(above or ""), *family))
    drawn: list[tuple[str, str, str | None]] = []
    between: dict[str, int] = {}
    for identifier, name, parent in sketch.snapshots:
        if identifier in kept:
            passed = 0
            while parent in parents and parent not in kept and passed <= len(parents):
                parent, passed = parents[parent], passed + 1
            drawn.append((identifier, name, parent))
            if passed:
                between[identifier] = passed
    left_out = len(sketch.snapshots) - len(drawn)
    return _Near(replace(sketch, snapshots=tuple(drawn)), between, left_out)


def draw_tree(sketch: Sketch, title: str = "", notes: Notes | None = None) -> Tree:
    """The tree as a renderable for rich; of a very large one what is near the current snapshot and near
    remarks.
    """
    remarks = notes or {}
    near = _near(sketch, remarks) if len(sketch.snapshots) > MOST_DRAWN else _Near(sketch, {}, 0)
    sketch = near.sketch
    names = {identifier for identifier, _, _ in sketch.snapshots}
    root = Tree(_label(BASE, "dim", remarks.get(BASE)), guide_style="dim")
    branches: dict[str | None, Tree] = {None: root}
    waiting = list(sketch.snapshots)
    while waiting:
        held_back = []
        for identifier, name, parent in waiting:
            above = branches.get(parent)
            if above is None:
                held_back.append((identifier, name, parent))
                continue
            style = "bold" if identifier == sketch.current else ""
            label = _label(name, style, remarks.get(name))
            if identifier in near.between:
                label.append(f"  ({near.between[identifier]:,} between)", style="dim")
            branches[identifier] = above.add(label)
        if len(held_back) == len(waiting):
            _draw_loose(root, held_back, names)
            break
        waiting = held_back
    if sketch.active is not None:
        place = branches.get(sketch.current, root)
        label = Text.assemble(("● ", "cyan"), (f"active ({plain(sketch.active)})", "cyan"))
        place.children.insert(0, Tree(_with_note(label, remarks.get(ACTIVE)), guide_style="dim"))
    if sketch.retired:
        root.add(Text("retired: " + ", ".join(plain(name, 20) for name in sketch.retired), style="dim"))
    if near.left_out:
        root.add(Text(f"… and {near.left_out:,} more snapshots, not drawn", style="dim"))
    if not title:
        return root
    outer = Tree(Text(title, style="underline"), hide_root=False, guide_style="dim")
    outer.add(root)
    return outer


def _draw_loose(root: Tree, loose: list[tuple[str, str, str | None]], names: set[str]) -> None:
    """Snapshots whose parent is not listed: only a wrong driver shows them."""
    for _identifier, name, parent in loose:
        why = (
            "its parents form a loop"
            if parent in names
            else f"its parent {plain(str(parent), 20)} is not listed"
        )
        root.add(_label(name, "", Note(why, "red")))


def _label(name: str, style: str, note: Note | None) -> Text:
    return _with_note(Text(plain(name if name.strip() else quoted(name), 40), style=style), note)


def _with_note(label: Text, note: Note | None) -> Text:
    if note is not None:
        label.append(f"  {plain(note.text, 70)}", style=note.style)
    return label
