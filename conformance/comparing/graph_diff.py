"""Two records of a bounded graph compared: which transitions answer otherwise, and in which states."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from snaptree.conformance.comparing.graph_record import Record


@dataclass(frozen=True)
class Otherwise:
    """A transition that answers otherwise: the state before it, the call, and both answers."""

    state: Record
    call: str
    kind: str
    one: Record
    other: Record


@dataclass(frozen=True)
class GraphDiff:
    """The difference of two graphs. ``only_one`` and ``only_other`` are states that one reaches alone.

    ``compared`` counts the transitions of the states that both reach.
    """

    compared: int
    otherwise: tuple[Otherwise, ...]
    only_one: tuple[Record, ...]
    only_other: tuple[Record, ...]
    calls_of_one: tuple[str, ...]
    calls_of_other: tuple[str, ...]

    @property
    def equal(self) -> bool:
        """Whether both graphs have the same states, calls and answers."""
        found = (self.otherwise, self.only_one, self.only_other, self.calls_of_one, self.calls_of_other)
        return not any(found)

    @property
    def by_call(self) -> Counter[tuple[str, str]]:
        """How many transitions answer otherwise, by call and kind of change."""
        return Counter((one.call.partition("(")[0], one.kind) for one in self.otherwise)

    def smallest(self) -> Iterator[tuple[int, Otherwise]]:
        """For each call and kind of change the smallest case, with how many there are."""
        first: dict[tuple[str, str], Otherwise] = {}
        for one in sorted(self.otherwise, key=_size):
            first.setdefault((one.call.partition("(")[0], one.kind), one)
        for key, one in first.items():
            yield self.by_call[key], one


def compare_graphs(one: Record, other: Record) -> GraphDiff:
    """Compare the answers in every state that both graphs have."""
    here, there = _states(one), _states(other)
    found: list[Otherwise] = []
    compared = 0
    only: tuple[set[str], set[str]] = set(), set()
    for key in here.keys() & there.keys():
        mine, theirs = _moves(here[key]), _moves(there[key])
        only[0].update(mine[label]["call"].partition("(")[0] for label in mine.keys() - theirs.keys())
        only[1].update(theirs[label]["call"].partition("(")[0] for label in theirs.keys() - mine.keys())
        for label in mine.keys() & theirs.keys():
            compared += 1
            left, right = mine[label]["answer"], theirs[label]["answer"]
            if left != right:
                found.append(Otherwise(here[key], mine[label]["call"], _kind(left, right), left, right))
    return GraphDiff(
        compared,
        tuple(sorted(found, key=_size)),
        tuple(state for key, state in here.items() if key not in there),
        tuple(state for key, state in there.items() if key not in here),
        tuple(sorted(only[0])),
        tuple(sorted(only[1])),
    )


def answer_text(answer: Record) -> str:
    """An answer in words; a snapshot is its place in the tree."""
    if "refused" in answer:
        casualties = answer.get("casualties")
        lost = "" if casualties is None else f", casualties: {', '.join(casualties) or 'the target itself'}"
        return f"refused as {' or '.join(answer['refused'])}{lost}"
    return "accepted"


def changes(one: Record, other: Record) -> list[str]:
    """Where two accepted answers differ, in words."""
    if "refused" in one or "refused" in other:
        return []
    lines = [
        f"{key}: {_text(one.get(key))}, and {_text(other.get(key))}"
        for key in sorted(one.keys() | other.keys())
        if key != "tree" and one.get(key) != other.get(key)
    ]
    left, right = one.get("tree", {}), other.get("tree", {})
    for place in sorted(left.keys() | right.keys()):
        if left.get(place) != right.get(place):
            lines.append(f"{place}: {_text(left.get(place))}, and {_text(right.get(place))}")
    return lines


def _states(record: Record) -> dict[str, Record]:
    return {state["state"]: state for state in record["states"]}


def _moves(state: Record) -> dict[str, Record]:
    return {repr(move["move"]): move for move in state["moves"]}


def _kind(one: Record, other: Record) -> str:
    if "refused" in one and "refused" in other:
        return "is refused otherwise"
    if "refused" in one:
        return "is refused, and accepted"
    return "is accepted, and refused" if "refused" in other else "has another effect"


def _size(one: Otherwise) -> tuple[int, int, str]:
    return len(one.state["tree"]["snapshots"]), len(one.state["way"]), one.call


def _text(value: Any) -> str:
    if value is None:
        return "none"
    if isinstance(value, dict):
        return ", ".join(f"{key} {_text(part)}" for key, part in value.items())
    if isinstance(value, list):
        return f"[{', '.join(map(_text, value))}]"
    return str(value)
