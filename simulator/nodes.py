"""Nodes: the owners of layers. A node is the base, a snapshot, or a retired snapshot."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from snaptree.simulator.layers import Layer
from snaptree.spec.observation import DiskSeen, Entry


@dataclass(slots=True, eq=False)
class Node:
    """One captured state in storage, and its place in the tree.

    ``over`` is the node below it in the visible tree, None for the base. ``memory`` and ``power`` are as
    captured.
    """

    key: str
    number: int
    name: str = ""
    description: str = ""
    uuid: str = ""
    over: Node | None = None
    layers: dict[str, Layer] = field(default_factory=dict)
    memory: Any = None
    power: str = "off"
    configuration: dict[str, str] = field(default_factory=dict)
    captured: int = 0
    shown: Entry | None = None
    shown_at: int = -1

    def path(self) -> Iterator[Node]:
        """The node and everything under it, without the base."""
        node: Node | None = self
        while node is not None and node.over is not None:
            yield node
            node = node.over

    def show(self, epoch: int) -> Entry:
        """The node as an observation shows it; rebuilt when storage has changed."""
        if self.shown is None or self.shown_at != epoch:
            base = self.over is None or self.over.over is None
            self.shown = {
                "id": self.key,
                "name": self.name,
                "parent": None if base or self.over is None else self.over.key,
                "description": self.description,
                "uuid": self.uuid,
                "captured": self.captured,
                "point": {
                    "disks": show_disks(self.layers),
                    "memory": self.memory,
                    "power": self.power,
                    "configuration": self.configuration,
                },
            }
            self.shown_at = epoch
        return self.shown


def show_disks(layers: dict[str, Layer]) -> dict[str, DiskSeen]:
    """Disks as an observation shows them."""
    return {name: {"size": layer.size, "blocks": layer.read()} for name, layer in layers.items()}
