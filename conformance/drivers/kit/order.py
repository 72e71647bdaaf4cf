"""The order of creation, for hypervisors that do not tell it.

Listings are in order of creation (the specification's rule), and most hypervisors list a tree, or names
in alphabetical order, and count time in seconds. So the driver remembers in which order it created.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from typing import TypeVar

from snaptree.conformance.driver import SnapshotId

T = TypeVar("T")


class CreationOrder(Collection[SnapshotId]):
    """The snapshots that a driver created in one domain, oldest first, those that are gone included."""

    def __init__(self) -> None:
        self._serials: dict[SnapshotId, int] = {}
        self._latest = 0
        self._ahead: set[SnapshotId] = set()
        self.several_callers = False
        """Whether calls to create may overlap: ``created`` then needs the parent."""

    def created(self, snapshot: SnapshotId, parent: SnapshotId | None = None) -> None:
        """This snapshot is the newest, also where its id was that of one that is gone.

        A ``parent`` that is not known yet is older: the call that made it has not returned.
        """
        if parent is not None and parent not in self._serials:
            self.created(parent)
            self._ahead.add(parent)
        if snapshot in self._ahead:
            self._ahead.discard(snapshot)
            return
        self._latest += 1
        self._serials.pop(snapshot, None)
        self._serials[snapshot] = self._latest

    def sort(self, snapshots: Iterable[T], id_of: Callable[[T], SnapshotId]) -> list[T]:
        """Put whatever bears ids into order of creation.

        Those that were not created here come last, by id: they are shown, not hidden.
        """

        def place(one: T) -> tuple[int, SnapshotId]:
            identity = id_of(one)
            return self._serials.get(identity, self._latest + 1), identity

        return sorted(snapshots, key=place)

    def __contains__(self, snapshot: object) -> bool:
        return snapshot in self._serials

    def __iter__(self) -> Iterator[SnapshotId]:
        return iter(self._serials)

    def __len__(self) -> int:
        return len(self._serials)
