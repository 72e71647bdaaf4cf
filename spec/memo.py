"""A property that is computed once: ``functools.cached_property`` without the lock that Python 3.11 takes.

The values of the model are made and looked at millions of times, each by one thread, and to compute one of
these properties twice would do no harm.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # type checkers know how it behaves
    from functools import cached_property as memo
else:

    class memo:  # noqa: N801 - a decorator
        """Computes the property when it is first asked for, and keeps it in the object."""

        def __init__(self, compute: Callable[[Any], Any]) -> None:
            self._compute = compute
            self._name = compute.__name__
            self.__doc__ = compute.__doc__

        def __get__(self, owner, kind=None):
            if owner is None:
                return self
            value = owner.__dict__[self._name] = self._compute(owner)
            return value


__all__ = ("memo",)
