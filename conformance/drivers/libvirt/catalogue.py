"""The tree as libvirt reports it. The driver records the order of creation, which libvirt does not keep.

The name identifies a snapshot, so it is its id.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from snaptree.conformance.driver import SnapshotId, SnapshotIds
from snaptree.conformance.drivers.kit.order import CreationOrder
from snaptree.conformance.drivers.kit.text import xml_carries
from snaptree.conformance.drivers.libvirt.documents import read_snapshot
from snaptree.conformance.drivers.libvirt.library import NO_SUCH_SNAPSHOT
from snaptree.spec.outcomes import NoSuchSnapshot


class LibvirtCatalogue:
    """The snapshots of one domain; each answer comes from libvirt, and its errors are raised."""

    def __init__(self, libvirt: Any, domain: Any) -> None:
        self._libvirt = libvirt
        self._domain = domain
        self._order = CreationOrder()

    def let_overlap(self) -> None:
        """Several callers create snapshots from now on."""
        self._order.several_callers = True

    def created(self, name: str) -> None:
        """Record the snapshot of that name as the newest."""
        parent = self.parent_of(self.find(name)) if self._order.several_callers else None
        self._order.created(name, parent)

    def take_over(self) -> None:
        """Record the snapshots of an earlier process by their times, and by name within a second."""
        found = self._domain.listAllSnapshots(0)
        for one in sorted(found, key=lambda one: (read_snapshot(one.getXMLDesc(0))["captured"], _name(one))):
            self._order.created(_name(one))

    def find(self, snapshot: SnapshotId) -> Any:
        """libvirt's own snapshot of that name. Raises NoSuchSnapshot for what cannot be a name."""
        if not xml_carries(snapshot):
            raise NoSuchSnapshot(f"no name is {snapshot!r}")
        return self._domain.snapshotLookupByName(snapshot, 0)

    def all(self) -> list[Any]:
        """Every snapshot of libvirt's, in order of creation."""
        return self._order.sort(self._domain.listAllSnapshots(0), _name)

    def parent_of(self, snapshot: Any) -> SnapshotId | None:
        """The name of the parent of a snapshot of libvirt's; None for a root, an error to libvirt."""
        try:
            return _name(snapshot.getParent(0))
        except self._libvirt.libvirtError as error:
            if error.get_error_code() == NO_SUCH_SNAPSHOT:
                return None
            raise

    # --- the catalogue ------------------------------------------------------

    @property
    def current(self) -> SnapshotId | None:
        """The name of the current snapshot, or None."""
        try:
            return _name(self._domain.snapshotCurrent(0))
        except self._libvirt.libvirtError as error:
            if error.get_error_code() == NO_SUCH_SNAPSHOT:
                return None
            raise

    def ids(self) -> SnapshotIds:
        """Every name."""
        return self._names(self._domain.listAllSnapshots(0))

    def count(self) -> int:
        """The number of snapshots, which libvirt counts."""
        found: int = self._domain.snapshotNum(0)
        return found

    def require(self, snapshot: SnapshotId) -> SnapshotId:
        """The name that libvirt's snapshot has."""
        return _name(self.find(snapshot))

    def parent(self, snapshot: SnapshotId) -> SnapshotId | None:
        """The name of the parent, or None for a root."""
        return self.parent_of(self.find(snapshot))

    def children(self, snapshot: SnapshotId | None) -> SnapshotIds:
        """The names of the children; of the roots for None."""
        if snapshot is None:
            return self._names(self._domain.listAllSnapshots(self._libvirt.VIR_DOMAIN_SNAPSHOT_LIST_ROOTS))
        return self._names(self.find(snapshot).listAllChildren(0))

    def below(self, snapshot: SnapshotId) -> SnapshotIds:
        """The names of all snapshots below."""
        flags = self._libvirt.VIR_DOMAIN_SNAPSHOT_LIST_DESCENDANTS
        return self._names(self.find(snapshot).listAllChildren(flags))

    def find_by_name(self, name: str) -> SnapshotId:
        """The same as ``require``: the name is the id."""
        return self.require(name)

    def _names(self, snapshots: Iterable[Any]) -> SnapshotIds:
        return [_name(one) for one in self._order.sort(snapshots, _name)]


def _name(snapshot: Any) -> SnapshotId:
    name: str = snapshot.getName()
    return name
