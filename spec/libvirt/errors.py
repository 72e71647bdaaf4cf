"""The error codes of libvirt: a table of codes for each kind of refusal.

Source: virterror.h, and the reference of the calls where it names a code (72 of look-ups that find nothing,
parents and current snapshots). A caller cannot act on any other code, above all not on an internal error
(1). A test compares the numbers with libvirt's reference.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import IntEnum
from typing import Final


class ErrorCode(IntEnum):
    """virErrorNumber, those that a call here may answer; libvirt's names begin with ``VIR_ERR_``."""

    NO_SUPPORT = 3
    INVALID_ARG = 8
    OPERATION_FAILED = 9
    XML_ERROR = 27
    DOM_EXIST = 28
    XML_DETAIL = 35
    NO_DOMAIN = 42
    OPERATION_INVALID = 55
    CONFIG_UNSUPPORTED = 67
    OPERATION_TIMEOUT = 68
    NO_DOMAIN_SNAPSHOT = 72
    ARGUMENT_UNSUPPORTED = 74
    SNAPSHOT_REVERT_RISKY = 77
    NO_DOMAIN_METADATA = 80
    BLOCK_COPY_ACTIVE = 83
    OPERATION_UNSUPPORTED = 84
    AGENT_UNRESPONSIVE = 86
    RESOURCE_BUSY = 87
    XML_INVALID_SCHEMA = 92


_E = ErrorCode

CODES: Final[Mapping[str, frozenset[int]]] = {
    "NoSuchSnapshot": frozenset({_E.NO_DOMAIN_SNAPSHOT}),
    # The XML codes are about what a document says; seen: XML_INVALID_SCHEMA is the answer to VALIDATE.
    "InvalidArgument": frozenset(
        {_E.INVALID_ARG, _E.XML_ERROR, _E.CONFIG_UNSUPPORTED, _E.XML_INVALID_SCHEMA}
    ),
    # INVALID_ARG is the answer to a flag that the driver does not take.
    "Unsupported": frozenset(
        {
            _E.NO_SUPPORT, _E.INVALID_ARG, _E.CONFIG_UNSUPPORTED, _E.ARGUMENT_UNSUPPORTED,
            _E.OPERATION_UNSUPPORTED,
        }
    ),
    "InvalidPowerState": frozenset({_E.OPERATION_INVALID, _E.SNAPSHOT_REVERT_RISKY}),
    "WouldDiscard": frozenset({_E.OPERATION_INVALID}),
    "NameInUse": frozenset({_E.OPERATION_FAILED, _E.DOM_EXIST, _E.OPERATION_INVALID}),
    "InvalidName": frozenset({_E.XML_ERROR, _E.XML_DETAIL, _E.CONFIG_UNSUPPORTED, _E.XML_INVALID_SCHEMA}),
    "Busy": frozenset({_E.OPERATION_TIMEOUT, _E.BLOCK_COPY_ACTIVE, _E.RESOURCE_BUSY}),
    "LimitExceeded": frozenset({_E.OPERATION_UNSUPPORTED}),
}  # fmt: skip
"""The codes of each kind of refusal, whatever the call."""

WITHOUT_AGENT: Final[Mapping[str, frozenset[int]]] = {
    "Unsupported": frozenset({_E.AGENT_UNRESPONSIVE, _E.ARGUMENT_UNSUPPORTED}),
}
"""The codes that QUIESCE has beside these: "if the guest agent is not present, an error is thrown"."""

NO_DOMAIN: Final = ErrorCode.NO_DOMAIN
"""The code of every call on a domain that is gone."""


def kind_of(code: int, kinds: Iterable[str], also: Mapping[str, frozenset[int]] | None = None) -> str | None:
    """The first of the kinds that the code can mean; ``also`` is what codes mean in this call alone."""
    extra = also or {}
    return next(
        (kind for kind in sorted(kinds) if code in CODES.get(kind, ()) or code in extra.get(kind, ())), None
    )
