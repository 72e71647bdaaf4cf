"""The nearest state with pending transitions, from any state of a graph.

One search backwards from all those states gives the distance of every state to the nearest of them; a way
then follows decreasing distances. The search is repeated when one of those states is finished, or when a
move leads elsewhere, which is seldom compared with the steps in between.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from typing import Final

from snaptree.conformance.methods.graph import Graph, Label
from snaptree.spec.shapes import Code

NOWHERE: Final = -1


class Ways:
    """The ways to states with pending transitions. States are numbers here, because codes hash slowly."""

    def __init__(self, graph: Graph) -> None:
        self._numbers = {code: number for number, code in enumerate(graph.edges)}
        self._out: list[list[tuple[Label, int]]] = [
            [(label, self._numbers[there]) for label, there in leaving.items()]
            for leaving in graph.edges.values()
        ]
        self._into: list[set[int]] = [set() for _ in self._out]
        for here, leaving in enumerate(self._out):
            for _, there in leaving:
                self._into[there].add(here)
        self._barred: dict[int, set[Label]] = {}
        self._distances: list[int] | None = None

    def changed(self) -> None:
        """Record that a state has no pending transition left."""
        self._distances = None

    def bar(self, state: Code, label: Label) -> None:
        """Record that a move leads nowhere."""
        here = self._numbers[state]
        barred = self._barred.setdefault(here, set())
        barred.add(label)
        (there,) = (target for one, target in self._out[here] if one == label)
        if not any(target == there and one not in barred for one, target in self._out[here]):
            # No other move leads there from here.
            self._into[there].discard(here)
        self._distances = None

    def barred(self, state: Code, label: Label) -> bool:
        """Whether the move was recorded as leading nowhere."""
        return label in self._barred.get(self._numbers[state], ())

    def distance(self, state: Code, left: Callable[[], Iterable[Code]]) -> int:
        """The number of moves to the nearest state with something ``left``; ``NOWHERE`` if there is none."""
        return self._known(left)[self._numbers[state]]

    def way(self, state: Code, left: Callable[[], Iterable[Code]]) -> list[Label]:
        """The moves to the nearest state with something left; there must be one."""
        distances = self._known(left)
        here = self._numbers[state]
        way: list[Label] = []
        while distances[here] > 0:
            barred = self._barred.get(here, ())
            label, here = next(
                (label, there)
                for label, there in self._out[here]
                if distances[there] == distances[here] - 1 and label not in barred
            )
            way.append(label)
        return way

    def _known(self, left: Callable[[], Iterable[Code]]) -> list[int]:
        if self._distances is None:
            self._distances = self._searched(self._numbers[code] for code in left())
        return self._distances

    def _searched(self, goals: Iterable[int]) -> list[int]:
        distances = [NOWHERE] * len(self._out)
        waiting = deque(goals)
        for goal in waiting:
            distances[goal] = 0
        while waiting:
            here = waiting.popleft()
            for before in self._into[here]:
                if distances[before] == NOWHERE:
                    distances[before] = distances[here] + 1
                    waiting.append(before)
        return distances
