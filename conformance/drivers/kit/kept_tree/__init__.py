"""A tree of snapshots that the driver keeps, for a backend that can store content and knows no snapshots.

The tree is a value (``KeptTree``). A call is decided as a function from the tree before to the tree after, or
refused (``changes``, ``deletes``), and only then carried out: ``KeptDomain.change`` makes the backend's
storage fit the tree after. What the tree does not keep is content. It says which *layer* holds it: a number
that stands for whatever the backend stores a point in.

To fit a tree is to answer three questions about layers, and ``layer_changes`` answers them:

- which layer is new: the active one, with the content of ``source`` (a copy, a clone, an overlay);
- which layers go;
- which layers stay: all others, and what they read must not change, also where they build on one that goes.

A domain is then ``KeptDomain`` with ``tree``, ``change``, ``point``, ``write_disk`` and ``close``. Drivers of
the kind: ``snaptree.conformance.drivers.qemu``, whose layers are qcow2 images that build on each other.
"""

from snaptree.conformance.drivers.kit.kept_tree.domain import KeptDomain, LayerChanges, layer_changes
from snaptree.conformance.drivers.kit.kept_tree.tree import KeptTree, Retired, Snapshot, tree_from_json

__all__ = [
    "KeptDomain",
    "KeptTree",
    "LayerChanges",
    "Retired",
    "Snapshot",
    "layer_changes",
    "tree_from_json",
]
