"""The moves of the suite's own graph, and those of the Promela model, as pairs of unnamed trees.

The graph tells states apart by the key of ``spec/shapes.py``, which says nothing of names, of the order
of creation and of which content is which. Both sides are brought to one form made here: a tree whose
nodes say whether they are current, equal to their parent, and the target of the move. Where a retired
snapshot once hung is left out: by RETIRE-7 nothing shows it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cache
from typing import Any

from record import BASE, Move, Tree

from snaptree.conformance.methods.graph import Graph, Label

Form = tuple[Any, ...]
Edge = tuple[Form, str, Form]

RETIRED_TARGET = -1
NO_TARGET = -2


def graph_edges(graph: Graph) -> set[Edge]:
    """What the graph method goes through, a label with its target marked in the tree."""
    return {
        (_form_of_key(before, _place(label)), _call(label), _form_of_key(after, NO_TARGET))
        for before, moves in graph.edges.items()
        for label, after in moves.items()
    }


def peer_edges(moves: dict[str, set[str]], bound: int) -> set[Edge]:
    """The same from lines of text. A create from a state without writes is a write and a create."""
    edges: set[Edge] = set()
    creating: dict[Form, Form] = {}
    writing: set[tuple[Form, Form]] = set()
    for move in _parse(moves):
        retired = move.target == bound
        if move.target > bound or (retired and move.call != "reclaim"):
            continue  # The graph asks about no unknown snapshot, and about retired ones only reclaim.
        place = RETIRED_TARGET if retired else move.target
        if move.call in ("write", "create"):
            place = NO_TARGET
        before = _form_of_tree(move.before, place)
        after = _form_of_tree(move.after or move.before, NO_TARGET)
        edges.add((before, move.call, after))
        if move.call == "write":
            writing.add((before, after))
        if move.call == "create":
            creating[before] = after
    edges |= {(clean, "create", creating[dirty]) for clean, dirty in writing if dirty in creating}
    return edges


def _parse(moves: dict[str, set[str]]) -> Iterator[Move]:
    return (Move.parse(f"{before} {rest}") for before, rests in moves.items() for rest in rests)


def _call(label: Label) -> str:
    call, *asked = label
    variant = asked[1] if len(asked) > 1 else ""
    return f"{call}, {variant}" if variant else str(call)


def _place(label: Label) -> int:
    _, *asked = label
    if not asked:
        return NO_TARGET
    return asked[0] if isinstance(asked[0], int) else RETIRED_TARGET


def _form_of_key(key: tuple[Any, ...], target: int) -> Form:
    roots, _, dirty, power, memory, image, retired = key
    if (power, memory, image) != ("off", "none", None):
        raise ValueError(f"the powered-off graph has a state that is not: {key}")
    places = iter(range(1000))

    def node(code: tuple[Any, ...]) -> Form:
        current, _, _, empty, below = code
        marked = next(places) == target
        return current, empty, marked, _sorted(node(one) for one in below)

    return _sorted([node(root) for root in roots]), dirty, len(retired), target == RETIRED_TARGET


@cache
def _form_of_tree(state: str, target: int) -> Form:
    tree = Tree.parse(state)

    def nodes(under: str) -> Form:
        return _sorted(
            (label == tree.current, holds == tree.content(parent), place == target, nodes(label))
            for place, (label, parent, holds) in enumerate(tree.snapshots)
            if parent == under
        )

    return nodes(BASE), tree.dirty, len(tree.retired), target == RETIRED_TARGET


def _sorted(forms: Iterable[Form]) -> Form:
    return tuple(sorted(forms))


def draw_edge(edge: Edge) -> list[str]:
    """An unnamed move: the tree before it with its target, and the tree after it."""
    before, call, after = edge
    return [f"{call}, from", *_draw(before), "to", *_draw(after)]


def _draw(form: Form) -> list[str]:
    roots, dirty, retired, _ = form
    lines = [f"  base{', active written to' if dirty else ''}{f', {retired} retired' if retired else ''}"]

    def add(nodes: Form, depth: int) -> None:
        for current, empty, marked, below in nodes:
            notes = [
                note for note, there in (("current", current), ("equal", empty), ("target", marked)) if there
            ]
            lines.append(f"  {'   ' * depth}o {', '.join(notes)}".rstrip())
            add(below, depth + 1)

    add(roots, 1)
    return lines
