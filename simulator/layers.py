"""Copy-on-write layers: the content of one disk, relative to the layer below.

Creating a snapshot freezes a layer. Its blocks are then a read-only mapping. Only ``become`` changes a
frozen layer; it increments the epoch of the pool, which invalidates every cached reading above.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from snaptree.spec.state import BLOCK_SIZE, BLOCK_STRIDE


class Pool:
    """All layers of one machine; ``epoch`` counts changes of frozen layers."""

    __slots__ = ("epoch",)

    def __init__(self) -> None:
        self.epoch = 0


class Layer:
    """Blocks written since the layer below was frozen, explicit zeros included.

    ``size`` is the size of the disk here, in bytes. ``horizon`` is the part of the layer below that is
    visible through this one: blocks that a disk lost when it shrank stay lost after it has grown again.
    """

    __slots__ = ("backing", "blocks", "epoch", "found", "horizon", "pool", "reading", "size")

    def __init__(self, pool: Pool, size: int, backing: Layer | None) -> None:
        self.pool = pool
        self.size = size
        self.backing = backing
        self.horizon = size if backing is None else min(size, backing.size)
        self.blocks: Mapping[int, int] = {}
        self.found: dict[int, int] = {}
        self.reading: dict[str, int] = {}
        self.epoch = -1

    def write(self, block: int, value: int) -> None:
        """Write to a layer that is not frozen."""
        self.blocks[block] = value  # type: ignore[index]  # frozen layers hold a read-only view
        self.epoch = -1

    def resize(self, size: int) -> None:
        """Shrink or extend a layer that is not frozen."""
        self.blocks = {block: value for block, value in self.blocks.items() if holds(size, block)}
        self.horizon = min(self.horizon, size)
        self.size = size
        self.epoch = -1

    def freeze(self) -> None:
        """Make the layer read-only, as part of a snapshot."""
        self.blocks = MappingProxyType(dict(self.blocks))

    def thaw(self) -> None:
        """Make the layer writable again: it was frozen by a call that is undone."""
        self.blocks = dict(self.blocks)

    def become(self, blocks: Mapping[int, int], horizon: int, backing: Layer | None) -> None:
        """Replace the content, in the same place of the chain."""
        frozen = isinstance(self.blocks, MappingProxyType)
        self.blocks = MappingProxyType(dict(blocks)) if frozen else dict(blocks)
        self.horizon = horizon
        self.backing = backing
        self.epoch = -1
        self.pool.epoch += 1

    def read(self) -> dict[str, int]:
        """The blocks that read non-zero here, by number."""
        if self.epoch == self.pool.epoch:
            return self.reading
        stale: list[Layer] = []
        layer: Layer | None = self
        while layer is not None and layer.epoch != self.pool.epoch:
            stale.append(layer)
            layer = layer.backing
        # From the ground up, each on what the layer below reads: a long chain is read once.
        for layer in reversed(stale):
            layer.found = layer.seen_over({} if layer.backing is None else layer.backing.found)
            layer.epoch = self.pool.epoch
            layer.reading = {str(block): value for block, value in sorted(layer.found.items())}
        return self.reading

    def seen_over(self, below: Mapping[int, int]) -> dict[int, int]:
        """What reads non-zero through this layer, over what the layer below reads."""
        visible = (min(self.size, self.horizon) - BLOCK_SIZE) // BLOCK_STRIDE
        last = (self.size - BLOCK_SIZE) // BLOCK_STRIDE
        found = {block: value for block, value in below.items() if block <= visible}
        for block, value in self.blocks.items():
            if block <= last and value:
                found[block] = value
            elif block <= last:
                found.pop(block, None)
        return found


def holds(size: int, block: int) -> bool:
    """Whether a disk of ``size`` bytes has the block."""
    return block * BLOCK_STRIDE + BLOCK_SIZE <= size


def fold(lower: Layer, upper: Layer) -> tuple[dict[int, int], int]:
    """The blocks and the horizon of ``upper`` with ``lower`` merged into it.

    ``upper`` then reads the same with the backing of ``lower`` as its own.
    """
    seen_through = min(upper.horizon, upper.size)
    blocks = {block: value for block, value in lower.blocks.items() if holds(seen_through, block)}
    blocks.update(upper.blocks)
    return blocks, min(seen_through, lower.horizon)
