"""The look-ups of the contract, answered by the domain's catalogue."""

from __future__ import annotations

from snaptree.conformance.driver import SnapshotId, SnapshotIds
from snaptree.conformance.drivers.kit.catalogue import Catalogue
from snaptree.conformance.drivers.kit.refusals import TranslatesErrors, translate_errors


class LookUps(TranslatesErrors):
    """Base of a domain: ``catalogue`` is left to write."""

    def catalogue(self) -> Catalogue:
        """The tree as it is now."""
        raise NotImplementedError

    @translate_errors
    def list(self) -> SnapshotIds:
        """All ids in order of creation."""
        return self.catalogue().ids()

    @translate_errors
    def children(self, snapshot: SnapshotId | None = None) -> SnapshotIds:
        """Children in order of creation; the roots for None."""
        return self.catalogue().children(snapshot)

    @translate_errors
    def parent(self, snapshot: SnapshotId) -> SnapshotId | None:
        """The parent, or None for a root."""
        return self.catalogue().parent(snapshot)

    @translate_errors
    def current(self) -> SnapshotId | None:
        """The current snapshot, or None."""
        return self.catalogue().current

    @translate_errors
    def lookup_by_name(self, name: str) -> SnapshotId:
        """The snapshot that a name means."""
        return self.catalogue().find_by_name(name)

    @translate_errors
    def lookup_by_id(self, snapshot: SnapshotId) -> SnapshotId:
        """The id itself, if it is listed."""
        return self.catalogue().require(snapshot)

    @translate_errors
    def count(self) -> int:
        """How many snapshots are listed."""
        return self.catalogue().count()
