"""An argument of a call: its classes, what recognises the class of a value, and values to choose from."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from snaptree.spec.domains.situation import Situation
from snaptree.spec.profiles import Profile

Chosen = Mapping[str, Any]
"""The arguments of one call by name. Where values are chosen, those that were chosen before."""


def _no_values(situation: Situation, chosen: Chosen) -> Iterable[Any]:
    return ()


def _no_fixed(profile: Profile) -> Iterable[Any]:
    return ()


NO_VALUES: Final = _no_values


@dataclass(frozen=True)
class Argument:
    """A partition of the values of one argument.

    ``classes`` maps the name of each class to the reason why it is one: what has gone wrong with such values,
    or what depends on them. ``class_of`` recognises a value in a situation. Values to choose from are the
    ``here`` ones, which mean something in one situation, and the ``fixed`` ones, which can be chosen in any;
    the first of all is the plainest, and each class that can occur has one. ``after`` names the argument that
    the meaning of a value depends on.
    """

    name: str
    classes: Mapping[str, str]
    class_of: Callable[[Any, Situation, Chosen], str]
    here: Callable[[Situation, Chosen], Iterable[Any]] = NO_VALUES
    fixed: Callable[[Profile], Iterable[Any]] = _no_fixed
    after: str | None = None

    def menu(self, situation: Situation, chosen: Chosen) -> dict[str, list[Any]]:
        """The values that can be chosen in a situation, by class."""
        return self._sorted(
            (*self.here(situation, chosen), *self.fixed(situation.profile)), situation, chosen
        )

    def menu_here(self, situation: Situation, chosen: Chosen) -> dict[str, list[Any]]:
        """The same, of those values alone that mean something in this situation."""
        return self._sorted(self.here(situation, chosen), situation, chosen)

    def _sorted(self, values: Iterable[Any], situation: Situation, chosen: Chosen) -> dict[str, list[Any]]:
        found: dict[str, list[Any]] = {}
        for value in values:
            found.setdefault(self.class_of(value, situation, chosen), []).append(value)
        return found
