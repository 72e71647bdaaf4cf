"""libvirt-python, and what its errors mean.

A call that libvirt refuses for the reason that a kind of refusal stands for
becomes that refusal, with the error as it was in ``native``. Everything else is
``LibvirtError``, a failure: error 1, an internal error, says nothing about the
state of a domain, whatever its text says.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from snaptree.conformance.drivers.kit.optional import optional
from snaptree.conformance.drivers.kit.refusals import ErrorTable, Meanings
from snaptree.spec.libvirt.errors import ErrorCode
from snaptree.spec.outcomes import (
    Busy,
    InvalidArgument,
    InvalidPowerState,
    NoSuchSnapshot,
    Unsupported,
)

INSTALL: Final = (
    "apt-get install --no-install-recommends libvirt-dev pkg-config gcc && pip install libvirt-python"
)


class LibvirtError(Exception):
    """A call failed, and not in a way that is a refusal."""


def load() -> Any:
    """libvirt-python, silent. Raises DriverUnavailable where it is missing."""
    libvirt = optional("libvirt", INSTALL, package="libvirt-python")
    # Every error is raised as well; printing it would only say it twice.
    libvirt.registerErrorHandler(lambda *_: None, None)
    return libvirt


ERRORS: Final = ErrorTable[int](
    "libvirt",
    {
        ErrorCode.NO_SUPPORT: Unsupported,
        ErrorCode.INVALID_ARG: InvalidArgument,
        ErrorCode.NO_DOMAIN: InvalidArgument,  # every call on a domain that was removed
        ErrorCode.OPERATION_INVALID: InvalidPowerState,
        ErrorCode.CONFIG_UNSUPPORTED: Unsupported,
        ErrorCode.OPERATION_TIMEOUT: Busy,
        ErrorCode.NO_DOMAIN_SNAPSHOT: NoSuchSnapshot,
        ErrorCode.ARGUMENT_UNSUPPORTED: Unsupported,
        ErrorCode.OPERATION_UNSUPPORTED: Unsupported,
        ErrorCode.BLOCK_COPY_ACTIVE: Busy,
        ErrorCode.RESOURCE_BUSY: Busy,
    },
)
"""What an error code of libvirt's (virterror.h) means where a call does not say otherwise."""

NO_SUCH_SNAPSHOT: Final = ErrorCode.NO_DOMAIN_SNAPSHOT
NO_METADATA: Final = ErrorCode.NO_DOMAIN_METADATA
OPERATION_FAILED: Final = ErrorCode.OPERATION_FAILED
CONFIG_UNSUPPORTED: Final = ErrorCode.CONFIG_UNSUPPORTED
XML_ERROR: Final = ErrorCode.XML_ERROR
XML_DETAIL: Final = ErrorCode.XML_DETAIL


@contextmanager
def translation(libvirt: Any, call: str, also: Meanings[int] | None = None) -> Iterator[None]:
    """Turn libvirt's errors into refusals, or LibvirtError; ``also`` is what codes mean in this call."""
    try:
        yield
    except libvirt.libvirtError as error:
        code, text = error.get_error_code(), str(error)
        kind = ERRORS.kind(code, call, also)
        if kind is None:
            raise LibvirtError(f"{call}: error {code}: {text}") from None
        raise ERRORS.refusal(kind, text, code=code) from None
