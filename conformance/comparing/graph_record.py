"""A bounded state graph as a record: what the model answers in every state, in words that any model can read.

The answers have no ids, names or values. A state is its key; a snapshot is its place in the canonical order,
and content is where it was before the call. So records of two profiles, or of two versions of the
specification, can be compared, though one of them is a file that an earlier release wrote.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from snaptree.conformance.driver import DEFAULT_DISKS
from snaptree.conformance.methods.graph import UNUSED, Move, Scope, moves, shape_in
from snaptree.conformance.reports.words import call_text
from snaptree.schemas import SchemaViolation, check_against
from snaptree.spec.files import read_regular
from snaptree.spec.json_text import InvalidJson, read_json
from snaptree.spec.outcomes import Accepted, Outcome
from snaptree.spec.profiles import Profile
from snaptree.spec.rules import specification_version
from snaptree.spec.semantics import step
from snaptree.spec.shapes import Code, is_dirty
from snaptree.spec.state import Domain, Point, blank_domain
from snaptree.spec.text import plain

GRAPH_VERSION: Final = 1

MOST_OF_A_GRAPH: Final = 256 * 1024 * 1024
"""The largest record that is read, in bytes."""

Record = dict[str, Any]


class GraphError(ValueError):
    """A record that cannot be read; the text names the file and the reason."""


def record_graph(profile: Profile, bound: int, scope: Scope) -> Record:
    """The record of a bounded graph, the smallest states first."""
    blank = blank_domain(DEFAULT_DISKS)
    start = shape_in(scope, blank).key
    ways: dict[Code, tuple[str, ...]] = {start: ()}
    waiting = deque([(start, blank)])
    states: list[Record] = []
    while waiting:
        key, here = waiting.popleft()
        answers: list[Record] = []
        for move in moves(here, shape_in(scope, here), profile, bound, scope):
            prepared, outcome, words = _made(here, move, profile)
            after = outcome.domain if isinstance(outcome, Accepted) else prepared
            there = shape_in(scope, after).key
            if move.operation is not None:
                answers.append(
                    {
                        "move": _plain(move.label),
                        "call": words[-1],
                        "answer": _answer(prepared, outcome, scope),
                    }
                )
            if there not in ways:
                ways[there] = (*ways[key], *words)
                waiting.append((there, after))
        states.append({"state": repr(key), "way": list(ways[key]), "tree": _tree(here), "moves": answers})
    return {
        "graph": GRAPH_VERSION,
        "specification": specification_version,
        "profile": profile.name,
        "scope": scope,
        "snapshots": bound,
        "states": states,
    }


def read_graph(path: Path) -> Record:
    """Read a record that ``snaptree graph export`` wrote. Raises GraphError, in one sentence."""
    try:
        record = read_json(read_regular(path, MOST_OF_A_GRAPH).decode("utf-8"))
        check_against("graph", record)
    except OSError as error:
        raise GraphError(f"{path}: {error.strerror or 'cannot be read'}") from None
    except UnicodeDecodeError:
        raise GraphError(f"{path}: not an exported graph: it is not UTF-8 text") from None
    except (InvalidJson, SchemaViolation, RecursionError) as error:
        raise GraphError(f"{path}: not an exported graph: {plain(str(error), 400)}") from None
    assert isinstance(record, dict), "the schema says so"
    return record


def _made(domain: Domain, move: Move, profile: Profile) -> tuple[Domain, Outcome, list[str]]:
    """The domain before the call of a move, the outcome of the call, and all that was asked, in words."""
    prepared, words = domain, []
    outcome: Outcome = Accepted(None, domain)
    for operation in move.operations(domain, UNUSED):
        prepared = outcome.domain if isinstance(outcome, Accepted) else prepared
        words.append(call_text(operation, prepared))
        outcome = step(prepared, operation, profile)
    return prepared, outcome, words


def _plain(label: tuple[Any, ...]) -> list[Any]:
    return [part if part is None or isinstance(part, (str, int)) else repr(part) for part in label]


def _tree(domain: Domain) -> Record:
    """What is needed to draw the state: an observation without content."""
    return {
        "snapshots": [{"id": one.id, "name": one.name, "parent": one.parent} for one in domain.in_order()],
        "current": domain.current,
        "active": {"power": f"{domain.active.power}{', written to' if is_dirty(domain) else ''}"},
        "managed_save": None if domain.managed_save is None else domain.managed_save.power,
        "retired": sorted(one.name for one in domain.retired.values()),
    }


def _answer(before: Domain, outcome: Outcome, scope: Scope) -> Record:
    """An outcome by places: what was refused, or where everything is afterwards."""
    order = shape_in(scope, before).order
    places = {snapshot: f"#{place}" for place, snapshot in enumerate(order)}
    if not isinstance(outcome, Accepted):
        lost = outcome.casualties
        named = None if lost is None else sorted(places.get(one, one) for one in lost.to_json())
        return {"refused": sorted(outcome.kinds), "casualties": named}
    after = outcome.domain
    places |= {one: "new" for one in after.snapshots if one not in places}
    was = dict(_contents(before, places))
    return {
        "tree": {
            places[one.id]: {
                "parent": places.get(one.parent or "", "base"),
                "holds": _held(one.point, was),
                "captured": _captured(one.captured, before, places),
            }
            for one in after.in_order()
        },
        "current": places.get(after.current or "", "base"),
        "active": _held(after.active, was),
        "base": _held(after.base, was),
        "managed_save": None if after.managed_save is None else after.managed_save.power,
        "retired": sorted(places.get(one, one) for one in after.retired),
        "result": _named(outcome.result, places),
    }


def _contents(domain: Domain, places: Mapping[str, str]) -> Iterator[tuple[str, Point]]:
    """Where each content is before a call: each point by its place, and the active state."""
    yield "base", domain.base
    for one in domain.in_order():
        yield places[one.id], one.point
    for one in sorted(domain.retired.values(), key=lambda gone: gone.serial):
        yield f"retired {one.serial}", one.point
    yield "active", domain.active


def _held(point: Point, was: Mapping[str, Point]) -> str:
    """The content of a point, by where it was before; then memory and power where there is any."""
    disks = [where for where, old in was.items() if old.disks == point.disks]
    entries = [where for where, old in was.items() if old.configuration == point.configuration]
    both = [where for where in disks if where in entries]
    content = (
        both[0] if both else f"{(disks or ['other'])[0]} with configuration of {(entries or ['none'])[0]}"
    )
    memory = [where for where, old in was.items() if old.memory == point.memory]
    kept = "" if point.memory is None else f", memory of {(memory or ['none'])[0]}"
    return f"{content}{kept}{'' if point.power == 'off' else f', {point.power}'}"


def _captured(serial: int, before: Domain, places: Mapping[str, str]) -> str:
    return next((places[one.id] for one in before.in_order() if one.captured == serial), "new")


def _named(result: Any, places: Mapping[str, str]) -> Any:
    if isinstance(result, list):
        return [_named(one, places) for one in result]
    return places.get(result, "text") if isinstance(result, str) else result
