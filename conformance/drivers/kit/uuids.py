"""Uuids in canonical form, and those that snapshots were created with where the hypervisor keeps none.

The driver then refuses a uuid that another snapshot bears; where the uuid is the identity, one that any bore.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Container
from typing import Final

from snaptree.conformance.driver import SnapshotId
from snaptree.spec.outcomes import InvalidArgument

_CANONICAL: Final = re.compile("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII)
"""The form of RFC 9562 in lower case. Not the model's own: a driver shares no code with what judges it."""


def is_uuid(text: object) -> bool:
    """Whether this is a uuid in canonical form: lower case, with hyphens."""
    return isinstance(text, str) and _CANONICAL.fullmatch(text) is not None


class GivenUuids:
    """Who was given which, in one domain. ``identify`` says that the uuid is the identity of a snapshot."""

    def __init__(self, *, identify: bool = False) -> None:
        self._borne: dict[SnapshotId, str] = {}
        self._identify = identify
        self._spent: set[str] = set()

    def check(self, uuid: str | None, listed: Callable[[], Container[SnapshotId]]) -> None:
        """Raise InvalidArgument for a uuid that is malformed, borne by a listed snapshot, or spent."""
        if uuid is None:
            return
        snapshots = listed()
        self._borne = {one: borne for one, borne in self._borne.items() if one in snapshots}
        if not is_uuid(uuid) or uuid in self._borne.values() or uuid in self._spent:
            raise InvalidArgument(f"{uuid!r:.100} is no uuid in canonical form, or was given before")

    def give(self, snapshot: SnapshotId, uuid: str | None) -> None:
        """A snapshot was created with this uuid, or with none: its id may be that of one that is gone."""
        if uuid is None:
            self._borne.pop(snapshot, None)
        else:
            self._borne[snapshot] = uuid
        if self._identify:
            self._spent |= {snapshot, *([] if uuid is None else [uuid])}
