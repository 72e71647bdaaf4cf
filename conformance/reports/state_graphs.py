"""The bounded state graph for other programs: GraphML, DOT, and the node-link JSON that networkx reads."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from hashlib import sha256
from typing import Any, Final

from lxml import etree

from snaptree.conformance.methods.graph import Graph, Label
from snaptree.spec.digests import profile_digest, specification_digest
from snaptree.spec.rules import specification_version
from snaptree.spec.shapes import Code
from snaptree.spec.text import plain

_GRAPHML: Final = "http://graphml.graphdrawing.org/xmlns"

Edge = tuple[int, int, str]
"""Where a move begins, where it leads, and the move in words."""


def edges_of(graph: Graph) -> Iterator[Edge]:
    """Every move, by the numbers of its states; a write alone is a move too."""
    numbers = {code: number for number, code in enumerate(graph.edges)}
    for number, leaving in enumerate(graph.edges.values()):
        for label, there in leaving.items():
            yield number, numbers[there], label_text(label)


def label_text(label: Label) -> str:
    """A move: ``revert(#0)`` on the first snapshot in the canonical order, ``create(memory)``."""
    call, *rest = label
    words = [f"#{part}" if type(part) is int and place == 0 else str(part) for place, part in enumerate(rest)]
    return plain(f"{call}({', '.join(word for word in words if word)})", 200)


def state_text(code: Code) -> str:
    """A state in one line: the tree with ``*`` at the current snapshot, and the active state.

    ``base(s(s*) s)``: a root with a child, which is current, and another root.
    """
    roots, at_base, dirty, power, memory, image, retired, *rest = code
    words = [f"base{'*' if at_base else ''}{_family(roots)}", power]
    words += ["written to"] if dirty else []
    words += [] if memory == "none" else [f"memory {memory}"]
    words += [] if image is None else ["saved"]
    words += [f"{len(retired)} retired"] if retired else []
    return ", ".join([*words, *map(str, rest)])


def _family(codes: tuple[Code, ...]) -> str:
    """Siblings with all that is below them. Ages, if any, are not shown."""
    if not codes:
        return ""
    return f"({' '.join(_snapshot(code) for code in codes)})"


def _snapshot(code: Code) -> str:
    current, power, memory, empty, below = code[:5]
    marks = f"{'*' if current else ''}{'' if power == 'off' else '+' + power}"
    marks += f"{'' if memory == 'none' else '+memory'}{'=' if empty else ''}"
    return f"s{marks}{_family(below)}"


def facts_of(graph: Graph) -> dict[str, Any]:
    """What a graph is of."""
    return {
        "specification": specification_version,
        "specification_digest": specification_digest(),
        "profile": graph.profile.name,
        "profile_digest": profile_digest(graph.profile),
        "scope": graph.scope,
        "snapshots": graph.bound,
        "states": len(graph.edges),
        "transitions": graph.transitions,
    }


def graph_digest(graph: Graph) -> str:
    """SHA-256, in hexadecimal, of a graph: its states in order, each with its moves in order."""
    numbers = {code: number for number, code in enumerate(graph.edges)}
    digest = sha256()
    for code, leaving in graph.edges.items():
        digest.update(f"{code!r}\n".encode())
        digest.update("".join(f"{label!r} {numbers[there]}\n" for label, there in leaving.items()).encode())
    return digest.hexdigest()


def as_json(graph: Graph) -> bytes:
    """Node-link JSON, as ``networkx.node_link_graph`` reads it."""
    record = {
        "directed": True,
        "multigraph": True,
        "graph": facts_of(graph),
        "nodes": [{"id": number, "state": state_text(code)} for number, code in enumerate(graph.edges)],
        "links": [
            {"source": here, "target": there, "key": key, "move": move}
            for key, (here, there, move) in enumerate(edges_of(graph))
        ],
    }
    return json.dumps(record, ensure_ascii=True, indent=0).encode() + b"\n"


def as_dot(graph: Graph) -> bytes:
    """Graphviz's language. Moves that end where they begin are left out: they hide all others."""
    name = f"{graph.profile.name} {graph.scope}={graph.bound}"
    lines = [f"digraph {_quoted(plain(name, 200))} {{", "  node [shape=box];"]
    for number, code in enumerate(graph.edges):
        lines.append(f"  {number} [label={_quoted(f'{number}: {state_text(code)}')}];")
    for here, there, move in edges_of(graph):
        if here != there:
            lines.append(f"  {here} -> {there} [label={_quoted(move)}];")
    return "\n".join([*lines, "}", ""]).encode()


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def as_graphml(graph: Graph) -> bytes:
    """GraphML, with the text of each state and move as an attribute."""
    spaces: Any = {None: _GRAPHML}  # the stubs know no default namespace
    root = etree.Element(f"{{{_GRAPHML}}}graphml", nsmap=spaces)
    for name, of in (("state", "node"), ("move", "edge")):
        keys = {"id": name, "for": of, "attr.name": name, "attr.type": "string"}
        etree.SubElement(root, f"{{{_GRAPHML}}}key", keys)
    facts = facts_of(graph)
    for name in facts:
        keys = {"id": f"graph-{name}", "for": "graph", "attr.name": name, "attr.type": "string"}
        etree.SubElement(root, f"{{{_GRAPHML}}}key", keys)
    body = etree.SubElement(root, f"{{{_GRAPHML}}}graph", {"edgedefault": "directed"})
    for name, value in facts.items():
        _datum(body, f"graph-{name}", plain(str(value), 200))
    for number, code in enumerate(graph.edges):
        node = etree.SubElement(body, f"{{{_GRAPHML}}}node", {"id": f"n{number}"})
        _datum(node, "state", state_text(code))
    for here, there, move in edges_of(graph):
        edge = etree.SubElement(body, f"{{{_GRAPHML}}}edge", {"source": f"n{here}", "target": f"n{there}"})
        _datum(edge, "move", move)
    return bytes(etree.tostring(root, xml_declaration=True, encoding="ASCII", pretty_print=True))


def _datum(element: etree._Element, key: str, text: str) -> None:
    etree.SubElement(element, f"{{{_GRAPHML}}}data", {"key": key}).text = text


EXPORTS: Final[dict[str, Callable[[Graph], bytes]]] = {
    "graphml": as_graphml,
    "dot": as_dot,
    "json": as_json,
}
"""What a graph can be written as."""
