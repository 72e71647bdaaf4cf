"""Draws by class: an operation whose classes, and pairs of classes, were drawn least so far.

The counts belong to one unit of work: what is drawn depends on the seed, on the number of a sequence and on
those before it in its unit, under any number of jobs.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any, Final

from snaptree.spec import operations as ops
from snaptree.spec.domains.argument import Argument
from snaptree.spec.domains.situation import Situation
from snaptree.spec.domains.surroundings import SURROUNDINGS
from snaptree.spec.domains.table import ARGUMENTS, DIMENSIONS
from snaptree.spec.operations import KINDS, Operation
from snaptree.spec.profiles import Profile

Meeting = tuple[str, str, str, str, str]
"""A call, an argument and its class, and another one and its class."""


class ClassDraws:
    """Chooses operations by the classes that were drawn least."""

    def __init__(self, profile: Profile) -> None:
        self._profile = profile
        self._sizes = {call: _pairs_of(DIMENSIONS[call]) for call in ARGUMENTS if _is_drawn(call, profile)}
        self._drawn: Counter[str] = Counter()
        self._classes: Counter[tuple[str, str, str]] = Counter()
        self._met: Counter[Meeting] = Counter()

    def operation(self, situation: Situation, draw: Sequence[int], *, grows: bool) -> Operation:
        """The next operation in a situation; ``draw`` are the bytes that decide what is equally rare.

        Unless it ``grows``, no snapshot is created.
        """
        calls = [call for call in self._sizes if grows or call != "create"]
        call = min(calls, key=lambda one: self._drawn[one] / self._sizes[one])
        self._drawn[call] += 1
        row = [(one.name, one.class_of(None, situation, {})) for one in SURROUNDINGS]
        chosen: dict[str, Any] = {}
        for place, argument in enumerate(ARGUMENTS[call]):
            menu = argument.menu(situation, chosen)
            name = self._rarest(call, argument, [*menu], row, draw[place % len(draw)])
            values = menu[name]
            chosen[argument.name] = values[draw[(place + 1) % len(draw)] % len(values)]
            row.append((argument.name, name))
        self._record(call, row)
        return KINDS[call](**chosen)

    def _rarest(
        self, call: str, argument: Argument, names: list[str], row: list[tuple[str, str]], drawn: int
    ) -> str:
        """The class that was drawn least, then the one that meets the others least often."""
        first = drawn % len(names)

        def rarity(name: str) -> tuple[bool, int, int]:
            times = [self._met[call, *other, argument.name, name] for other in row]
            single = self._classes[call, argument.name, name]
            return single > 0, -times.count(0), sum(times)

        return min(names[first:] + names[:first], key=rarity)

    def _record(self, call: str, row: list[tuple[str, str]]) -> None:
        for place, (argument, name) in enumerate(row):
            self._classes[call, argument, name] += 1
            for other in row[:place]:
                self._met[call, *other, argument, name] += 1


_POWER: Final[tuple[tuple[Operation, ...], ...]] = (
    (),
    (ops.Start(), ops.Pause()),
    (ops.Start(), ops.ManagedSave()),
    (ops.Start(),),
)

_FORK: Final = (ops.Create("p1"), ops.Create("p2"), ops.Revert("s1"), ops.Create("p3"))
_TREES: Final[tuple[tuple[Operation, ...], ...]] = (
    (),
    (*_FORK, ops.MergeIntoChildren("s1")),
    _FORK,
    (ops.Create("p1"), ops.Create("p2"), ops.Retire("s1")),
)


def prelude(profile: Profile, drawn: int) -> tuple[Operation, ...]:
    """What a sequence begins with, so that classes also meet trees and power states that are seldom drawn.

    The calls are claimed; where the model refuses one it is refused, and the sequence goes on.
    """
    tree, power = _TREES[drawn % len(_TREES)], _POWER[drawn // len(_TREES) % len(_POWER)]
    return tuple(one for one in (*tree, *power) if profile.claims(one.call))


_ENDING: Final = frozenset({"undefine", "undefine_forced", "crash"})


def _is_drawn(call: str, profile: Profile) -> bool:
    return profile.claims(call) and bool(ARGUMENTS[call]) and call not in _ENDING


def _pairs_of(row: Sequence[Argument]) -> int:
    """How many pairs of classes a call has, feasible or not."""
    sizes = [len(one.classes) for one in row]
    return (sum(sizes) ** 2 - sum(size**2 for size in sizes)) // 2
