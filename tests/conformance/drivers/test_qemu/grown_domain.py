"""A domain whose tree has one of everything, calls to make on it, and what is seen of it."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from itertools import count
from typing import Any

from snaptree.conformance.drivers.qemu import QemuDriver
from snaptree.conformance.drivers.qemu.domain import QemuDomain
from snaptree.spec.state import BLOCK_STRIDE

State = tuple[dict[str, Any], list[str]]
Ids = Mapping[str, str]
Call = Callable[[Any, Ids], object]

SMALL = {"vda": 8 * BLOCK_STRIDE, "vdb": 8 * BLOCK_STRIDE}
"""The smallest disks that ``grow`` can work on: the fewer blocks, the faster a look at them."""

CALLS: dict[str, Call] = {
    "create": lambda domain, _: domain.create("E", "", False, None, False),
    "revert": lambda domain, ids: domain.revert(ids["C"], None),
    "merge_into_children of a fork": lambda domain, ids: domain.merge_into_children(ids["A"]),
    "merge_into_children of the current one": lambda domain, ids: domain.merge_into_children(ids["D"]),
    "merge_into_parent": lambda domain, ids: domain.merge_into_parent(ids["C"]),
    "merge_into_parent of a root": lambda domain, ids: domain.merge_into_parent(ids["A"]),
    "merge_into_parent_forced": lambda domain, ids: domain.merge_into_parent_forced(ids["B"], None),
    "discard": lambda domain, ids: domain.discard(ids["C"]),
    "discard_forced of a root": lambda domain, ids: domain.discard_forced(ids["A"], None),
    "discard_forced": lambda domain, ids: domain.discard_forced(ids["B"], None),
    "remove_subtree": lambda domain, ids: domain.remove_subtree(ids["A"], False),
    "remove_subtree, root kept": lambda domain, ids: domain.remove_subtree(ids["A"], True),
    "retire": lambda domain, ids: domain.retire(ids["B"]),
    "reclaim": lambda domain, ids: domain.reclaim(ids["R"]),
    "rename": lambda domain, ids: domain.rename(ids["C"], "F"),
    "describe": lambda domain, ids: domain.describe(ids["C"], "another"),
    "write_disk": lambda domain, _: domain.write_disk("vdb", 2, 99),
    "resize_disk, larger": lambda domain, _: domain.resize_disk("vdb", 12 * BLOCK_STRIDE),
    "resize_disk, smaller": lambda domain, _: domain.resize_disk("vda", 4 * BLOCK_STRIDE),
}
"""Calls on a grown domain, each of which is accepted."""


def grow(domain: Any) -> dict[str, str]:
    """Make ``A -> (R) -> B -> C`` and ``A -> D -> active``, R retired; ids by name.

    Every point differs from every other on both disks: it keeps some blocks of
    the one it grew from, overwrites some and zeroes some.
    """
    ids: dict[str, str] = {}

    def work(value: int) -> None:
        for disk in ("vda", "vdb"):
            domain.write_disk(disk, value - 1, 0)
            domain.write_disk(disk, value, value)
            domain.write_disk(disk, 7, value + (100 if disk == "vdb" else 0))

    for value, name in enumerate("ARBC", start=1):
        work(value)
        ids[name] = domain.create(name, f"the {name}", False, None, False)
    domain.revert(ids["A"], None)
    work(5)
    ids["D"] = domain.create("D", "", False, None, False)
    work(6)
    domain.retire(ids["R"])
    return ids


class Template:
    """A grown domain, to be had again and again: a copy takes a fraction of the time of growing one."""

    def __init__(self, driver: QemuDriver) -> None:
        domain = driver.open(SMALL)
        self.ids = grow(domain)
        self.driver = driver
        self._folder = domain.folder
        self._numbers = count(1)

    def again(self) -> QemuDomain:
        """Another grown domain; its snapshots have the same ids."""
        folder = self._folder.with_name(f"again-{next(self._numbers)}")
        shutil.copytree(self._folder, folder)
        return self.driver.reopen(folder)

    def expected(self, name: str) -> tuple[State, State]:
        """The state before a call, and after it when nothing goes wrong."""
        domain = self.again()
        before = state_of(domain)
        CALLS[name](domain, self.ids)
        after = state_of(domain)
        domain.close()
        return before, after


def seen(domain: Any) -> dict[str, Any]:
    """An observation in which two domains that went the same way are equal."""
    shown = domain.observe()
    names = {None: None, **{entry["id"]: entry["name"] for entry in shown["snapshots"]}}
    return {
        "snapshots": [
            (entry["name"], names[entry["parent"]], entry["description"], entry["point"])
            for entry in shown["snapshots"]
        ],
        "current": names[shown["current"]],
        "active": shown["active"],
        "base": shown["base"],
    }


def state_of(domain: QemuDomain) -> State:
    """What is seen, and the names of all files: what a call leaves over is a difference."""
    return seen(domain), sorted(path.name for path in domain.folder.iterdir())


def blocks(point: Mapping[str, Any], disk: str = "vda") -> dict[str, int]:
    """What a point of an observation shows of one disk."""
    shown: dict[str, int] = point["disks"][disk]["blocks"]
    return shown
