"""The driver for QEMU, offline: real qcow2 images, worked on by qemu-img and qemu-io.

qemu-img knows layers, ``base <- layer(S1) <- layer(S2) <- active``, and no tree
of snapshots: the tree is the driver's own (``kit.kept_tree``). Every point, the base
and the active state have one layer for each disk, and an operation is

1. decided: from the tree before to the tree after, or refused (``kit.kept_tree``);
2. prepared: new layers, and copies of those that need another backing file (``storage``);
3. committed: the file that holds the tree is replaced (``state_file``);
4. tidied: what the tree after does not name is removed.

Only ``write_disk`` ever writes into an image in use, and only into the active layer.
"""

from snaptree.conformance.drivers.qemu.driver import QemuDriver

__all__ = ["QemuDriver"]
