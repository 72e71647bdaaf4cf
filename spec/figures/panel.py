"""A tree as a flat list of boxes, with marks for what happens to them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

ACTIVE: Final = "active"

MarkKind = Literal["casualty", "lost", "goes", "overwritten", "changed", "moved", "new"]


@dataclass(frozen=True, slots=True)
class Mark:
    """What happens, or happened, to a node: the kind chooses the look, the text is shown."""

    kind: MarkKind
    text: str


Marks = Mapping[str, Mark]
"""Marks by snapshot id, ``base`` or ``active``."""


@dataclass(frozen=True, slots=True)
class Node:
    """A box. ``under`` is the place of its parent in the panel, None for the top."""

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
