"""What can be seen of a machine: nothing here changes anything.

VirtualBox tells the tree from its root down and calls it a snapshot's machine what a point is. What it does
not tell, the order of creation, is kept here.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import wraps
from itertools import count
from typing import Any, Concatenate, Final, ParamSpec, TypeVar

from snaptree.conformance.driver import Json, SnapshotId, SnapshotIds
from snaptree.conformance.drivers.virtualbox import disks
from snaptree.conformance.drivers.virtualbox.codes import VirtualBoxError, refusal_of
from snaptree.conformance.drivers.virtualbox.machine import Machine
from snaptree.conformance.drivers.virtualbox.reading import Reader
from snaptree.conformance.drivers.virtualbox.text import carried
from snaptree.spec.outcomes import NoSuchSnapshot

Looking = TypeVar("Looking", bound="LookedAt")
P = ParamSpec("P")
R = TypeVar("R")

PROPERTIES: Final = "/snaptree/"
"""Under which the configuration is kept: guest properties are part of what a snapshot captures."""

_UUID: Final = re.compile("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def judged_call(method: Callable[Concatenate[Looking, P], R]) -> Callable[Concatenate[Looking, P], R]:
    """A call whose VirtualBox errors are refusals where they mean one."""

    @wraps(method)
    def called(domain: Looking, /, *given: P.args, **by_name: P.kwargs) -> R:
        try:
            return method(domain, *given, **by_name)
        except VirtualBoxError as error:
            refusal = refusal_of(method.__name__, error)
            if refusal is None:
                raise
            raise refusal from None

    return called


class LookedAt:
    """A machine without a way to change it."""

    def __init__(self, machine: Machine) -> None:
        self.machine = machine
        self._reader = Reader(machine.api)
        self._serials: dict[SnapshotId, int] = {}
        self._numbers = count(1)

    @property
    def api(self) -> Any:
        """The session with the web service."""
        return self.machine.api

    def created(self, snapshot: SnapshotId) -> None:
        """Remember that this snapshot is the newest."""
        self._serials[snapshot] = next(self._numbers)

    def looked_at_anew(self) -> None:
        """Forget what was read: the session is another one, in which references mean something else."""
        self._reader = Reader(self.machine.api)

    # --- the tree, by reference ---------------------------------------------

    def found(self, snapshot: SnapshotId) -> str:
        """The reference to a snapshot by its id. VirtualBox would take what is no UUID for a name."""
        if _UUID.fullmatch(snapshot) is None:
            raise NoSuchSnapshot(f"{snapshot!r} is no UUID as VirtualBox issues them")
        reference: str = self.api.call("IMachine_findSnapshot", self.machine.ref, snapshot)
        return reference

    def id_of(self, reference: str) -> SnapshotId:
        """The UUID."""
        found: str = self.api.call("ISnapshot_getId", reference)
        return found

    def children_of(self, reference: str) -> list[str]:
        """References to the children."""
        return self.api.call("ISnapshot_getChildren", reference) or []

    def root(self) -> str | None:
        """The reference to the root, or None while there is no snapshot."""
        if self.api.call("IMachine_getSnapshotCount", self.machine.ref) == 0:
            return None
        # SDK: findSnapshot with an empty name gives the first snapshot.
        reference: str = self.api.call("IMachine_findSnapshot", self.machine.ref, "")
        return reference

    def below(self, reference: str) -> Iterator[tuple[str, str]]:
        """Every snapshot below, with its parent; parents first."""
        waiting = [reference]
        while waiting:
            parent = waiting.pop()
            for child in self.children_of(parent):
                yield child, parent
                waiting.append(child)

    def current_reference(self) -> str | None:
        """The reference to the current snapshot, or None."""
        found: str | None = self.api.call("IMachine_getCurrentSnapshot", self.machine.ref)
        return found or None

    def casualties_of(self, reference: str) -> SnapshotIds:
        """What depends on a snapshot, in order of creation, and ``active`` if that does."""
        below = [one for one, _ in self.below(reference)]
        active = self.current_reference() in (reference, *below)
        return [*self.in_order([self.id_of(one) for one in below]), *(["active"] if active else [])]

    def in_order(self, snapshots: SnapshotIds) -> SnapshotIds:
        """The order of creation. One that nobody here created comes last: it is shown, not hidden."""
        last = len(self._serials) + 1_000_000
        return sorted(snapshots, key=lambda one: (self._serials.get(one, last), one))

    # --- the look-ups ---------------------------------------------------------

    @judged_call
    def list(self) -> SnapshotIds:
        """All ids in order of creation."""
        root = self.root()
        if root is None:
            return []
        return self.in_order([self.id_of(one) for one in (root, *(one for one, _ in self.below(root)))])

    @judged_call
    def children(self, snapshot: SnapshotId | None = None) -> SnapshotIds:
        """Children in order of creation; the root for None."""
        if snapshot is None:
            root = self.root()
            return [] if root is None else [self.id_of(root)]
        return self.in_order([self.id_of(one) for one in self.children_of(self.found(snapshot))])

    @judged_call
    def parent(self, snapshot: SnapshotId) -> SnapshotId | None:
        """The parent, or None for the root."""
        parent = self.api.call("ISnapshot_getParent", self.found(snapshot))
        return self.id_of(parent) if parent else None

    @judged_call
    def current(self) -> SnapshotId | None:
        """The current snapshot, or None."""
        reference = self.current_reference()
        return None if reference is None else self.id_of(reference)

    @judged_call
    def lookup_by_name(self, name: str) -> SnapshotId:
        """The snapshot that VirtualBox finds by that name."""
        if not name:
            raise NoSuchSnapshot("an empty name means the first snapshot to VirtualBox")
        if not carried(name):
            raise NoSuchSnapshot(f"no name is {name!r}")
        return self.id_of(self.api.call("IMachine_findSnapshot", self.machine.ref, name))

    @judged_call
    def lookup_by_id(self, snapshot: SnapshotId) -> SnapshotId:
        """The id itself, if it is listed."""
        return self.id_of(self.found(snapshot))

    @judged_call
    def count(self) -> int:
        """How many snapshots there are."""
        found: int = self.api.call("IMachine_getSnapshotCount", self.machine.ref)
        return found

    @judged_call
    def observe(self) -> dict[str, Json]:
        """The tree, and what every point of it holds."""
        root = self.root()
        seen = {}
        if root is not None:
            ids: dict[str, SnapshotId] = {}
            for reference, parent in ((root, None), *self.below(root)):
                ids[reference] = self.id_of(reference)
                seen[ids[reference]] = self._snapshot(
                    reference, ids[reference], None if parent is None else ids[parent]
                )
        return {
            "snapshots": [seen[one] for one in self.in_order([*seen])],
            "current": self.current(),
            "active": self._point(self.machine.ref),
            "managed_save": None,
            "independent": {},
        }

    @judged_call
    def digests(self) -> dict[str, dict[str, str]]:
        """SHA-256 of every disk of every point and of the active state, read anew."""
        root = self.root()
        places = {"active": self.machine.ref}
        for reference in () if root is None else (root, *(one for one, _ in self.below(root))):
            places[self.id_of(reference)] = self.api.call("ISnapshot_getMachine", reference)
        return {
            where: {
                disk: disks.digest(self.api, self.machine.image(machine, disk)) for disk in self.machine.disks
            }
            for where, machine in places.items()
        }

    def _snapshot(self, reference: str, snapshot: SnapshotId, parent: SnapshotId | None) -> dict[str, Json]:
        call = self.api.call
        return {
            "id": snapshot,
            "name": call("ISnapshot_getName", reference) or "",
            "parent": parent,
            "description": call("ISnapshot_getDescription", reference) or "",
            "captured": call("ISnapshot_getTimeStamp", reference),
            "point": self._point(call("ISnapshot_getMachine", reference)),
        }

    def _point(self, machine: str) -> dict[str, Json]:
        return {
            "disks": {
                disk: self._reader.disk(self.machine.image(machine, disk)) for disk in self.machine.disks
            },
            "memory": None,
            # Nothing here starts a guest, and a snapshot of a machine that is off holds no state of one.
            "power": "off",
            "configuration": self.configuration(machine),
        }

    def configuration(self, machine: str) -> dict[str, str]:
        """The entries that a machine holds."""
        found = self.api.call("IMachine_enumerateGuestProperties", machine, f"{PROPERTIES}*")
        names, values = found.names or [], found.values or []
        return {
            name.removeprefix(PROPERTIES): value or "" for name, value in zip(names, values, strict=False)
        }
