"""The situation of a call, as two further arguments: the power of the domain, and the form of its tree."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from snaptree.spec.domains.argument import Argument, Chosen
from snaptree.spec.domains.situation import Situation

POWERS: Final[dict[str, str]] = {
    "off": "nothing but disks",
    "off, saved": "a managed-save image remembers what the disks held",
    "running": "a process holds the disks",
    "paused": "a process holds the disks, and nothing runs",
    "transient, off": "a domain without a definition, which a revert left off",
    "transient, up": "a domain without a definition ends when it stops",
}

TREES: Final[dict[str, str]] = {
    "empty": "only the base",
    "one": "the smallest tree",
    "chain": "each has one child at most",
    "fork": "a snapshot with several children",
    "several roots": "the base has several children",
    "one is retired": "storage between the snapshots that no tree shows",
}


def _power_class(value: Any, situation: Situation, chosen: Chosen) -> str:
    domain = situation.domain
    power = domain.active.power
    if not domain.persistent:
        return "transient, off" if power == "off" else "transient, up"
    return "off, saved" if domain.managed_save is not None else power


def _tree_class(value: Any, situation: Situation, chosen: Chosen) -> str:
    domain = situation.domain
    if domain.retired:
        return "one is retired"
    if len(domain.snapshots) < 2:
        return "one" if domain.snapshots else "empty"
    if len(domain.children_of(None)) > 1:
        return "several roots"
    # Below one root, each is the only child of its parent, or two have the same. To hash a map of rpds for a
    # cache takes longer than this.
    parents = {one.parent for one in domain.in_order()}
    return "chain" if len(parents) == len(domain.snapshots) else "fork"


def _here(situation: Situation, chosen: Chosen) -> Iterator[None]:
    yield None


POWER: Final = Argument("power", POWERS, _power_class, _here)
TREE: Final = Argument("tree", TREES, _tree_class, _here)
SURROUNDINGS: Final = (POWER, TREE)
