"""The tree as libvirt tells it. What libvirt does not keep, the order of creation, is kept here.

The name identifies a snapshot, so it is its id.
"""

from __future__ import annotations

from itertools import count
from typing import Any

from snaptree.conformance.driver import SnapshotId, SnapshotIds
from snaptree.conformance.drivers.libvirt.documents import carried
from snaptree.conformance.drivers.libvirt.library import NO_SUCH_SNAPSHOT
from snaptree.spec.outcomes import NoSuchSnapshot


class Tree:
    """The snapshots of one domain. Raises libvirt's errors, and NoSuchSnapshot for what cannot be a name."""

    def __init__(self, libvirt: Any, domain: Any) -> None:
        self._libvirt = libvirt
        self._domain = domain
        self._serials: dict[str, int] = {}
        self._numbers = count(1)

    def created(self, name: str) -> None:
        """Remember that a snapshot of that name is the newest."""
        self._serials[name] = next(self._numbers)

    def find(self, snapshot: SnapshotId) -> Any:
        """libvirt's own snapshot of that name."""
        if not carried(snapshot):
            raise NoSuchSnapshot(f"no name is {snapshot!r}")
        return self._domain.snapshotLookupByName(snapshot, 0)

    def all(self) -> list[Any]:
        """Every snapshot in order of creation."""
        return self._in_order(self._domain.listAllSnapshots(0))

    def names(self) -> SnapshotIds:
        """Every name in order of creation."""
        return _names(self.all())

    def roots(self) -> SnapshotIds:
        """The names of the roots, in order of creation."""
        flags = self._libvirt.VIR_DOMAIN_SNAPSHOT_LIST_ROOTS
        return _names(self._in_order(self._domain.listAllSnapshots(flags)))

    def children(self, snapshot: Any) -> SnapshotIds:
        """The names of the children, in order of creation."""
        return _names(self._in_order(snapshot.listAllChildren(0)))

    def below(self, snapshot: Any) -> SnapshotIds:
        """The names of all snapshots below, in order of creation."""
        flags = self._libvirt.VIR_DOMAIN_SNAPSHOT_LIST_DESCENDANTS
        return _names(self._in_order(snapshot.listAllChildren(flags)))

    def parent(self, snapshot: Any) -> SnapshotId | None:
        """The name of the parent; None for a root, which libvirt answers with an error."""
        try:
            name: str = snapshot.getParent(0).getName()
        except self._libvirt.libvirtError as error:
            if error.get_error_code() == NO_SUCH_SNAPSHOT:
                return None
            raise
        return name

    def current(self) -> SnapshotId | None:
        """The name of the current snapshot, or None."""
        if not self._domain.hasCurrentSnapshot(0):
            return None
        name: str = self._domain.snapshotCurrent(0).getName()
        return name

    def _in_order(self, snapshots: list[Any]) -> list[Any]:
        # One that nobody here created comes last: it is shown, not hidden.
        last = len(self._serials) + 1_000_000
        return sorted(snapshots, key=lambda one: (self._serials.get(one.getName(), last), one.getName()))


def _names(snapshots: list[Any]) -> SnapshotIds:
    return [one.getName() for one in snapshots]
