"""Ids of snapshots: where one stands in the tree, or how it went."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from snaptree.spec.domains.argument import Argument, Chosen
from snaptree.spec.domains.history import WAYS
from snaptree.spec.domains.situation import Situation

CLASSES: Final[dict[str, str]] = {
    "current leaf": "only the active state depends on it",
    "current inner": "the active state and others depend on it",
    "above the current one": "the active state depends on it through others",
    "leaf aside": "nothing depends on it",
    "inner aside": "others depend on it, the active state does not",
    "retired": "out of the tree, still in storage",
    **{
        f"gone: {way}": "a record of it may be left" for way in WAYS if way not in ("retired", "renamed away")
    },
    "never issued": "an id of the right form, and of a foreign one",
}
"""The places of a snapshot. A call asks for what is gone by the id that it had."""

BASE: Final = {"base": "no snapshot: the roots hang under it"}

UNISSUED: Final = "s999999"


def _class_of(snapshot: str | None, situation: Situation, chosen: Chosen) -> str:
    domain, history = situation.domain, situation.history
    if snapshot is None:
        return "base"
    if snapshot in domain.snapshots:
        return _place(snapshot, situation)
    if snapshot in domain.retired:
        return "retired"
    way = history.snapshots.get(snapshot)
    return "never issued" if way is None else f"gone: {way}"


def _place(snapshot: str, situation: Situation) -> str:
    domain = situation.domain
    inner = bool(domain.children.get(snapshot))
    if snapshot == domain.current:
        return "current inner" if inner else "current leaf"
    if not inner:
        return "leaf aside"
    return "above the current one" if domain.is_below(domain.current, snapshot) else "inner aside"


def _values(situation: Situation, chosen: Chosen) -> Iterator[str]:
    domain, history = situation.domain, situation.history
    if domain.current is not None:
        yield domain.current
    yield from sorted(domain.snapshots)
    yield from sorted(domain.retired)
    yield from sorted(set(history.snapshots) - set(domain.retired))
    yield UNISSUED


def _or_base(situation: Situation, chosen: Chosen) -> Iterator[Any]:
    yield None
    yield from _values(situation, chosen)


SNAPSHOT: Final = Argument("snapshot", CLASSES, _class_of, _values)
SNAPSHOT_OR_BASE: Final = Argument("snapshot", {**BASE, **CLASSES}, _class_of, _or_base)
