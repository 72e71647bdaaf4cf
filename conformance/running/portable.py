"""Messages of a worker that its parent can always read: what is of a driver's own type becomes plain.

A driver may answer and show objects of its own. To unpickle them would import the driver's code into the
parent, which opens no driver, and some cannot be pickled at all.
"""

from __future__ import annotations

import io
import pickle
import sys
from types import BuiltinFunctionType, FunctionType
from typing import Any, Final

from snaptree.schemas.wording import value

_OURS: Final = frozenset({"snaptree", "rpds", *sys.stdlib_module_names})
"""Packages whose types the parent knows."""

_NAMED: Final = (type, FunctionType, BuiltinFunctionType)
"""What is pickled by its name."""


def portable(message: object) -> bytes:
    """The message pickled: what stands in for an object of the driver's is the plain value that it extends,
    or a text that describes it.
    """
    written = io.BytesIO()
    _Pickler(written, pickle.HIGHEST_PROTOCOL).dump(message)
    return written.getvalue()


class _Pickler(pickle.Pickler):
    """Asks of every object that is not of a plain type whether the parent knows its type."""

    def reducer_override(self, found: Any) -> Any:
        """How to write an object; NotImplemented for the usual way."""
        if _is_known(found):
            return NotImplemented
        for plain in (str, int, float, list, tuple, dict):
            if isinstance(found, plain):
                return plain, (_base_of(found, plain),)
        return str, (value(found),)


def _is_known(found: Any) -> bool:
    named = isinstance(found, _NAMED)
    module = getattr(found if named else type(found), "__module__", None)
    if not isinstance(module, str) or module.partition(".")[0] not in _OURS:
        return False
    if named:
        return True
    try:
        found.__reduce_ex__(pickle.HIGHEST_PROTOCOL)
    except Exception:  # noqa: BLE001 - a lock, a generator, a file
        return False
    return True


def _base_of(found: Any, plain: type) -> Any:
    """The content as the base class has it, whatever the driver's class makes of it."""
    if plain is dict:
        return [*dict.items(found)]
    if plain is list or plain is tuple:
        return [*plain.__iter__(found)]
    return {str: str.__str__, int: int.__int__, float: float.__float__}[plain](found)
