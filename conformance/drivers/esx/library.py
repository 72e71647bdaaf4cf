"""pyvmomi, imported when it is needed: it is large, and snaptree works without it."""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from typing import Any, Final

from snaptree.conformance.driver import DriverUnavailable

INSTALL: Final = "pip install 'snaptree[esx]'"

API: Final = "vim25/6.0"
"""The version that is spoken: all that is asked for is older, and every newer host speaks it as well."""


@dataclass(frozen=True)
class Pyvmomi:
    """What of pyvmomi is used. Everything in it is untyped."""

    vim: Any
    vmodl: Any
    adapter: Any


def load() -> Pyvmomi:
    """pyvmomi. Raises DriverUnavailable where it is missing."""
    try:
        package = importlib.import_module("pyVmomi")
    except ImportError as error:
        raise DriverUnavailable(f"pyvmomi is missing: {error}", install=INSTALL) from None
    return Pyvmomi(package.vim, package.vmodl, package.SoapStubAdapter)
