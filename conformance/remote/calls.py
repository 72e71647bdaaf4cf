"""The calls that cross the boundary, and their arguments: those of the operations, by name.

Callers may leave arguments out or give them by place; a message always holds
every one of them by name, so that whoever answers in another language need not
know a default.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, fields
from typing import Any, Final

from snaptree.spec.operations import CALLS, OPERATIONS

_REQUIRED: Final = object()

BESIDE: Final = ("observe", "digests", "recover", "close")
"""Calls of a domain that are no operations of the specification."""


def _parameters(call: str) -> dict[str, Any]:
    forced = call.endswith("_forced")
    operation = OPERATIONS.get(call.removesuffix("_forced"))
    if operation is None:
        return {}
    found = {
        field.name: _REQUIRED if field.default is MISSING else field.default
        for field in fields(operation)
        if field.name != "forced"
    }
    if call in ("merge_into_parent", "discard"):
        # A plain delete leaves the active state alone: there is nothing to resume.
        del found["resume_as"]
    return found if forced or call in OPERATIONS else {}


PARAMETERS: Final[Mapping[str, Mapping[str, Any]]] = {
    **{call: _parameters(call) for call in CALLS},
    **{call: {} for call in BESIDE},
    "native_call": {"name": _REQUIRED, "arguments": _REQUIRED},
}
"""The parameters of each call of a domain with their defaults, in order."""


def named(call: str, given: tuple[Any, ...], by_name: Mapping[str, Any]) -> dict[str, Any]:
    """All arguments of a call by name. Raises TypeError as a Python call would."""
    wanted = PARAMETERS[call]
    if len(given) > len(wanted):
        raise TypeError(f"{call}() takes {len(wanted)} arguments, and {len(given)} were given")
    arguments = dict(zip(wanted, given, strict=False))
    for name, value in by_name.items():
        if name not in wanted or name in arguments:
            raise TypeError(f"{call}() got an unexpected or repeated argument {name!r}")
        arguments[name] = value
    for name, default in wanted.items():
        if name not in arguments:
            if default is _REQUIRED:
                raise TypeError(f"{call}() lacks the argument {name!r}")
            arguments[name] = default
    return arguments
