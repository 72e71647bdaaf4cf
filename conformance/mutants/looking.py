"""Hypervisors that are another one when they are looked at: what heals, what harms, what tells two stories.

Each is a class to put before the domain of any driver; those on the simulator are in the catalogue.
"""

from __future__ import annotations

from typing import Any

from snaptree.conformance.drivers.simulator import SimulatedDomain
from snaptree.conformance.mutants.mutant import breaks

SPOILT = 251
"""A value that tours write to this block much later than they find the fault."""


class SettlesWhenLookedAt:
    """A merge into children is only finished by a look: a create before it captures a wrong block."""

    _unsettled = False

    def observe(self) -> Any:
        self._unsettled = False
        return super().observe()  # type: ignore[misc]

    def merge_into_children(self, snapshot: str) -> None:
        super().merge_into_children(snapshot)  # type: ignore[misc]
        self._unsettled = True

    def create(self, *given: Any, **named: Any) -> str:
        if self._unsettled:
            super().write_disk("vda", 0, SPOILT)  # type: ignore[misc]
        return str(super().create(*given, **named))  # type: ignore[misc]


class SpoiltByLook:
    """A look at a domain with two snapshots spoils the oldest one, which later looks show."""

    _spoilt: str | None = None

    def observe(self) -> Any:
        seen = super().observe()  # type: ignore[misc]
        oldest = seen["snapshots"][0] if len(seen["snapshots"]) == 2 else {"id": None}
        if oldest["id"] != self._spoilt:
            self._spoilt = oldest["id"]
            return seen
        return seen if self._spoilt is None else _with_block(seen, oldest)


class ForgetsCurrent:
    """A second look without a call in between is answered from a cache that knows no current snapshot."""

    _asked = False

    def observe(self) -> Any:
        again = self._asked
        seen = super().observe()  # type: ignore[misc]
        self._asked = True
        return {**seen, "current": None} if again else seen

    def __getattribute__(self, name: str) -> Any:
        if not name.startswith("_") and name != "observe":
            object.__setattr__(self, "_asked", False)
        return super().__getattribute__(name)


class BusyAfterLook:
    """A revert right after a look at a fork is refused: the look still holds the lock."""

    _held = False

    def observe(self) -> Any:
        seen = super().observe()  # type: ignore[misc]
        parents = [entry["parent"] for entry in seen["snapshots"]]
        self._held = len(set(parents)) < len(parents)
        return seen

    def revert(self, snapshot: str, resume_as: str | None = None) -> None:
        super().revert("held" if self._held else snapshot, resume_as)  # type: ignore[misc]


def _with_block(seen: Any, spoilt: Any) -> Any:
    point = spoilt["point"]
    disks = {**point["disks"]}
    disk = min(disks)
    disks[disk] = {**disks[disk], "blocks": {**disks[disk]["blocks"], "0": SPOILT}}
    others = [entry for entry in seen["snapshots"] if entry is not spoilt]
    return {**seen, "snapshots": [{**spoilt, "point": {**point, "disks": disks}}, *others]}


# --- on the simulator ---------------------------------------------------------------


@breaks("LOOK-2", found_by="looks")
class SettlesWhenSeen(SettlesWhenLookedAt, SimulatedDomain):
    """A merge into children is only finished by a look: a create before it captures a wrong block."""


@breaks("LOOK-1", found_by="looks")
class SpoiltBySight(SpoiltByLook, SimulatedDomain):
    """A look at a domain with two snapshots spoils the oldest one, which later looks show."""


@breaks("LOOK-1", found_by="looks")
class SecondLookDiffers(ForgetsCurrent, SimulatedDomain):
    """A second look without a call in between is answered from a cache that knows no current snapshot."""


@breaks("LOOK-2", found_by="histories")
class LockedBySight(BusyAfterLook, SimulatedDomain):
    """A revert right after a look at a fork is refused: the look still holds the lock."""
