"""Faults in content that any domain can have: what is observed after some calls is changed.

A fault is a function from what was observed before and after a call to the values that are wrong then. The
first wrong observation ends a walk, so nothing depends on what a real fault would do to later calls. A domain
with a fault is a class with ``WrongContent`` before the class of a domain, of any driver.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import product
from typing import Any, ClassVar, Final

from snaptree.conformance.driver import DEFAULT_DISKS

Place = tuple[str, str]
"""A disk, and a block of it as it is observed."""

Wrong = tuple[str, Place, int]
"""The snapshot that shows a wrong value, where, and which."""

PLACES: Final[tuple[Place, ...]] = tuple(product(DEFAULT_DISKS, map(str, range(16))))


@dataclass(frozen=True)
class Seen:
    """Snapshots as they were observed: points and parents by id, in order of creation."""

    points: Mapping[str | None, Mapping[str, Any]]
    parents: Mapping[str, str | None]

    @classmethod
    def of(cls, observation: Any) -> Seen:
        """The part of an observation that faults look at; the base has the id None."""
        entries = {entry["id"]: entry for entry in observation["snapshots"]}
        points = {one: entry["point"] for one, entry in entries.items()}
        return cls(
            {None: observation["base"], **points},
            {one: entry["parent"] for one, entry in entries.items()},
        )

    def children(self, snapshot: str | None) -> list[str]:
        """In order of creation."""
        return [one for one, parent in self.parents.items() if parent == snapshot]

    def older_twin(self, snapshot: str) -> str | None:
        """The leaf created last before this leaf under the same parent, if there is one."""
        if self.children(snapshot) or snapshot not in self.parents:
            return None
        family = self.children(self.parents[snapshot])
        older = [one for one in family[: family.index(snapshot)] if not self.children(one)]
        return older[-1] if older else None

    def value(self, snapshot: str | None, place: Place) -> int:
        """What a block of a point reads."""
        disk, block = place
        return int(value_in(self.points[snapshot], disk, block))

    def wrote(self, snapshot: str, place: Place) -> bool:
        """Whether the block is not what it is in the parent."""
        return self.value(snapshot, place) != self.value(self.parents[snapshot], place)


def value_in(point: Mapping[str, Any], disk: str, block: str) -> int:
    """What a block of an observed point reads; a disk that the point does not have reads zero."""
    held = point["disks"].get(disk)
    return 0 if held is None else int(held["blocks"].get(block, 0))


@dataclass(frozen=True)
class Event:
    """A call that returned: its snapshot or the one that it made, and what was observed around it.

    ``gone`` are the points of snapshots that were removed before it, the last one at the end.
    """

    call: str
    snapshot: str
    before: Seen
    after: Seen
    gone: tuple[tuple[str | None, Mapping[str, Any]], ...]
    """Each with its parent."""


Fault = Callable[[Event], Iterator[Wrong]]


class WrongContent:
    """A domain that shows wrong content after some calls. ``fault`` says which."""

    fault: ClassVar[Fault]
    _wrong: tuple[Wrong, ...] = ()
    _gone: tuple[tuple[str | None, Mapping[str, Any]], ...] = ()

    def observe(self) -> Any:
        seen = super().observe()  # type: ignore[misc]
        if not self._wrong:
            return seen
        shown = []
        for entry in seen["snapshots"]:
            disks = {
                disk: {**held, "blocks": dict(held["blocks"])}
                for disk, held in entry["point"]["disks"].items()
            }
            for snapshot, (disk, block), value in self._wrong:
                if snapshot == entry["id"] and disk in disks:
                    disks[disk]["blocks"] = {**disks[disk]["blocks"], block: value}
                    if not value:
                        del disks[disk]["blocks"][block]
            shown.append({**entry, "point": {**entry["point"], "disks": disks}})
        return {**seen, "snapshots": shown}

    def create(
        self, name: str, description: str = "", memory: bool = False, uuid: str | None = None,
        quiesce: bool = False,
    ) -> str:  # fmt: skip
        make = super().create  # type: ignore[misc]
        return str(self._follow("create", None, lambda: make(name, description, memory, uuid, quiesce)))

    def merge_into_children(self, snapshot: str) -> None:
        merge = super().merge_into_children  # type: ignore[misc]
        self._follow("merge_into_children", snapshot, lambda: merge(snapshot))

    def merge_into_parent(self, snapshot: str) -> None:
        merge = super().merge_into_parent  # type: ignore[misc]
        self._follow("merge_into_parent", snapshot, lambda: merge(snapshot))

    def discard(self, snapshot: str) -> None:
        discard = super().discard  # type: ignore[misc]
        self._follow("discard", snapshot, lambda: discard(snapshot))

    def _follow(self, call: str, snapshot: str | None, made: Callable[[], Any]) -> Any:
        before = Seen.of(super().observe())  # type: ignore[misc]
        result = made()
        after = Seen.of(super().observe())  # type: ignore[misc]
        event = Event(call, snapshot or result, before, after, self._gone)
        self._wrong = tuple(type(self).fault(event))
        removed = [one for one in before.parents if one not in after.parents]
        self._gone += tuple((before.parents[one], before.points[one]) for one in removed)
        return result
