"""The tree as VirtualBox reports it. The driver records the order of creation, which VirtualBox does not
report.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from copy import copy

from snaptree.conformance.driver import SnapshotId, SnapshotIds
from snaptree.conformance.drivers.kit.order import CreationOrder
from snaptree.conformance.drivers.kit.text import xml_carries
from snaptree.conformance.drivers.kit.uuids import is_uuid
from snaptree.conformance.drivers.virtualbox.machine import Machine
from snaptree.spec.outcomes import NoSuchSnapshot


class VirtualBoxCatalogue:
    """The snapshots of one machine; each answer comes from VirtualBox, and its errors are raised.

    A *reference* is the web service's own name for an object, in one session.
    """

    def __init__(self, machine: Machine) -> None:
        self._machine = machine
        self._order = CreationOrder()

    def of(self, machine: Machine) -> VirtualBoxCatalogue:
        """The same snapshots, asked in another session; several callers create them from now on."""
        self._order.several_callers = True
        other = copy(self)
        other._machine = machine
        return other

    def take_over(self) -> None:
        """Record the snapshots of an earlier process by their times, parents first within a second."""
        call = self._machine.api.call
        found = [(call("ISnapshot_getTimeStamp", one), self.id_of(one)) for one, _ in self.walk()]
        for _, snapshot in sorted(found, key=lambda one: one[0]):
            self._order.created(snapshot)

    def created(self, snapshot: SnapshotId) -> None:
        """Record this snapshot as the newest."""
        parent = self.parent(snapshot) if self._order.several_callers else None
        self._order.created(snapshot, parent)

    def find(self, snapshot: SnapshotId) -> str:
        """The reference to a snapshot by its id. VirtualBox reads anything that is not a UUID as a name."""
        if not is_uuid(snapshot):
            raise NoSuchSnapshot(f"{snapshot!r} is no UUID as VirtualBox issues them")
        return self._found(snapshot)

    def id_of(self, reference: str) -> SnapshotId:
        """The UUID."""
        found: str = self._machine.api.call("ISnapshot_getId", reference)
        return found

    def walk(self) -> Iterator[tuple[str, str | None]]:
        """Every snapshot with its parent, by reference; parents first."""
        root = self._root()
        if root is not None:
            yield root, None
            yield from self._walk_below(root)

    def in_order(self, snapshots: Iterable[SnapshotId]) -> SnapshotIds:
        """These snapshots in order of creation."""
        return self._order.sort(snapshots, str)

    # --- the catalogue ------------------------------------------------------

    @property
    def current(self) -> SnapshotId | None:
        """The current snapshot, or None."""
        reference = self._machine.api.call("IMachine_getCurrentSnapshot", self._machine.ref)
        return self.id_of(reference) if reference else None

    def ids(self) -> SnapshotIds:
        """Every snapshot."""
        return self._ids(reference for reference, _ in self.walk())

    def count(self) -> int:
        """The number of snapshots, which VirtualBox counts."""
        found: int = self._machine.api.call("IMachine_getSnapshotCount", self._machine.ref)
        return found

    def require(self, snapshot: SnapshotId) -> SnapshotId:
        """The UUID of the snapshot that VirtualBox finds."""
        return self.id_of(self.find(snapshot))

    def parent(self, snapshot: SnapshotId) -> SnapshotId | None:
        """The parent, or None for the root."""
        reference = self._machine.api.call("ISnapshot_getParent", self.find(snapshot))
        return self.id_of(reference) if reference else None

    def children(self, snapshot: SnapshotId | None) -> SnapshotIds:
        """The children; the root for None."""
        if snapshot is not None:
            return self._ids(self._children(self.find(snapshot)))
        root = self._root()
        return [] if root is None else [self.id_of(root)]

    def below(self, snapshot: SnapshotId) -> SnapshotIds:
        """Every snapshot below."""
        return self._ids(reference for reference, _ in self._walk_below(self.find(snapshot)))

    def find_by_name(self, name: str) -> SnapshotId:
        """The snapshot that VirtualBox finds by that name."""
        if not name:
            raise NoSuchSnapshot("an empty name means the first snapshot to VirtualBox")
        if not xml_carries(name):
            raise NoSuchSnapshot(f"no name is {name!r}")
        return self.id_of(self._found(name))

    # --- by reference -------------------------------------------------------

    def _found(self, words: str) -> str:
        reference: str = self._machine.api.call("IMachine_findSnapshot", self._machine.ref, words)
        return reference

    def _root(self) -> str | None:
        # SDK: findSnapshot with an empty name gives the first snapshot.
        return self._found("") if self.count() else None

    def _children(self, reference: str) -> list[str]:
        return self._machine.api.call("ISnapshot_getChildren", reference) or []

    def _walk_below(self, reference: str) -> Iterator[tuple[str, str]]:
        waiting = [reference]
        while waiting:
            parent = waiting.pop()
            for child in self._children(parent):
                yield child, parent
                waiting.append(child)

    def _ids(self, references: Iterable[str]) -> SnapshotIds:
        return self.in_order([self.id_of(one) for one in references])
