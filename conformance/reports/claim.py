"""What a run claims, in the words of the chapter on claims, and what it did not put to the test."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from snaptree.conformance.judging.record import MethodResult, RunRecord
from snaptree.conformance.methods.bounds import LOOKS, Bounds

ASSUMPTIONS: Final = {
    "H1": "it is deterministic",
    "H2": "it has no hidden state but what the last k calls left",
    "H3": "it treats all values of one class alike",
    "H4": "looking changes nothing and tells the truth",
    "H5": "the model is what the text says",
    "H6": "one caller, no fault, no crash",
}
"""The assumptions of the chapter, of the system that was tested but for H5."""

OUTSIDE: Final = {
    "H5": "by the tests of snaptree, never by a run",
    "H6": "by no method of this run",
}
"""Where an assumption is put to the test that no run tests in full."""

_PARTLY: Final = {
    "crashes": "crashes",
    "power": "losses of power",
    "failures": "faults of storage",
    "held": "several callers",
}
"""The methods that test H6 in part, and what of it they test."""

NEEDED: Final = {"H1": "histories", "H2": "histories", "H3": "values", "H4": "looks"}
"""The method that tries to refute an assumption."""


@dataclass(frozen=True)
class Toured:
    """A graph, or its tuples of calls, or its paths with other looks: how much of it was done."""

    scope: str
    bound: int
    states: int
    total: int
    covered: int
    complete: bool

    @property
    def whole(self) -> bool:
        """Whether each of its items was done, and none deviated or was out of reach."""
        return self.complete and self.covered == self.total

    @property
    def text(self) -> str:
        """In words: all of it, or how much."""
        size = f"{self.states:,} states, {self.total:,} transitions"
        left = "" if self.whole else f", of which {self.covered:,} held"
        return f"{self.scope}={self.bound} ({size}{left})"

    def to_json(self) -> dict[str, Any]:
        """The form in the report."""
        return {
            "scope": self.scope,
            "snapshots": self.bound,
            "states": self.states,
            "items": self.total,
            "covered": self.covered,
            "complete": self.complete,
        }


@dataclass(frozen=True)
class Claim:
    """The claim of a run: its graphs, k and the graphs that it holds for, looks, and orders of creation.

    ``looks`` has the graphs by how often the state was looked at, beside once. ``every_order`` is the most
    snapshots of the trees that were made in each order of creation, 0 for none. ``untested`` are assumptions
    that the run did not put to the test, each with the reason. ``calls`` are those that the chosen rules
    speak of, None for every call: the graphs and k hold for transitions and rows that end in one of them.
    """

    graphs: tuple[Toured, ...]
    k: int
    histories: tuple[Toured, ...]
    looks: dict[str, tuple[Toured, ...]]
    every_order: int
    untested: dict[str, str]
    calls: tuple[str, ...] | None = None

    def sentences(self) -> Iterator[str]:
        """The claim as lines of the report."""
        if self.graphs:
            made = ", ".join(graph.text for graph in self.graphs)
            yield f"each {self._call} of the scope in each state, after one history each (k = 0): {made}"
        else:
            yield "no graph was toured: nothing is claimed for all states of any bound"
        if self.k:
            rows = f"every {self.k + 1} calls in a row" + ("" if self.calls is None else " whose last is one")
            yield f"k = {self.k}: {rows} in each state of {_names(self.histories)}"
        looked = ["looks: once after each call"]
        looked += [f"{_LOOKS[asked]} in {_names(graphs)}" for asked, graphs in self.looks.items()]
        yield "; ".join(looked)
        every = f"; every order in trees of up to {self.every_order} snapshots" if self.every_order else ""
        yield f"one order of creation for each shape of a tree{every}"
        untested = [f"{one} {ASSUMPTIONS[one]} ({why})" for one, why in self.untested.items()]
        yield f"not put to the test: {'; '.join(untested)}"

    @property
    def _call(self) -> str:
        if self.calls is None:
            return "call"
        named = ", ".join(self.calls) if len(self.calls) <= FEW else f"{len(self.calls)} calls"
        return f"call that the chosen rules speak of ({named})"

    def to_json(self) -> dict[str, Any]:
        """The form in the report."""
        return {
            "calls": None if self.calls is None else list(self.calls),
            "graphs": [graph.to_json() for graph in self.graphs],
            "k": self.k,
            "histories": [graph.to_json() for graph in self.histories],
            "looks": {"one": True, **{asked: self._looked(asked) for asked in LOOKS}},
            "orders_of_creation": {"each_shape": "one", "every_up_to": self.every_order},
            "assumptions": [
                {"id": one, "text": text, "tested": one not in self.untested, "why_not": self._why_not(one)}
                for one, text in ASSUMPTIONS.items()
            ],
        }

    def _looked(self, asked: str) -> list[dict[str, Any]]:
        return [graph.to_json() for graph in self.looks.get(asked, ())]

    def _why_not(self, assumption: str) -> str:
        return self.untested.get(assumption, "")


FEW: Final = 6
"""Calls that are named; of more the number is."""

_LOOKS: Final = {"none": "none between calls", "two": "two after each call"}


def claim_of(record: RunRecord, bounds: Bounds) -> Claim:
    """The claim of a run. Of what was not done to the end nothing is claimed for all states."""
    histories = tuple(_toured(record, "histories", "histories-"))
    looks = {asked: tuple(_toured(record, "looks", f"looks-{asked}-")) for asked in LOOKS}
    graphs = tuple(_toured(record, "exhaustive", ""))
    ages = [graph.bound for graph in graphs if graph.scope == "ages" and graph.complete]
    return Claim(
        graphs,
        bounds.history if histories else 0,
        histories,
        {asked: done for asked, done in looks.items() if done},
        max(ages, default=0),
        dict(_untested(record)),
        None if bounds.calls is None else tuple(sorted(bounds.calls)),
    )


def _toured(record: RunRecord, method: str, prefix: str) -> Iterator[Toured]:
    for key, part in record.methods.items():
        if part.method == method and key.startswith(prefix) and part.complete:
            scope, _, bound = key.removeprefix(prefix).rpartition("-")
            yield Toured(scope, int(bound), part.states, part.total, part.covered, part.complete)


def _untested(record: RunRecord) -> Iterator[tuple[str, str]]:
    for assumption in ASSUMPTIONS:
        if assumption in OUTSIDE:
            done = {part.method for part in record.methods.values() if part.complete}
            yield assumption, _in_part(done) if assumption == "H6" else OUTSIDE[assumption]
            continue
        method = NEEDED[assumption]
        parts = [part for part in record.methods.values() if part.method == method]
        missing = [asked for asked in LOOKS if not any(f"-{asked}-" in key for key in record.methods)]
        if not parts:
            yield assumption, f"{method} was not asked for"
        elif assumption == "H4" and missing:
            yield assumption, f"looks: {missing[0]} was not asked for"
        elif not all(part.complete for part in parts):
            yield assumption, f"{method} was not completed"
        elif not any(_held(part) for part in parts):
            yield assumption, f"{method} reached nothing"


def _in_part(done: set[str]) -> str:
    """What of H6 was tested, and what was not."""
    tested = [text for method, text in _PARTLY.items() if method in done]
    other = [text for method, text in _PARTLY.items() if method not in done]
    if not tested:
        return OUTSIDE["H6"]
    return f"tested with {_listed(tested)}" + (f"; not with {_listed(other)}" if other else " only")


def _listed(names: list[str]) -> str:
    *first, last = names
    return f"{', '.join(first)} and {last}" if first else last


def _held(part: MethodResult) -> bool:
    return part.covered + part.deviated > 0


def _names(graphs: tuple[Toured, ...]) -> str:
    return ", ".join(f"{graph.scope}={graph.bound}" + ("" if graph.whole else " in part") for graph in graphs)
