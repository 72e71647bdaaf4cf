"""libvirt-python, and what its errors mean.

A call that libvirt refuses for the reason that a kind of refusal stands for
becomes that refusal, with the error as it was in ``native``. Everything else is
``LibvirtError``, a failure: error 1, an internal error, says nothing about the
state of a domain, whatever its text says.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final

from snaptree.conformance.driver import DriverUnavailable
from snaptree.spec.outcomes import (
    Busy,
    InvalidArgument,
    InvalidPowerState,
    NoSuchSnapshot,
    Refusal,
    Unsupported,
)

INSTALL: Final = (
    "apt-get install --no-install-recommends libvirt-dev pkg-config gcc && pip install libvirt-python"
)


class LibvirtError(Exception):
    """A call failed, and not in a way that is a refusal."""


def load() -> Any:
    """libvirt-python, silent. Raises DriverUnavailable where it is missing."""
    try:
        libvirt = importlib.import_module("libvirt")
    except ImportError as error:
        raise DriverUnavailable(f"libvirt-python is missing: {error}", install=INSTALL) from None
    # Every error is raised as well; printing it would only say it twice.
    libvirt.registerErrorHandler(lambda *_: None, None)
    return libvirt


KINDS: Final[Mapping[int, type[Refusal]]] = {
    3: Unsupported,  # VIR_ERR_NO_SUPPORT
    8: InvalidArgument,  # VIR_ERR_INVALID_ARG
    42: InvalidArgument,  # VIR_ERR_NO_DOMAIN: every call on a domain that was removed
    55: InvalidPowerState,  # VIR_ERR_OPERATION_INVALID
    67: Unsupported,  # VIR_ERR_CONFIG_UNSUPPORTED
    68: Busy,  # VIR_ERR_OPERATION_TIMEOUT
    72: NoSuchSnapshot,  # VIR_ERR_NO_DOMAIN_SNAPSHOT
    84: Unsupported,  # VIR_ERR_OPERATION_UNSUPPORTED
    87: Busy,  # VIR_ERR_RESOURCE_BUSY
}
"""What an error code of libvirt's (virterror.h) means where a call does not say otherwise."""

NO_SUCH_SNAPSHOT: Final = 72
NO_METADATA: Final = 80
OPERATION_FAILED: Final = 9
CONFIG_UNSUPPORTED: Final = 67
XML_ERROR: Final = 27
XML_DETAIL: Final = 35


@contextmanager
def judged(libvirt: Any, call: str, meanings: Mapping[int, type[Refusal]] | None = None) -> Iterator[None]:
    """Turn libvirt's errors into refusals; ``meanings`` are those of this call, beside the common ones."""
    try:
        yield
    except libvirt.libvirtError as error:
        code, text = error.get_error_code(), str(error)
        kind = (meanings or {}).get(code) or KINDS.get(code)
        if kind is None:
            raise LibvirtError(f"{call}: error {code}: {text}") from None
        raise kind(text, native={"system": "libvirt", "code": code, "text": text}) from None
