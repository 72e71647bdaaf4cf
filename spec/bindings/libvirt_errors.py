"""Which error codes of libvirt's say what: a table for each kind of refusal.

Source: virterror.h, and the reference of the calls where it names a code (72 of look-ups that find
nothing, parents and current snapshots). A code that stands nowhere here, an internal error (1)
above all, tells a caller nothing that it could act on.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

CODES: Final[Mapping[str, frozenset[int]]] = {
    "NoSuchSnapshot": frozenset({72}),  # VIR_ERR_NO_DOMAIN_SNAPSHOT
    # VIR_ERR_INVALID_ARG; VIR_ERR_XML_ERROR and VIR_ERR_CONFIG_UNSUPPORTED for what a document says
    "InvalidArgument": frozenset({8, 27, 67}),
    # VIR_ERR_NO_SUPPORT, _CONFIG_UNSUPPORTED, _OPERATION_UNSUPPORTED; 8 for a flag that is not known
    "Unsupported": frozenset({3, 8, 67, 84}),
    "InvalidPowerState": frozenset({55, 77}),  # VIR_ERR_OPERATION_INVALID, VIR_ERR_SNAPSHOT_REVERT_RISKY
    "WouldDiscard": frozenset({55}),
    "NameInUse": frozenset({9, 20, 55}),  # VIR_ERR_OPERATION_FAILED, VIR_ERR_DOM_EXIST
    "InvalidName": frozenset({27, 35, 67}),  # VIR_ERR_XML_DETAIL
    "Busy": frozenset({68, 87}),  # VIR_ERR_OPERATION_TIMEOUT, VIR_ERR_RESOURCE_BUSY
    "LimitExceeded": frozenset({84}),
}

NO_DOMAIN: Final = 42
"""VIR_ERR_NO_DOMAIN: every call on a domain that is gone."""


def kind_of(code: int, kinds: Iterable[str]) -> str | None:
    """The first of the kinds that the code may stand for."""
    return next((kind for kind in sorted(kinds) if code in CODES.get(kind, ())), None)
