"""QEMU's own operations: block jobs over QMP while the guest runs, qemu-img in place while it is off.

The driver ``qemu`` judges an order of our own; this one judges QEMU. Each call is made as QEMU's
documentation says, whose sentence stands beside it: the QMP reference (``interop/qemu-qmp-ref``) and "Live
Block Device Operations" (``interop/live-block-operations``), under https://www.qemu.org/docs/master/.

``domain`` decides what a call of the suite means in operations of QEMU; ``guest`` makes them on a running
process; ``streams`` keeps memory in files.
"""

from snaptree.conformance.drivers.qemu.live.driver import LiveDriver

__all__ = ["LiveDriver"]
