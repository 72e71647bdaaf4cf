"""The flags of libvirt's calls, with libvirt's own numbers: every flag that its reference has.

A flag that this specification gives no meaning to is here as well: a flag that libvirt knows is not an
unknown one. ``REFERENCE`` names the type of each set; a test compares the two.

Source: libvirt-domain.h and libvirt-domain-snapshot.h of libvirt 9.0.0.
"""

from __future__ import annotations

from enum import IntFlag
from typing import Final


class NoFlag(IntFlag):
    """The flags of a call that has none: "not used yet, so callers should always pass 0"."""


class CreateFlag(IntFlag):
    """virDomainSnapshotCreateFlags. ATOMIC and LIVE ask for what every create here does."""

    REDEFINE = 1 << 0
    CURRENT = 1 << 1
    NO_METADATA = 1 << 2
    HALT = 1 << 3
    DISK_ONLY = 1 << 4
    REUSE_EXT = 1 << 5
    QUIESCE = 1 << 6
    ATOMIC = 1 << 7
    LIVE = 1 << 8
    VALIDATE = 1 << 9


class DeleteFlag(IntFlag):
    """virDomainSnapshotDeleteFlags."""

    CHILDREN = 1 << 0
    METADATA_ONLY = 1 << 1
    CHILDREN_ONLY = 1 << 2


class RevertFlag(IntFlag):
    """virDomainSnapshotRevertFlags. FORCE lets a risky revert through; here none is refused as risky."""

    RUNNING = 1 << 0
    PAUSED = 1 << 1
    FORCE = 1 << 2
    RESET_NVRAM = 1 << 3


class ListFlag(IntFlag):
    """virDomainSnapshotListFlags. One bit is ROOTS for a domain and DESCENDANTS for a snapshot."""

    ROOTS = 1 << 0
    DESCENDANTS = 1 << 0
    METADATA = 1 << 1
    LEAVES = 1 << 2
    NO_LEAVES = 1 << 3
    NO_METADATA = 1 << 4
    INACTIVE = 1 << 5
    ACTIVE = 1 << 6
    DISK_ONLY = 1 << 7
    INTERNAL = 1 << 8
    EXTERNAL = 1 << 9
    TOPOLOGICAL = 1 << 10


class XmlFlag(IntFlag):
    """virDomainSnapshotXMLFlags. SECURE shows secrets, of which a snapshot here has none."""

    SECURE = 1 << 0


class SaveFlag(IntFlag):
    """virDomainSaveRestoreFlags."""

    BYPASS_CACHE = 1 << 0
    RUNNING = 1 << 1
    PAUSED = 1 << 2
    RESET_NVRAM = 1 << 3


class UndefineFlag(IntFlag):
    """virDomainUndefineFlagsValues."""

    MANAGED_SAVE = 1 << 0
    SNAPSHOTS_METADATA = 1 << 1
    NVRAM = 1 << 2
    KEEP_NVRAM = 1 << 3
    CHECKPOINTS_METADATA = 1 << 4
    TPM = 1 << 5
    KEEP_TPM = 1 << 6


REFERENCE: Final[dict[type[IntFlag], tuple[str, str]]] = {
    CreateFlag: ("virDomainSnapshotCreateFlags", "VIR_DOMAIN_SNAPSHOT_CREATE_"),
    DeleteFlag: ("virDomainSnapshotDeleteFlags", "VIR_DOMAIN_SNAPSHOT_DELETE_"),
    RevertFlag: ("virDomainSnapshotRevertFlags", "VIR_DOMAIN_SNAPSHOT_REVERT_"),
    ListFlag: ("virDomainSnapshotListFlags", "VIR_DOMAIN_SNAPSHOT_LIST_"),
    XmlFlag: ("virDomainSnapshotXMLFlags", "VIR_DOMAIN_SNAPSHOT_XML_"),
    SaveFlag: ("virDomainSaveRestoreFlags", "VIR_DOMAIN_SAVE_"),
    UndefineFlag: ("virDomainUndefineFlagsValues", "VIR_DOMAIN_UNDEFINE_"),
}
"""For each set of flags its type in libvirt's reference, and what the names there begin with."""
