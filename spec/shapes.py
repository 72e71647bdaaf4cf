"""The shape of a state up to isomorphism, independent of names and contents.

Two domains have the same shape if renaming snapshots and exchanging contents turns one into the other. The
exhaustive method visits each shape once, and the stable id of a deviation contains the shape before it.

A shape says nothing of the order in which snapshots were created, unless ``ages`` are asked for. That order
is then the relative age of all snapshots: the order among siblings alone would not do, because a merge
makes siblings of cousins.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Final

from snaptree.spec.state import Domain, Memory, Snapshot

Code = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Shape:
    """A canonical key, and the snapshots in canonical order.

    ``order`` lists snapshot ids in pre-order. Equal children of one parent stand in the order of creation:
    each is a place, and an operation may treat them differently.
    """

    key: Code
    order: tuple[str, ...]


def shape_of(domain: Domain, *, ages: bool = False) -> Shape:
    """The shape of a domain; with ``ages``, its key tells orders of creation apart."""
    codes = _codes(domain, ages=ages)
    order = _in_preorder(domain, codes)
    return Shape(_key(domain, codes, order), tuple(order))


def key_of(domain: Domain, *, ages: bool = False) -> Code:
    """The key of the shape of a domain, for those who need no order: that takes a third of the time."""
    if domain.retired:  # their places are in the key
        return shape_of(domain, ages=ages).key
    return _key(domain, _codes(domain, ages=ages), ())


def _codes(domain: Domain, *, ages: bool) -> dict[str, Code]:
    """The code of every snapshot, of those below before its own; without recursion, for trees are deep."""
    codes: dict[str, Code] = {}
    heights: dict[str, int] = {}
    ranks = {one.id: rank for rank, one in enumerate(domain.in_order())} if ages else {}
    downwards = [*domain.children_of(None)]
    for here in downwards:
        downwards.extend(domain.children_of(here))
    for snapshot in reversed(downwards):
        family = domain.children_of(snapshot)
        heights[snapshot] = 1 + max([heights[child] for child in family]) if family else 0
        below: Code = tuple(sorted([codes[child] for child in family])) if family else ()
        if heights[snapshot] and not heights[snapshot] % DEEP:
            below = (_short(below),)
        codes[snapshot] = _code(domain, snapshot, below, ranks)
    return codes


DEEP: Final = 64
"""Levels after which what is below a snapshot is a digest in its code: Python compares and prints only so
many tuples within each other."""


def _short(below: Code) -> Code:
    """Codes of a family as one code, which sorts among others."""
    return (False, sha256(repr(below).encode()).hexdigest(), "", False, ())


def _key(domain: Domain, codes: dict[str, Code], order: Sequence[str]) -> Code:
    places = {snapshot: place for place, snapshot in enumerate(order)}
    retired = sorted((_retired(places, gone) for gone in domain.retired.values()), key=repr)
    image = domain.managed_save
    key: Code = (
        tuple(sorted([codes[root] for root in domain.children_of(None)])),
        domain.current is None,
        is_dirty(domain),
        domain.active.power,
        _memory_kind(domain.active.memory),
        None if image is None else (image.power, _memory_kind(image.memory)),
        tuple(retired),
    )
    if not domain.persistent or not domain.defined:
        key = (*key, "transient" if domain.defined else "gone")
    return key


def _retired(places: dict[str, int], gone: Snapshot) -> Code | int:
    place = _retired_place(places, gone.parent)
    memory = _memory_kind(gone.point.memory)
    # What was captured shows again only where a forgotten snapshot can be restored.
    return place if (memory, gone.point.power) == ("none", "off") else (place, memory, gone.point.power)


def _retired_place(places: dict[str, int], parent: str | None) -> int:
    return -1 if parent is None else places.get(parent, -2)


def _code(domain: Domain, snapshot: str, below: Code, ranks: dict[str, int]) -> Code:
    point, parent = domain.snapshots[snapshot].point, domain.snapshots[snapshot].parent
    under = domain.base if parent is None else domain.snapshots[parent].point
    # A snapshot with an empty delta behaves differently once its neighbours are merged.
    empty = point.disks == under.disks
    code: Code = (domain.current == snapshot, point.power, _memory_kind(point.memory), empty, below)
    return (*code, ranks[snapshot]) if ranks else code


def _memory_kind(memory: Memory) -> str:
    if memory is None:
        return "none"
    return "unspecified" if memory == "unspecified" else "written"


def _in_preorder(domain: Domain, codes: dict[str, Code]) -> list[str]:
    """Every snapshot before those below it, a family in the order of its codes."""
    order: list[str] = []
    waiting: list[str] = []
    family = domain.children_of(None)
    while family or waiting:
        # Equal siblings stay in the order of creation: the last one is put down first.
        ordered = sorted(family, key=codes.__getitem__) if len(family) > 1 else [*family]
        ordered.reverse()
        waiting += ordered
        order.append(waiting.pop())
        family = domain.children_of(order[-1])
    return order


def is_dirty(domain: Domain) -> bool:
    """Whether the active state differs from its current snapshot, or base."""
    grown_from = domain.base if domain.current is None else domain.snapshots[domain.current].point
    active = domain.active
    # Not with !=, which rpds (seen: 2026.9) answers wrongly for maps: a map even differs from itself.
    return not (active.disks == grown_from.disks and active.configuration == grown_from.configuration)
