"""Values of a run as JSON, and back: the types that are listed here, and no others.

Pickle would be shorter, and would run what a file from elsewhere says. Here a value of a listed class is
filled field by field, and no function of it is called.
"""

from __future__ import annotations

import inspect
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import fields, is_dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any, Final

from rpds import HashTrieMap, HashTrieSet

from snaptree.conformance.drivers import components
from snaptree.conformance.engine import answers, coverage, differences, lockstep, own_calls
from snaptree.conformance.judging import baseline, deviations, known, record
from snaptree.conformance.methods import bounds
from snaptree.conformance.running import heading, known_list
from snaptree.conformance.sequences import history, interruption, running
from snaptree.spec import operations, outcomes, profiles, state
from snaptree.spec.libvirt import calls

_MODULES: Final = (
    state, outcomes, operations, calls, profiles, answers, coverage, differences, lockstep, own_calls,
    history, interruption, running, bounds, components, record, deviations, known, baseline, heading,
    known_list,
)  # fmt: skip
"""Modules whose dataclasses and named tuples can be stored."""

_PLAIN: Final = (str, int, float, type(None))

_Make = Callable[[Any], Any]
_CONTAINERS: Final[dict[type, tuple[str, Callable[[Any], list[Any]], _Make]]] = {
    tuple: ("tuple", list, tuple),
    frozenset: ("frozenset", sorted, frozenset),
    dict: ("dict", lambda one: [[*pair] for pair in one.items()], dict),
    Counter: ("counter", lambda one: [[*pair] for pair in one.items()], lambda pairs: Counter(dict(pairs))),
    HashTrieMap: (
        "map",
        lambda one: [[*pair] for pair in one.items()],
        lambda pairs: HashTrieMap(dict(pairs)),
    ),
    HashTrieSet: ("set", sorted, lambda items: HashTrieSet(items)),
    Path: ("path", lambda one: [str(one)], lambda texts: Path(*texts)),
    date: ("day", lambda one: [one.isoformat()], lambda texts: date.fromisoformat(*texts)),
}
_BY_TAG: Final = {tag: make for tag, _, make in _CONTAINERS.values()}


class NotStorable(ValueError):
    """A value of a type that is not listed, or JSON that is no stored value."""


def stored(value: Any) -> Any:
    """A value as JSON: a list is itself, all else but plain values an object of one key, its type.

    Raises NotStorable for a type that is not listed.
    """
    kind = type(value)
    if isinstance(value, bool) or kind in _PLAIN:
        return value
    if kind is list:
        return [stored(one) for one in value]
    if _known().get(kind.__name__) is kind:
        return {kind.__name__: {name: stored(getattr(value, name)) for name in _fields(kind)}}
    listed = Path if isinstance(value, Path) else kind
    if listed not in _CONTAINERS:
        raise NotStorable(f"a {kind.__name__} cannot be stored")
    tag, parts, _ = _CONTAINERS[listed]
    return {tag: [stored(one) for one in parts(value)]}


def restored(record: Any) -> Any:
    """The value that ``stored`` wrote. Raises NotStorable for anything else."""
    if not isinstance(record, dict):
        return [restored(one) for one in record] if isinstance(record, list) else record
    if len(record) != 1:
        raise NotStorable("a stored value has one type")
    ((tag, content),) = record.items()
    if tag in _BY_TAG and isinstance(content, list):
        try:
            return _BY_TAG[tag]([restored(one) for one in content])
        except (TypeError, ValueError) as error:
            raise NotStorable(f"no {tag}: {error}") from None
    kind = _known().get(tag)
    if kind is None or not isinstance(content, dict) or set(content) != {*_fields(kind)}:
        raise NotStorable(f"no stored value: {str(tag)[:60]!r}")
    values = {name: restored(one) for name, one in content.items()}
    if issubclass(kind, tuple):
        return kind(**values)
    made = object.__new__(kind)
    for name, one in values.items():
        object.__setattr__(made, name, one)
    return made


@cache
def _known() -> dict[str, type]:
    """The listed classes by name."""
    found: dict[str, type] = {}
    for kind in (one for module in _MODULES for one in _classes(module)):
        assert kind.__name__ not in found, f"two classes are named {kind.__name__}"
        found[kind.__name__] = kind
    return found


def _classes(module: Any) -> Iterator[type]:
    """The dataclasses and named tuples that a module defines."""
    for _, kind in inspect.getmembers(module, inspect.isclass):
        if kind.__module__ == module.__name__ and (is_dataclass(kind) or hasattr(kind, "_fields")):
            yield kind


def _fields(kind: Any) -> tuple[str, ...]:
    """The names of its fields, in order."""
    return tuple(one.name for one in fields(kind)) if is_dataclass(kind) else tuple(kind._fields)
