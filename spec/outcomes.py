"""The answers of an operation: accepted with a result, or refused with a kind.

The model answers a refusal with the *set* of correct kinds. If several apply, any of them is correct; there
is no order of precedence. A driver raises one of the classes below. Any other exception is an error of the
driver, never a refusal.

Sources of the native columns: libvirt's virterror.h, the SDK reference of VirtualBox, the vSphere API
reference; those marked "seen" were seen on a real system while a driver was made.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, ClassVar, Final

from snaptree.spec.state import Domain


@dataclass(frozen=True, slots=True)
class Casualties:
    """The parts that an operation would destroy beside its own target.

    ``snapshots`` are ids in order of creation; ``active`` says whether the active state is among them.
    """

    snapshots: tuple[str, ...] = ()
    active: bool = False

    def __bool__(self) -> bool:
        return bool(self.snapshots) or self.active

    def to_json(self) -> list[str]:
        """Snapshot ids, then ``active``."""
        return [*self.snapshots, *(["active"] if self.active else [])]


class Refusal(Exception):
    """A call that the hypervisor declined, without any effect.

    ``casualties`` lists snapshot ids and ``active``, or is None if the hypervisor does not name them.
    ``native`` holds system, code and text of the hypervisor's error.
    """

    kind: ClassVar[str]
    libvirt: ClassVar[str]
    virtualbox: ClassVar[str]
    vsphere: ClassVar[str]

    def __init__(
        self,
        text: str = "",
        *,
        casualties: Iterable[str] | None = None,
        native: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(text)
        self.casualties = None if casualties is None else list(casualties)
        self.native = native


class NoSuchSnapshot(Refusal):
    """No listed snapshot has this id or name."""

    kind = "NoSuchSnapshot"
    libvirt = "VIR_ERR_NO_DOMAIN_SNAPSHOT"
    virtualbox = "VBOX_E_OBJECT_NOT_FOUND"
    vsphere = "ManagedObjectNotFound"


class AmbiguousName(Refusal):
    """Several snapshots have this name, and the profile does not choose one."""

    kind = "AmbiguousName"
    libvirt = "none: names are unique"
    virtualbox = "none: the first one depth-first is taken"
    vsphere = "none: there is no look-up by name"


class NameInUse(Refusal):
    """Another snapshot has this name, and the profile requires unique names."""

    kind = "NameInUse"
    libvirt = "VIR_ERR_OPERATION_INVALID (seen), VIR_ERR_DOM_EXIST"
    virtualbox = "none: names may repeat"
    vsphere = "none: names may repeat"


class InvalidName(Refusal):
    """The name is empty, too long, or has characters that the profile forbids."""

    kind = "InvalidName"
    libvirt = "VIR_ERR_XML_DETAIL, VIR_ERR_XML_ERROR, VIR_ERR_CONFIG_UNSUPPORTED"
    virtualbox = "E_INVALIDARG"
    vsphere = "InvalidName"


class InvalidArgument(Refusal):
    """An argument other than the name is malformed, unknown or contradicts another."""

    kind = "InvalidArgument"
    libvirt = "VIR_ERR_INVALID_ARG"
    virtualbox = "E_INVALIDARG"
    vsphere = "InvalidArgument"


class WouldDiscard(Refusal):
    """The plain operation would destroy the listed casualties."""

    kind = "WouldDiscard"
    libvirt = "none: callers have to look first"
    virtualbox = "VBOX_E_INVALID_OBJECT_STATE"
    vsphere = "none: callers have to look first"


class InvalidPowerState(Refusal):
    """The profile does not allow the operation in this power state."""

    kind = "InvalidPowerState"
    libvirt = "VIR_ERR_OPERATION_INVALID"
    virtualbox = "VBOX_E_INVALID_VM_STATE"
    vsphere = "InvalidPowerState"


class Unsupported(Refusal):
    """The hypervisor cannot do this at all, and its profile does not claim it."""

    kind = "Unsupported"
    libvirt = "VIR_ERR_NO_SUPPORT, VIR_ERR_OPERATION_UNSUPPORTED, VIR_ERR_CONFIG_UNSUPPORTED"
    virtualbox = "E_NOTIMPL, VBOX_E_NOT_SUPPORTED"
    vsphere = "NotSupported, MethodNotFound"


class LimitExceeded(Refusal):
    """Depth, count or number of dependents is beyond what the profile states."""

    kind = "LimitExceeded"
    libvirt = "VIR_ERR_OPERATION_UNSUPPORTED"
    virtualbox = "VBOX_E_INVALID_OBJECT_STATE"
    vsphere = "TooManySnapshotLevels"


class Busy(Refusal):
    """Another mutation of the same domain is under way."""

    kind = "Busy"
    libvirt = "VIR_ERR_OPERATION_TIMEOUT, VIR_ERR_RESOURCE_BUSY"
    virtualbox = "VBOX_E_INVALID_OBJECT_STATE"
    vsphere = "TaskInProgress"


REFUSALS: Final[dict[str, type[Refusal]]] = {
    refusal.kind: refusal
    for refusal in (
        NoSuchSnapshot, AmbiguousName, NameInUse, InvalidName, InvalidArgument,
        WouldDiscard, InvalidPowerState, Unsupported, LimitExceeded, Busy,
    )
}  # fmt: skip
"""Refusal classes by kind."""


@dataclass(frozen=True, slots=True)
class Accepted:
    """The operation is carried out: the result of the call, and the domain after it."""

    result: Any
    domain: Domain


@dataclass(frozen=True, slots=True)
class Refused:
    """The operation is not carried out; each of ``kinds`` is a correct answer.

    ``casualties`` accompanies ``WouldDiscard`` and is None without it.
    """

    kinds: frozenset[str]
    casualties: Casualties | None = None


Outcome = Accepted | Refused
