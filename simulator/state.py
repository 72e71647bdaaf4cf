"""The state of a machine: nodes, the open layers of the active state, power."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from threading import RLock
from typing import Any

from snaptree.simulator.journal import Journal
from snaptree.simulator.layers import Layer, Pool, fold
from snaptree.simulator.nodes import Node, show_disks
from snaptree.spec.observation import Observation
from snaptree.spec.profiles import Profile


class State:
    """The state that every group of calls works on.

    ``nodes`` are the listed snapshots by id in order of creation, ``hidden`` the retired ones.
    ``given`` are the uuids that ever identified a snapshot. ``at`` is
    the node that the active state grew from, ``open`` its writable layers. ``saved`` is the managed-save
    image.
    """

    def __init__(self, profile: Profile, disks: Mapping[str, int], *, persistent: bool = True) -> None:
        self.profile = profile
        self.pool = Pool()
        self.journal = Journal()
        # Whoever changes something has the turn; whoever looks, or changes, has the sight.
        self.turn = RLock()
        self.sight = RLock()
        self.ground = Node("", 0)
        self.nodes: dict[str, Node] = {}
        self.hidden: dict[str, Node] = {}
        self.given: dict[str, str] = {}
        self.at = self.ground
        self.open: dict[str, Layer] = {}
        self.independent: dict[str, Layer] = {}
        self.configuration: dict[str, str] = {}
        self.memory: Any = None
        self.power = "off"
        self.saved: tuple[Any, str] | None = None
        self.made = 0
        self.persistent = persistent
        self.defined = True
        for name, size in sorted(disks.items()):
            layer = Layer(self.pool, size, None)
            layer.freeze()
            self.ground.layers[name] = layer
            self.open[name] = Layer(self.pool, size, layer)

    # --- the tree -------------------------------------------------------------

    def above(self, node: Node) -> list[Node]:
        """The children of a node, in order of creation."""
        return [other for other in self.nodes.values() if other.over is node]

    def tower(self, node: Node) -> list[Node]:
        """A node and all its descendants."""
        children: dict[int, list[Node]] = {}
        for other in self.nodes.values():
            children.setdefault(id(other.over), []).append(other)
        found = [node]
        for here in found:
            found.extend(children.get(id(here), ()))
        return found

    def id_of(self, node: Node) -> str | None:
        """The id of a snapshot, or None for the base."""
        return None if node is self.ground else node.key

    # --- storage ----------------------------------------------------------------

    def owned(self) -> Iterator[dict[str, Layer]]:
        """The layers of every owner: base, snapshots, retired ones, active state."""
        yield self.ground.layers
        for node in self.nodes.values():
            yield node.layers
        for node in self.hidden.values():
            yield node.layers
        yield self.open

    def give_up(self, layers: Mapping[str, Layer]) -> None:
        """Fold layers without an owner into every layer directly above them.

        A layer with nothing above it is dropped.
        """
        for name, layer in layers.items():
            for owner in self.owned():
                upper = owner.get(name)
                if upper is not None and upper.backing is layer:
                    self._fold_into(layer, upper)

    def _fold_into(self, lower: Layer, upper: Layer) -> None:
        before = (upper.blocks, upper.horizon, upper.backing)
        blocks, horizon = fold(lower, upper)
        self.journal.note(lambda: upper.become(*before))
        upper.become(blocks, horizon, lower.backing)

    def touched(self, node: Node) -> None:
        """Invalidate the cached observation of a node."""
        node.shown = None

    # --- observation ------------------------------------------------------------

    def observe(self) -> Observation:
        """Everything visible, without changing anything."""
        with self.sight:
            return self._shown()

    def _shown(self) -> Observation:
        epoch = self.pool.epoch
        return {
            "snapshots": [
                node.shown if node.shown is not None and node.shown_at == epoch else node.show(epoch)
                for node in self.nodes.values()
            ],
            "current": self.id_of(self.at),
            "active": {
                "disks": show_disks(self.open),
                "memory": self.memory,
                "power": self.power,
                "configuration": self.configuration,
            },
            "base": {
                "disks": show_disks(self.ground.layers),
                "configuration": self.ground.configuration,
            },
            "managed_save": None if self.saved is None else {"memory": self.saved[0], "power": self.saved[1]},
            "independent": show_disks(self.independent),
        }
