"""The smallest driver on the kit: a backend that keeps layers as copies in a dictionary, and knows no tree.

Run it with ``snaptree check shelf:ShelfDriver`` in this folder.
"""

from __future__ import annotations

from collections.abc import Mapping

from snaptree.conformance.driver import DEFAULT_DISKS, DriverOptions, Json
from snaptree.conformance.drivers.kit.blocks import check_write, disk_entry
from snaptree.conformance.drivers.kit.kept_tree import KeptDomain, KeptTree, layer_changes
from snaptree.spec.profiles import Profile, varied


class Shelf(KeptDomain):
    """Each layer is a dictionary of disks, each disk a dictionary of blocks."""

    def __init__(self, profile: Profile, sizes: Mapping[str, int]) -> None:
        self.profile, self._sizes, self._kept = profile, sizes, KeptTree()
        self._layers: dict[int, dict[str, dict[int, int]]] = {
            layer: {disk: {} for disk in sizes} for layer in self._kept.layers()
        }

    def tree(self) -> KeptTree:
        return self._kept

    def change(self, after: KeptTree) -> None:
        needed = layer_changes(self._kept, after)
        if needed.new is not None:
            self._layers[needed.new] = {d: dict(blocks) for d, blocks in self._layers[needed.source].items()}
        for layer in needed.gone:
            del self._layers[layer]
        self._kept = after

    def point(self, layer: int) -> dict[str, Json]:
        disks = {disk: disk_entry(self._sizes[disk], blocks) for disk, blocks in self._layers[layer].items()}
        return {"disks": disks, "memory": None, "power": "off", "configuration": {}}

    def write_disk(self, disk: str, block: int, value: int) -> None:
        check_write(self._sizes, disk, block, value)
        self._layers[self._kept.active][disk][block] = value

    def close(self) -> None:
        self._layers.clear()


class ShelfDriver:
    """Opens shelves."""

    name, version, domain_class = "shelf", "1", Shelf

    def __init__(self, options: DriverOptions) -> None:
        self.profile = varied(options.profile or "qemu", ["operations.resize_disk=false"])

    def open(self, disks: Mapping[str, int] = DEFAULT_DISKS) -> Shelf:
        return self.domain_class(self.profile, dict(disks))

    def close(self) -> None:
        """Nothing to end."""


class LeavesLayers(Shelf):
    """Faulty: the layer of a merged snapshot goes, and the parent's is read in its place."""

    def change(self, after: KeptTree) -> None:
        before = self._kept
        super().change(after)
        for snapshot in after.nodes:
            old = before.find(snapshot.id)
            if old is not None and old.layer != snapshot.layer:
                self._layers[snapshot.layer] = {disk: {} for disk in self._sizes}


class LeavesLayersDriver(ShelfDriver):
    domain_class = LeavesLayers
