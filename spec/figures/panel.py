"""A tree as a flat list of boxes, and the marks that say what becomes of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

ACTIVE: Final = "active"

MarkKind = Literal["casualty", "lost", "goes", "overwritten", "changed", "moved", "new"]


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
