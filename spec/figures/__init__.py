"""Pictures of trees as SVG: before and after an operation, with the destroyed parts marked.

A ``Panel`` is one tree as a flat list of nodes, each after its parent. The model makes panels of domains; a
report makes them of an observation. ``svg`` draws one.
"""

from __future__ import annotations

from snaptree.spec.figures.drawing import COLOURS, described, svg
from snaptree.spec.figures.panel import ACTIVE, Mark, MarkKind, Marks, Node, Panel
from snaptree.spec.figures.panels import before_and_after, example_panels, marks_after, marks_before

__all__ = [
    "ACTIVE", "COLOURS", "Mark", "MarkKind", "Marks", "Node", "Panel", "before_and_after", "described",
    "example_panels", "marks_after", "marks_before", "svg",
]  # fmt: skip
