"""Copies of frozen dataclasses in which some fields differ: ``dataclasses.replace``, made quick.

Each step of the model makes one or more domains, and the engine takes millions of steps. The ``__init__`` of
a frozen dataclass calls ``object.__setattr__`` for every field, which takes most of the time of a copy. Here
plain assignments fill an object of an ordinary class with the same fields, which then becomes one of the
frozen class. It is for dataclasses without a base and without a ``__post_init__``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:  # type checkers know the fields that each dataclass has
    from dataclasses import replace as replace
else:

    def replace(value, /, **changes):
        """The same value with other values of the fields that are named."""
        kind = type(value)
        copied = _COPY.get(kind) or _copy_of(kind)
        copy = copied(value)
        for name, new in changes.items():
            setattr(copy, name, new)
        copy.__class__ = kind
        return copy


_COPY: Final[dict[type, Callable[[Any], Any]]] = {}
"""By class, the function that makes an ordinary object with the fields of a frozen one."""


def _copy_of(kind: type) -> Callable[[Any], Any]:
    """Write that function, as ``dataclasses`` writes an ``__init__``: one assignment for all the fields."""
    names = [field.name for field in fields(kind)]
    slots = {"__slots__": tuple(names)} if "__slots__" in vars(kind) else {}
    ordinary = type(f"Ordinary{kind.__name__}", (), slots)
    there, here = (", ".join(f"{one}.{name}" for name in names) for one in ("value", "copy"))
    scope: dict[str, Any] = {"make": object.__new__, "ordinary": ordinary}
    exec(f"def copied(value):\n copy = make(ordinary)\n ({here},) = ({there},)\n return copy", scope)
    _COPY[kind] = scope["copied"]
    return _COPY[kind]
