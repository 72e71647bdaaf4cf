"""The uuids that snapshots were created with, where the hypervisor keeps none that it is given.

That nobody else was given the same is then all that can be kept.
"""

from __future__ import annotations

from collections.abc import Callable, Container

from snaptree.conformance.driver import SnapshotId
from snaptree.spec.outcomes import InvalidArgument
from snaptree.spec.semantics.create import CANONICAL_UUID


class GivenUuids:
    """Who was given which, in one domain."""

    def __init__(self) -> None:
        self._borne: dict[SnapshotId, str] = {}

    def check(self, uuid: str | None, listed: Callable[[], Container[SnapshotId]]) -> None:
        """Raise InvalidArgument for a uuid that is malformed, or borne by a snapshot that is listed."""
        if uuid is None:
            return
        snapshots = listed()
        self._borne = {one: borne for one, borne in self._borne.items() if one in snapshots}
        if CANONICAL_UUID.fullmatch(uuid) is None or uuid in self._borne.values():
            raise InvalidArgument(f"{uuid!r:.100} is no uuid in canonical form, or in use")

    def give(self, snapshot: SnapshotId, uuid: str | None) -> None:
        """A snapshot was created with this uuid, or with none: its id may be that of one that is gone."""
        if uuid is None:
            self._borne.pop(snapshot, None)
        else:
            self._borne[snapshot] = uuid
