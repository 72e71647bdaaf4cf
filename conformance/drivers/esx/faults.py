"""What the faults of the vSphere API mean.

A fault that says that a call was declined, for the reason that a kind of refusal
stands for, becomes that refusal, with the fault as it was in ``native``. Every other
one is ``EsxError``, a failure.

"Documented" is the vSphere Web Services API reference, "seen" is vcsim of govmomi 0.24.2.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from snaptree.spec.outcomes import (
    Busy,
    InvalidArgument,
    InvalidName,
    InvalidPowerState,
    LimitExceeded,
    NoSuchSnapshot,
    Refusal,
    Unsupported,
)


class EsxError(Exception):
    """A call failed, and not in a way that is a refusal."""


class ConnectionLost(EsxError):
    """The connection broke in the middle of a call, or nothing came back in time."""


KINDS: Final[Mapping[str, type[Refusal]]] = {
    # A reference that was removed, or never was one. Which object it is decides between a
    # snapshot and its machine: see ``refusal_of``. Seen.
    "ManagedObjectNotFound": NoSuchSnapshot,
    # Documented for RevertToCurrentSnapshot_Task: there is no snapshot.
    "NotFound": NoSuchSnapshot,
    # Documented for every snapshot call, and for power. Seen, for power.
    "InvalidPowerState": InvalidPowerState,
    # Documented for CreateSnapshot_Task and RenameSnapshot.
    "InvalidName": InvalidName,
    # Documented as a kind of SnapshotFault.
    "TooManySnapshotLevels": LimitExceeded,
    # Documented for every call that changes a machine: another task is at it.
    "TaskInProgress": Busy,
    "ConcurrentAccess": Busy,
    "SnapshotLocked": Busy,
    "InvalidArgument": InvalidArgument,
    # Documented: this host cannot, or not on this machine.
    "NotSupported": Unsupported,
    "NotImplemented": Unsupported,
    "MethodDisabled": Unsupported,
    "SnapshotDisabled": Unsupported,
    "SnapshotIncompatibleDeviceInVm": Unsupported,
    "MemorySnapshotOnIndependentDisk": Unsupported,
    "MultipleSnapshotsNotSupported": Unsupported,
    # The host does not have the method at all. Seen: RenameSnapshot on vcsim 0.24.2.
    "MethodNotFound": Unsupported,
}
"""Faults by the last part of their type's name. Those that are about rights, the state of the
host or its files (NoPermission, HostNotConnected, FileFault …) mean nothing about snapshots."""


def name_of(fault: BaseException) -> str:
    """The last part of a fault's type: ``vim.fault.InvalidPowerState`` is ``InvalidPowerState``."""
    return type(fault).__name__.rpartition(".")[2]


def text_of(fault: Any) -> str:
    """What a fault says for people, or its type where it says nothing."""
    said = getattr(fault, "msg", None) or getattr(fault, "faultMessage", None)
    name = name_of(fault)
    return f"{name}: {said}" if isinstance(said, str) and said and said != name else name


def refusal_of(fault: Any) -> Refusal | None:
    """The refusal that a fault means, or None if it means none."""
    name = name_of(fault)
    kind = next((KINDS[one] for one in _lineage(fault) if one in KINDS), None)
    if kind is NoSuchSnapshot and _kind_of_object(fault) == "VirtualMachine":
        kind = InvalidArgument  # the machine itself is gone, as every call says of a domain that was removed
    if kind is None:
        return None
    text = text_of(fault)
    return kind(text, native={"system": "vSphere", "code": name, "text": text})


def _lineage(fault: BaseException) -> list[str]:
    """The names of a fault's type and of what it is derived from, the nearest first."""
    return [one.__name__.rpartition(".")[2] for one in type(fault).__mro__]


def _kind_of_object(fault: Any) -> str:
    missing = getattr(fault, "obj", None)
    return "" if missing is None else type(missing).__name__.rpartition(".")[2]
