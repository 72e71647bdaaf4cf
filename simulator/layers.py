"""Copy-on-write layers: what one disk holds, relative to the layer below.

A layer is frozen when a snapshot is taken of it. Its blocks are then a
read-only mapping; it changes only by ``become``, which counts up the epoch of
its pool, and so no cached reading of anything above it stays valid.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from snaptree.spec.state import BLOCK_SIZE, BLOCK_STRIDE


class Pool:
    """All layers of one machine; ``epoch`` counts changes of frozen ones."""

    __slots__ = ("epoch",)

    def __init__(self) -> None:
        self.epoch = 0


class Layer:
    """Blocks written since the layer below was frozen, explicit zeros included.

    ``size`` is the size of the disk here, in bytes. ``horizon`` is how far the
    layer below can be seen through this one: what a disk lost when it was cut
    stays lost, also after it has grown again.
    """

    __slots__ = ("backing", "blocks", "epoch", "horizon", "pool", "reading", "size")

    def __init__(self, pool: Pool, size: int, backing: Layer | None) -> None:
        self.pool = pool
        self.size = size
        self.backing = backing
        self.horizon = size if backing is None else min(size, backing.size)
        self.blocks: Mapping[int, int] = {}
        self.reading: dict[str, int] = {}
        self.epoch = -1

    def write(self, block: int, value: int) -> None:
        """Write to a layer that is not frozen yet."""
        self.blocks[block] = value  # type: ignore[index]  # frozen layers hold a read-only view
        self.epoch = -1

    def resize(self, size: int) -> None:
        """Cut or extend a layer that is not frozen yet."""
        self.blocks = {block: value for block, value in self.blocks.items() if holds(size, block)}
        self.horizon = min(self.horizon, size)
        self.size = size
        self.epoch = -1

    def freeze(self) -> None:
        """From now on the layer is a snapshot's."""
        self.blocks = MappingProxyType(dict(self.blocks))

    def become(self, blocks: Mapping[int, int], horizon: int, backing: Layer | None) -> None:
        """Hold something else, in the same place of the chain."""
        frozen = isinstance(self.blocks, MappingProxyType)
        self.blocks = MappingProxyType(dict(blocks)) if frozen else dict(blocks)
        self.horizon = horizon
        self.backing = backing
        self.epoch = -1
        self.pool.epoch += 1

    def read(self) -> dict[str, int]:
        """What the disk reads here: every block that is not zero, by number."""
        if self.epoch == self.pool.epoch:
            return self.reading
        found: dict[int, int] = {}
        layer: Layer | None = self
        visible = self.size
        while layer is not None:
            for block, value in layer.blocks.items():
                if block not in found and holds(visible, block):
                    found[block] = value
            visible = min(visible, layer.horizon)
            layer = layer.backing
        self.reading = {str(block): value for block, value in sorted(found.items()) if value}
        self.epoch = self.pool.epoch
        return self.reading


def holds(size: int, block: int) -> bool:
    """Whether a disk of ``size`` bytes has the block."""
    return block * BLOCK_STRIDE + BLOCK_SIZE <= size


def fold(lower: Layer, upper: Layer) -> tuple[dict[int, int], int]:
    """The blocks and the horizon of ``upper`` with ``lower`` taken into it.

    ``upper`` then reads the same with the backing of ``lower`` as its own.
    """
    seen_through = min(upper.horizon, upper.size)
    blocks = {block: value for block, value in lower.blocks.items() if holds(seen_through, block)}
    blocks.update(upper.blocks)
    return blocks, min(seen_through, lower.horizon)
