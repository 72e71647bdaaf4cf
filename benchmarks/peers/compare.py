"""A second model of the powered-off tree, in Promela, compared with ours edge by edge.

    python benchmarks/peers/compare.py                        the gate: tree=5 and storage=3
    python benchmarks/peers/compare.py --graph tree=3         one graph
    python benchmarks/peers/compare.py --faults               plant each fault; each must be found

Two comparisons a graph. *Moves*: every state of each model with every move out of it, contents, answer,
kinds of refusal and casualties included. *Shapes*: the moves of the graph that ``snaptree check``
tours, against those of the Promela model, as unnamed trees. Exit code 0: equal. 1: they differ, or a
fault was not found. 2: wrong usage. 3: spin or gcc is missing, or ended with an error.
"""

from __future__ import annotations

import argparse
import resource
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from unittest.mock import patch

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from faults import OURS, PEER, Fault
from ours import walk
from record import Tree, draw
from shapes import draw_edge, graph_edges, peer_edges
from spin import Search, SpinError, missing_tools, search
from tables import print_table, print_title

from snaptree.conformance.methods import graph as graph_method
from snaptree.spec.profiles import load_profile
from snaptree.spec.semantics import step

SCOPES: Final = ("tree", "storage")


@dataclass(frozen=True, slots=True)
class Bounds:
    """A graph: its scope, how many snapshots, and which contents are told apart."""

    scope: str
    snapshots: int
    patterns: bool
    equal: bool

    def __str__(self) -> str:
        notes = ["all patterns"] if self.patterns else []
        return ", ".join(
            [f"{self.scope}={self.snapshots}", *notes, *(["equal points"] if self.equal else [])]
        )

    @property
    def storage(self) -> bool:
        return self.scope == "storage"


GATE: Final = (
    Bounds("tree", 5, patterns=False, equal=False),
    Bounds("tree", 4, patterns=True, equal=False),
    Bounds("tree", 3, patterns=True, equal=True),
    Bounds("storage", 3, patterns=False, equal=False),
    Bounds("storage", 2, patterns=True, equal=True),
)

FAULTY_TREE: Final = Bounds("tree", 3, patterns=True, equal=False)
FAULTY_STORAGE: Final = Bounds("storage", 2, patterns=True, equal=False)
"""Small graphs that every planted fault shows in."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """What was compared, and the differences: the smallest one as lines of text."""

    states: int
    moves: int
    shapes: int
    differences: int
    smallest: tuple[str, ...]


def compare(bounds: Bounds, peer: Search, fault: Fault | None = None) -> Comparison:
    """Both comparisons of one graph."""
    profile = load_profile("rfc")
    ours: dict[str, set[str]] = {}
    model = step if fault is None else fault.step(step)
    for line in walk(
        model, profile, bounds.snapshots, storage=bounds.storage, equal=bounds.equal, patterns=bounds.patterns
    ):
        before, _, rest = line.partition(" ")
        ours.setdefault(before, set()).add(rest)
    only = [
        (line, who)
        for who, here, there in (("spec/semantics", ours, peer.moves), ("layers.pml", peer.moves, ours))
        for before, rests in here.items()
        for line in (f"{before} {rest}" for rest in rests - there.get(before, set()))
    ]
    smallest = _smallest_move(only, ours, peer.moves)
    shapes = 0
    differences = len(only)
    if not bounds.equal:
        with patch.object(graph_method, "step", model):
            graph = graph_method.explore(profile, bounds.snapshots, "storage" if bounds.storage else "tree")
        toured, expected = graph_edges(graph), peer_edges(peer.moves, bounds.snapshots)
        shapes = len(toured & expected)
        apart = sorted(toured ^ expected, key=lambda edge: (len(repr(edge)), repr(edge)))
        differences += len(apart)
        if apart and not smallest:
            where = "the graph of the suite" if apart[0] in toured else "layers.pml"
            smallest = [f"only {where} has", *draw_edge(apart[0])]
    moves = sum(len(rests & peer.moves.get(before, set())) for before, rests in ours.items())
    return Comparison(len(ours), moves, shapes, differences, tuple(smallest))


def _smallest_move(
    only: list[tuple[str, str]], ours: dict[str, set[str]], theirs: dict[str, set[str]]
) -> list[str]:
    """The move with the fewest snapshots that only one side has, and what the other side does there."""
    if not only:
        return []
    # A state that one side never reaches says less than a move that both were asked.
    line, who = min(
        only, key=lambda one: (_before(one[0]) not in ours or _before(one[0]) not in theirs, len(one[0]), one)
    )
    before, _, rest = line.partition(" ")
    lines = ["before", *Tree.parse(before).draw(), f"{who} says", *draw(line)]
    other, there = ("layers.pml", theirs) if who == "spec/semantics" else ("spec/semantics", ours)
    asked = rest.split(" ")[:2]
    for answer in sorted(there.get(before, ())):
        if answer.split(" ")[:2] == asked:
            lines += [f"{other} says", *draw(f"{before} {answer}")]
    if before not in there:
        lines.append(f"{other} never reaches this state")
    return lines


def _before(line: str) -> str:
    return line.partition(" ")[0]


def run_gate(graphs: tuple[Bounds, ...], fault: Fault | None = None) -> int:
    """Compare each graph, print a table, and draw the smallest difference of each that has one."""
    rows, drawn = [], []
    for bounds in graphs:
        peer = _search(bounds, 0 if fault is None else fault.number)
        began = time.perf_counter()
        result = compare(bounds, peer, fault)
        seconds = time.perf_counter() - began
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        figures = (result.states, peer.states, result.moves, result.shapes, result.differences)
        rows.append(
            (
                str(bounds), *(f"{figure:,}" for figure in figures),
                f"{peer.seconds:.1f} + {seconds:.1f}", f"{peer.mebibytes:.0f} + {memory:.0f}",
            )
        )  # fmt: skip
        if result.differences:
            drawn.append([f"{bounds}: the smallest of {result.differences:,} differences", *result.smallest])
    print_table(
        ("graph", "states", "states of pan", "equal moves", "equal shapes", "differences", "s", "MiB"), rows
    )
    for lines in drawn:
        print("\n".join(lines) + "\n")
    return 1 if drawn else 0


def run_faults() -> int:
    """Plant every fault in turn; the exit code is 1 if a comparison misses one."""
    missed = 0
    every = [("layers.pml", fault) for fault in PEER] + [("spec/semantics", fault) for fault in OURS]
    for where, fault in every:
        bounds = FAULTY_STORAGE if fault.storage else FAULTY_TREE
        result = compare(bounds, _search(bounds, fault.number), fault)
        found = f"{result.differences:,} differences" if result.differences else "NOT FOUND"
        print(f"{found:>20}  {where}: {fault.says}", flush=True)
        missed += not result.differences
    print(f"{len(every) - missed} of {len(every)} planted faults found")
    return 1 if missed else 0


def _search(bounds: Bounds, fault: int = 0) -> Search:
    return search(
        bounds.snapshots, storage=bounds.storage, equal=bounds.equal, patterns=bounds.patterns, fault=fault
    )


def _graph(text: str) -> tuple[str, int]:
    scope, _, bound = text.partition("=")
    if scope not in SCOPES or bound not in ("1", "2", "3", "4", "5", "6"):
        raise argparse.ArgumentTypeError(f"{text!r} is no graph; say tree=N or storage=N, N from 1 to 6")
    return scope, int(bound)


def _fault(text: str) -> Fault:
    where, _, number = text.partition(" ")
    faults = {"layers.pml": PEER, "spec/semantics": OURS}.get(where, ())
    if not number.isdecimal() or not 1 <= int(number) <= len(faults):
        raise argparse.ArgumentTypeError(
            f"{text!r} is no fault; say 'layers.pml K' with K up to {len(PEER)}, "
            f"or 'spec/semantics K' with K up to {len(OURS)}"
        )
    return faults[int(number) - 1]


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--graph", type=_graph, help="only this graph, such as tree=3 or storage=2")
    parser.add_argument(
        "--patterns", action="store_true", help="with --graph: all patterns of who wrote a block"
    )
    parser.add_argument("--equal", action="store_true", help="with --graph: create without a write, too")
    parser.add_argument(
        "--faults", action="store_true", help="plant faults in either model; each must be found"
    )
    parser.add_argument("--fault", type=_fault, help="plant one: 'layers.pml 1', 'spec/semantics 3'")
    options = parser.parse_args()
    missing = missing_tools()
    if missing:
        print(
            f"missing: {', '.join(missing)}; apt-get install --no-install-recommends spin gcc libc6-dev",
            file=sys.stderr,
        )
        return 3
    print_title("The powered-off tree in two models: spec/semantics and benchmarks/peers/layers.pml")
    try:
        if options.faults:
            return run_faults()
        if options.graph is None:
            return run_gate(GATE, options.fault)
        return run_gate(
            (Bounds(*options.graph, patterns=options.patterns, equal=options.equal),), options.fault
        )
    except SpinError as error:
        print(error, file=sys.stderr)
        return 3


if __name__ == "__main__":
    sys.exit(main())
