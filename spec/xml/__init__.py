"""The codec: snapshots and checkpoints as XML, in the dialect of the proposal and in that of libvirt.

``read`` returns a typed, frozen ``DomainSnapshot``, or raises the faults with line and column; ``write``
returns text that ``read`` turns into an equal value. Parts that the dialect does not define (a domain, a
cookie, the inside of a source) are kept as text. ``read_checkpoint`` and ``write_checkpoint`` do the same
for checkpoints. ``recorded`` and ``asked`` convert from and to the model.
"""

from __future__ import annotations

from snaptree.schemas.xml import MalformedXml
from snaptree.spec.xml.checkpoints import (
    CheckpointDisk,
    DomainCheckpoint,
    read_checkpoint,
    write_checkpoint,
)
from snaptree.spec.xml.modelling import POWER, asked, captured_power, filled, recorded
from snaptree.spec.xml.reading import InvalidXml, read
from snaptree.spec.xml.values import (
    DiskPart,
    DomainSnapshot,
    Driver,
    MemoryPlace,
    MetadataCache,
    SnapshotDialect,
    Source,
    Unknown,
)
from snaptree.spec.xml.writing import Unwritable, write

__all__ = [
    "POWER", "CheckpointDisk", "DiskPart", "DomainCheckpoint", "DomainSnapshot", "Driver", "InvalidXml",
    "MalformedXml", "MemoryPlace", "MetadataCache", "SnapshotDialect", "Source", "Unknown", "Unwritable",
    "asked", "captured_power", "filled", "read", "read_checkpoint", "recorded", "write", "write_checkpoint",
]  # fmt: skip
