"""The meaning of VirtualBox's result codes: one table, with its sources.

"SDK" is the list of result codes in VirtualBox's SDK reference; "seen" is VirtualBox 7.2.22. Any other code
gives no reason: the call failed.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from snaptree.conformance.drivers.kit.refusals import ErrorTable, Meanings
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

ERRORS: Final = ErrorTable[int](
    "virtualbox",
    {
        0x80BB0001: NoSuchSnapshot,  # VBOX_E_OBJECT_NOT_FOUND. Seen: an unknown name or UUID
        0x80BB0002: InvalidPowerState,  # VBOX_E_INVALID_VM_STATE. SDK: the current machine state prevents it
        0x80BB0009: Unsupported,  # VBOX_E_NOT_SUPPORTED. SDK
        0x80BB000B: Busy,  # VBOX_E_INVALID_SESSION_STATE. SDK: the current session state prevents it
        0x80BB000C: Busy,  # VBOX_E_OBJECT_IN_USE. SDK
        0x80BB000E: LimitExceeded,  # VBOX_E_MAXIMUM_REACHED. SDK
        0x80004001: Unsupported,  # E_NOTIMPL. Seen: deleteSnapshotAndAllChildren
        0x80070057: InvalidArgument,  # E_INVALIDARG. Seen: offsets beyond the end of a disk
    },
    calls={
        # Seen: a snapshot that more than one depends on is not deleted, VBOX_E_INVALID_OBJECT_STATE.
        "merge_into_children": {0x80BB0007: LimitExceeded},
        "remove_subtree": {0x80BB0007: LimitExceeded},
        "create": {0x80070057: InvalidName, 0x80BB0007: LimitExceeded},
        "rename": {0x80070057: InvalidName},
    },
)
"""What a code means."""


class VirtualBoxError(Exception):
    """A call failed: with a result code, or without one (0) where the service itself did."""

    def __init__(self, call: str, code: int, text: str) -> None:
        super().__init__(f"{call}: 0x{code:08x}: {text}")
        self.code = code
        self.text = text


AMONG_SEVERAL: Final[Meanings[int]] = {0x80BB0002: Busy}
"""Codes that mean something else beside other callers. Seen: VBOX_E_INVALID_VM_STATE of a machine that is off
while another session takes a snapshot, "Snapshotting".
"""


def refusal_of(call: str, error: VirtualBoxError, also: Meanings[int] | None = None) -> Refusal | None:
    """The refusal for an error of this call, if it is one; ``also`` is what codes mean here."""
    kind = ERRORS.kind(error.code, call, also)
    if kind is None:
        return None
    return ERRORS.refusal(kind, str(error), code=f"0x{error.code:08x}", words=error.text)


@contextmanager
def translation(call: str, also: Meanings[int] | None = None) -> Iterator[None]:
    """Turn VirtualBox's errors into refusals where the table has one."""
    try:
        yield
    except VirtualBoxError as error:
        refusal = refusal_of(call, error, also)
        if refusal is None:
            raise
        raise refusal from None
