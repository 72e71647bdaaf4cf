"""pyvmomi, imported on demand: it is large, and snaptree works without it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from snaptree.conformance.drivers.kit.optional import optional

INSTALL: Final = "pip install 'snaptree[esx]'"

API: Final = "vim25/6.0"
"""The version that is spoken: all that is asked for is older, and every newer host speaks it as well."""


@dataclass(frozen=True)
class Pyvmomi:
    """The used parts of pyvmomi. All of it is untyped."""

    vim: Any
    vmodl: Any
    adapter: Any


def load() -> Pyvmomi:
    """pyvmomi. Raises DriverUnavailable where it is missing."""
    package = optional("pyVmomi", INSTALL, package="pyvmomi")
    return Pyvmomi(package.vim, package.vmodl, package.SoapStubAdapter)
