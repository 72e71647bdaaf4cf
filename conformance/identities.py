"""Which snapshot of the driver is which of the model."""

from __future__ import annotations

from snaptree.conformance.driver import Json
from snaptree.spec.state import Domain


class Identities:
    """The bijection between the model's snapshot ids and the driver's.

    Ids of snapshots that are gone stay known, so that a call on one of them
    reaches the driver as it would in life. What a driver generates, uuids and
    times of capture, is learned when it is first seen and has to stay.
    """

    def __init__(self, *, reusable: bool) -> None:
        self.to_driver: dict[str, str] = {}
        self.to_model: dict[str, str] = {}
        self.learned: dict[tuple[str, str], Json] = {}
        self.bearers: dict[str, str] = {}
        self._reusable = reusable

    def driver_id(self, snapshot: str) -> str:
        """What the driver calls a snapshot; an id that never was passes through."""
        return self.to_driver.get(snapshot, snapshot)

    def model_id(self, snapshot: Json) -> str:
        """What the model calls a snapshot of the driver's, marked if it knows none."""
        known = self.to_model.get(snapshot) if isinstance(snapshot, str) else None
        return known if known is not None else f"unknown:{snapshot}"

    def issue(self, snapshot: str, issued: Json, live: Domain) -> str | None:
        """Record a new snapshot's id; the reason, if the driver's id cannot be one."""
        if not isinstance(issued, str) or not issued:
            return f"{issued!r} is not a snapshot id"
        earlier = self.to_model.get(issued)
        if earlier is not None and (earlier in live.snapshots or not self._reusable):
            return f"the id {issued!r} was issued before"
        self.to_driver[snapshot] = issued
        self.to_model[issued] = snapshot
        return None
