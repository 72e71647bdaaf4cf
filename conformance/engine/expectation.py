"""What an observation should list: the model's snapshots in the driver's ids.

Nearly every observation is right, so the engine compares the list as a whole, and takes apart only one that
differs. Entries are kept from step to step as long as the model keeps the snapshot.
"""

from __future__ import annotations

from typing import Any

from snaptree.conformance.engine.identities import Identities
from snaptree.spec.observation import Entry, Observation
from snaptree.spec.profiles import Profile
from snaptree.spec.state import Domain, Snapshot


class Expectation:
    """The entries that the model expects, with the values that the driver generated."""

    def __init__(self, profile: Profile, identities: Identities) -> None:
        self._profile = profile
        self._identities = identities
        self._snapshots: Any = None
        self._entries: list[Entry] | None = None
        self._kept: dict[str, tuple[Snapshot, Entry]] = {}

    def met_by(self, seen: Observation, model: Domain) -> bool:
        """Whether an observation shows all of the model, and nothing else.

        If not, it may still be right: a driver shows what its profile claims.
        """
        current = None if model.current is None else self._identities.to_driver.get(model.current)
        base, image = model.base.seen, model.managed_save
        saved = None if image is None else {"memory": image.memory, "power": image.power}
        independent = (
            {name: disk.seen for name, disk in model.independent.items()} if model.independent else {}
        )
        try:
            return bool(
                seen["current"] == current
                and seen["active"] == model.active.seen
                and seen["snapshots"] == self._expected(model, seen["snapshots"])
                and seen["base"]["disks"] == base["disks"]
                and seen["base"]["configuration"] == base["configuration"]
                and seen["managed_save"] == saved
                and seen["independent"] == independent
            )
        except KeyError:
            return False

    def _expected(self, model: Domain, shown: list[Entry]) -> list[Entry] | None:
        """The entries in order of creation; None if a value that the driver generates is not known."""
        if model.snapshots is not self._snapshots:
            self._entries = self._made(model, shown)
            self._snapshots = None if self._entries is None else model.snapshots
        return self._entries

    def _made(self, model: Domain, shown: list[Entry]) -> list[Entry] | None:
        snapshots = model.in_order()
        if len(shown) != len(snapshots):
            return None
        entries: list[Entry] = []
        for snapshot, one in zip(snapshots, shown, strict=True):
            kept = self._kept.get(snapshot.id)
            if kept is None or kept[0] is not snapshot:
                entry = self._entry(snapshot, one)
                if entry is None:
                    return None
                kept = self._kept[snapshot.id] = snapshot, entry
            entries.append(kept[1])
        return entries

    def _entry(self, snapshot: Snapshot, shown: Entry) -> Entry | None:
        """The entry of a snapshot; what the driver generates is learned from the first that it shows."""
        identities = self._identities
        to_driver = identities.to_driver
        if shown["id"] != to_driver.get(snapshot.id):
            return None
        uuid, captured = shown["uuid"], shown["captured"]
        if self._profile.can_observe("uuid"):
            uuid = identities.learned.setdefault(("uuid", snapshot.uuid), uuid)
            if identities.bearers.setdefault(uuid, snapshot.uuid) != snapshot.uuid:
                return None
        if self._profile.can_observe("captured"):
            captured = identities.learned.setdefault(("captured", str(snapshot.captured)), captured)
        return {
            "id": shown["id"],
            "name": snapshot.name,
            "parent": None if snapshot.parent is None else to_driver.get(snapshot.parent),
            "description": snapshot.description,
            "uuid": uuid,
            "captured": captured,
            "point": snapshot.point.seen,
        }
