"""Observes a machine; nothing here changes anything.

What the specification calls a point, VirtualBox calls a snapshot's machine.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from snaptree.conformance.driver import Json, SnapshotId
from snaptree.conformance.drivers.kit.look_ups import LookUps
from snaptree.conformance.drivers.kit.refusals import translate_errors
from snaptree.conformance.drivers.virtualbox import disks
from snaptree.conformance.drivers.virtualbox.catalogue import VirtualBoxCatalogue
from snaptree.conformance.drivers.virtualbox.codes import AMONG_SEVERAL, translation
from snaptree.conformance.drivers.virtualbox.machine import Machine
from snaptree.conformance.drivers.virtualbox.reading import Reader
from snaptree.spec.outcomes import Refusal

PROPERTIES: Final = "/snaptree/"
"""Under which the configuration is kept: guest properties are part of what a snapshot captures."""


class ObservableMachine(LookUps):
    """A machine without a way to change it."""

    def __init__(self, machine: Machine) -> None:
        self.machine = machine
        self.snapshots = VirtualBoxCatalogue(machine)
        self._reader = Reader(machine)
        self.several_callers = False
        self.failed = False
        """Whether a call has failed, other than by a refusal."""

    @property
    def api(self) -> Any:
        """The session with the web service."""
        return self.machine.api

    def catalogue(self) -> VirtualBoxCatalogue:
        """The snapshots, asked of VirtualBox."""
        return self.snapshots

    @contextmanager
    def translation(self, call: str) -> Iterator[None]:
        """VirtualBox's errors are refusals where they mean one; that a call failed is remembered."""
        try:
            with translation(call, AMONG_SEVERAL if self.several_callers else None):
                yield
        except Refusal:
            raise
        except BaseException:
            self.failed = True
            raise

    def begin_session(self) -> None:
        """Drop all readings: references of the old session are invalid in the new one."""
        self._reader = Reader(self.machine)

    @translate_errors
    def observe(self) -> dict[str, Json]:
        """The tree, and what every point of it holds."""
        seen: dict[SnapshotId, dict[str, Json]] = {}
        ids: dict[str | None, SnapshotId | None] = {None: None}
        for reference, parent in self.snapshots.walk():
            snapshot = self.snapshots.id_of(reference)
            ids[reference] = snapshot
            seen[snapshot] = self._snapshot(reference, snapshot, ids[parent])
        return {
            "snapshots": [seen[one] for one in self.snapshots.in_order(seen)],
            "current": self.snapshots.current,
            "active": self._point(self.machine.ref),
            "managed_save": None,
            "independent": {},
        }

    @translate_errors
    def digests(self) -> dict[str, dict[str, str]]:
        """SHA-256 of every disk of every point and of the active state, read anew."""
        places = {"active": self.machine.ref}
        for reference, _ in self.snapshots.walk():
            places[self.snapshots.id_of(reference)] = self.api.call("ISnapshot_getMachine", reference)
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
        """The entries of a machine."""
        found = self.api.call("IMachine_enumerateGuestProperties", machine, f"{PROPERTIES}*")
        names, values = found.names or [], found.values or []
        return {
            name.removeprefix(PROPERTIES): value or "" for name, value in zip(names, values, strict=False)
        }
