"""The meaning of the faults of the vSphere API.

A fault that declines a call for the reason of a kind of refusal becomes that refusal, with the original
fault in ``native``. Every other one is ``EsxError``, a failure.

"Documented" is the vSphere Web Services API reference, "seen" is vcsim of govmomi 0.24.2.
"""

from __future__ import annotations

from typing import Any, Final

from snaptree.conformance.drivers.kit.refusals import ErrorTable
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
    """A call failed without being refused."""


class ConnectionLost(EsxError):
    """The connection broke during a call, or the answer did not come in time."""


ERRORS: Final = ErrorTable[str](
    "vSphere",
    {
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
    },
)
"""Faults by the last part of their type's name. Those that are about rights, the state of the
host or its files (NoPermission, HostNotConnected, FileFault …) mean nothing about snapshots."""


def name_of(fault: BaseException) -> str:
    """The last part of a fault's type: ``vim.fault.InvalidPowerState`` is ``InvalidPowerState``."""
    return type(fault).__name__.rpartition(".")[2]


def text_of(fault: Any) -> str:
    """The message of a fault, or its type if it has none."""
    said = getattr(fault, "msg", None) or getattr(fault, "faultMessage", None)
    name = name_of(fault)
    return f"{name}: {said}" if isinstance(said, str) and said and said != name else name


def refusal_of(fault: Any) -> Refusal | None:
    """The refusal for a fault, or None if it is a failure."""
    kind = next((kind for one in _lineage(fault) if (kind := ERRORS.kind(one)) is not None), None)
    if kind is NoSuchSnapshot and _kind_of_object(fault) == "VirtualMachine":
        kind = InvalidArgument  # the machine itself is gone, as every call says of a domain that was removed
    if kind is None:
        return None
    return ERRORS.refusal(kind, text_of(fault), code=name_of(fault))


def _lineage(fault: BaseException) -> list[str]:
    """The names of a fault's type and of its base types, the nearest first."""
    return [one.__name__.rpartition(".")[2] for one in type(fault).__mro__]


def _kind_of_object(fault: Any) -> str:
    missing = getattr(fault, "obj", None)
    return "" if missing is None else type(missing).__name__.rpartition(".")[2]
