"""Maps the snapshots of the driver to those of the model."""

from __future__ import annotations

from collections.abc import Iterable

from snaptree.conformance.driver import Json
from snaptree.conformance.engine.unknown_ids import other_case, unknown_id
from snaptree.schemas.wording import value
from snaptree.spec.operations import SNAPSHOT_ARGUMENTS, Create, Operation
from snaptree.spec.profiles import Profile
from snaptree.spec.state import Domain


class Identities:
    """The bijection between the model's snapshot ids and the driver's.

    Ids of removed snapshots stay known, so that a call on one of them reaches the driver with its old id.
    Values that the driver generates, uuids and times of capture, are recorded when first seen and must not
    change.
    """

    def __init__(self, profile: Profile) -> None:
        self.to_driver: dict[str, str] = {}
        self.to_model: dict[str, str] = {}
        self.learned: dict[tuple[str, str], Json] = {}
        self.bearers: dict[str, str] = {}
        self._profile = profile
        self._reusable = profile.identity == "name"
        self._case, self._names_as_ids = profile.id_case, profile.id_names
        self._alike: set[str] = set()

    def copy(self) -> Identities:
        """The same bijection, for another domain that has come as far."""
        other = Identities(self._profile)
        other.to_driver, other.to_model = dict(self.to_driver), dict(self.to_model)
        other.learned, other.bearers = dict(self.learned), dict(self.bearers)
        other._alike = set(self._alike)
        return other

    def forget(self, kind: str) -> None:
        """Learn values of a kind that the driver generates, such as ``captured``, when they are seen next."""
        self.learned = {key: value for key, value in self.learned.items() if key[0] != kind}

    def driver_id(self, snapshot: str, names: Iterable[str] = ()) -> str:
        """The driver's id of a snapshot; if there never was such a snapshot, one that was not issued.

        So it is where the name is the identity and another snapshot bears the name by now. ``names`` are
        those that snapshots bear now.
        """
        known = self.to_driver.get(snapshot)
        if known is None or self.to_model[known] != snapshot:
            # An id of the model's never reaches a driver.
            return unknown_id(snapshot, self.to_model, self._may_mean_one, self._near(names))
        return known

    def _near(self, names: Iterable[str]) -> list[str]:
        """Texts that look like a snapshot, and mean none by the profile."""
        cases = [*map(other_case, self.to_model)] if self._case == "distinct" else []
        folded = {issued.casefold() for issued in self.to_model}
        borne = sorted(names)
        named = {name.casefold() for name in borne}
        near = [one for one in cases if one not in self.to_model and one.casefold() not in named]
        if self._names_as_ids == "distinct" and not self._reusable:
            near += [name for name in borne if name.casefold() not in folded]
        return near

    def _said_otherwise(self, snapshot: str, known: str, live: Domain) -> str:
        """What means the same snapshot by the profile: its id in another case, or its name."""
        said = []
        other = other_case(known)
        if self._case == "ignored" and other not in self.to_model and other not in live.names:
            said.append(other)
        listed = live.snapshots.get(snapshot)
        if self._names_as_ids == "taken" and listed is not None:
            folded = {issued.casefold() for issued in self.to_model}
            alone = len(live.names.get(listed.name) or ()) == 1
            if alone and listed.name.casefold() not in folded:
                said.append(listed.name)
        place = sum(map(ord, known)) + live.serial
        # Every second question is asked by the id itself.
        return said[place // 2 % len(said)] if said and place % 2 else known

    def _may_mean_one(self, text: str) -> bool:
        """Whether a text was issued as an id, or is like an id or a name: some drivers take those."""
        return text in self.to_model or text.casefold() in self._alike

    def model_id(self, snapshot: Json) -> str:
        """The model's id of a snapshot of the driver; the driver's in words if the model has none."""
        known = self.to_model.get(snapshot) if isinstance(snapshot, str) else None
        return known if known is not None else f"id {value(snapshot)}"

    def arguments_of(self, operation: Operation, live: Domain) -> dict[str, Json]:
        """The arguments of a call as they are sent in this state, with the driver's ids."""
        arguments = operation.arguments()
        for key in SNAPSHOT_ARGUMENTS:
            snapshot = arguments.get(key)
            if snapshot is not None:
                said = self.driver_id(snapshot, live.names)
                lenient = self._case == "ignored" or self._names_as_ids == "taken"
                listed = lenient and snapshot in live.snapshots
                arguments[key] = self._said_otherwise(snapshot, said, live) if listed else said
        return arguments

    def time_of(self, captured: int) -> Json:
        """The driver's time of capture for the model's, None if it was never shown."""
        return self.learned.get(("captured", str(captured)))

    def note(self, operation: Operation) -> None:
        """Record a requested uuid, which the driver has to keep, and a name that a snapshot may bear.

        No id that is asked for in vain looks like such a name.
        """
        if isinstance(operation, Create) and operation.uuid is not None:
            self.learned.setdefault(("uuid", operation.uuid), operation.uuid)
        name = getattr(operation, "name", None)
        if isinstance(name, str):
            self._alike.add(name.casefold())

    def issue(self, snapshot: str, issued: Json, live: Domain) -> str | None:
        """Record a new snapshot's id; returns the reason if the driver's id is invalid."""
        if not isinstance(issued, str) or not issued:
            return f"{issued!r} is not a snapshot id"
        earlier = self.to_model.get(issued)
        if earlier is not None and (earlier in live.snapshots or not self._reusable):
            return f"the id {issued!r} was issued before"
        self._alike.add(issued.casefold())
        self.to_driver[snapshot] = issued
        self.to_model[issued] = snapshot
        return None
