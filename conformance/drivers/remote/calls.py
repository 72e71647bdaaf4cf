"""The calls that cross the process boundary, with their arguments by name.

Callers may omit arguments or pass them by position. A message always holds all of them by name, so a driver
in another language needs no defaults.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, fields
from typing import Any, Final

from snaptree.spec.operations import COMBINED, KINDS, Operation

_REQUIRED: Final = object()

BESIDE: Final = ("observe", "digests", "recover", "release", "close")
"""Calls of a domain that are no operations of the specification."""


GATES: Final[Mapping[str, Mapping[str, Any]]] = {
    "hold_at": {"place": _REQUIRED},
    "held_at": {},
    "let_go": {"fail": False},
}
"""Calls that hold another call, and are answered while that is under way."""


def _parameters(operation: type[Operation]) -> dict[str, Any]:
    return {
        field.name: _REQUIRED if field.default is MISSING else field.default for field in fields(operation)
    }


PARAMETERS: Final[Mapping[str, Mapping[str, Any]]] = {
    **{call: _parameters(operation) for call, operation in (*KINDS.items(), *COMBINED.items())},
    **{call: {} for call in BESIDE},
    "attach": {},
    **GATES,
    "native_call": {"name": _REQUIRED, "arguments": _REQUIRED},
}
"""The parameters of each call of a domain with their defaults, in order."""


def name_arguments(call: str, given: tuple[Any, ...], by_name: Mapping[str, Any]) -> dict[str, Any]:
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
