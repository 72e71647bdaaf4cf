"""Changes to layers that bypass the simulated hypervisor."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager

from snaptree.simulator import Machine
from snaptree.simulator.layers import Layer
from snaptree.simulator.nodes import Node


def standing_on(machine: Machine, node: Node) -> list[Layer]:
    """Every layer that was started on a layer of the node."""
    return [
        upper
        for owner in machine.owned()
        for disk, upper in owner.items()
        if upper.backing is not None and upper.backing is node.layers.get(disk)
    ]


def overwrite(layer: Layer, blocks: Mapping[int, int]) -> None:
    """Write to a layer, frozen or not."""
    layer.become({**layer.blocks, **blocks}, layer.horizon, layer.backing)


def spoil(node: Node) -> None:
    """Give the first block of every disk of the node a value that it did not have."""
    for layer in node.layers.values():
        overwrite(layer, {0: (layer.read().get("0", 0) + 1) % 256})


@contextmanager
def nothing_folded_into(layers: Iterable[Layer]) -> Iterator[None]:
    """What these layers are given in a merge is lost again; they keep what they had of their own."""
    own = [(layer, layer.blocks) for layer in layers]
    yield
    for layer, blocks in own:
        layer.become(blocks, layer.horizon, layer.backing)


def overwrite_parent(node: Node) -> None:
    """Put what a snapshot's own layers hold into the layers below, whoever else stands on those."""
    assert node.over is not None, "every snapshot stands on something"
    for disk, layer in node.layers.items():
        overwrite(node.over.layers[disk], layer.blocks)
