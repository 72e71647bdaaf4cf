"""What the calls on the tree are made of: standing on a node, and taking nodes out."""

from __future__ import annotations

from snaptree.simulator.layers import Layer
from snaptree.simulator.nodes import Node
from snaptree.simulator.state import State
from snaptree.spec.outcomes import InvalidPowerState, LimitExceeded


class Tree(State):
    """Moves of nodes and layers. The journal can undo them."""

    def opened_on(self, layers: dict[str, Layer]) -> dict[str, Layer]:
        """New layers to write to, one on top of each that is given."""
        return {name: Layer(self.pool, layer.size, layer) for name, layer in layers.items()}

    def stand_on(self, node: Node, power: str) -> None:
        """The active state becomes what a node holds."""
        memory = None
        if power != "off":
            memory = "unspecified" if node.memory is None else node.memory
        for name, value in (
            ("open", self.opened_on(node.layers)),
            ("configuration", dict(node.configuration)),
            ("memory", memory),
            ("power", power),
            ("saved", None),
            ("at", node),
        ):
            self.journal.set(self, name, value)

    def admit_power_after(self, power: str) -> None:
        """Refuse to leave a transient domain off, where the profile says so."""
        if power == "off" and not self.persistent and self.profile.transient_off == "refused":
            raise InvalidPowerState("a transient domain would be off and still be there")

    def admit_merge(self, node: Node) -> None:
        """Refuse to fold a node into more dependents than the profile allows."""
        dependents = len(self.above(node)) + (self.at is node)
        limit = self.profile.limits.merge_children
        if limit is not None and dependents > limit:
            raise LimitExceeded(f"{dependents} dependents, at most {limit} can be merged into")

    def splice(self, node: Node) -> None:
        """Take a node out of the tree and out of storage."""
        self.unlist(node)
        self.give_up(node.layers)

    def unlist(self, node: Node) -> None:
        """Take a node out of the tree; its layers stay."""
        for child in self.above(node):
            self.journal.set(child, "over", node.over)
            self.touched(child)
        if self.at is node:
            self.journal.set(self, "at", node.over)
        self.journal.drop(self.nodes, node.key)

    def demolish(self, lost: list[Node]) -> None:
        """Take nodes away from the top down, so that nothing ever stands on nothing."""
        for node in sorted(lost, key=by_age, reverse=True):
            self.splice(node)


def by_age(node: Node) -> int:
    """What sorts nodes in order of creation."""
    return node.number
