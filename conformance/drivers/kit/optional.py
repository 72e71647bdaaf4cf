"""Libraries that snaptree works without, imported when a driver needs them."""

from __future__ import annotations

import importlib
from typing import Any

from snaptree.conformance.driver import DriverUnavailable


def optional(module: str, install: str, *, package: str | None = None) -> Any:
    """The module. Raises DriverUnavailable, with the command that installs it, where it is missing.

    ``package`` is its name where that is another one.
    """
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise DriverUnavailable(f"{package or module} is missing: {error}", install=install) from None
