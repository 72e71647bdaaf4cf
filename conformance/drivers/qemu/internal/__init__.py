"""QEMU's snapshots inside qcow2 images: qemu-img snapshot, as its manual says, on a domain that is off.

An image has a flat list of snapshots, each with all its content. qemu-img stores no parent: the tree is the
driver's own (``kit.kept_tree``), and nothing in it protects what qemu-img is asked to do. Each call stands
beside the sentence of QEMU's documentation that asks for it:

- ``tools/qemu-img``: https://www.qemu.org/docs/master/tools/qemu-img.html
"""

from snaptree.conformance.drivers.qemu.internal.driver import InternalDriver

__all__ = ["InternalDriver"]
