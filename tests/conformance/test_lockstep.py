"""The engine: whatever a driver does is compared, attributed, and never the end of the run."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import pytest

from snaptree.conformance.driver import DriverUnavailable, NotObserved
from snaptree.conformance.drivers.simulator import SimulatedDomain, SimulatorDriver
from snaptree.conformance.lockstep import Lockstep, Taken
from snaptree.conformance.observation import digest
from snaptree.spec import operations as ops
from snaptree.spec.operations import Operation
from snaptree.spec.outcomes import Busy, WouldDiscard
from snaptree.spec.profiles import load_profile

PREPARED: list[Operation] = [
    ops.WriteDisk("vda", 0, 1),
    ops.Create("a", description="first"),
    ops.WriteDisk("vdb", 1, 2),
    ops.Create("b"),
]


def _taken(
    domain: Any, operation: Operation, *, before: list[Operation] = PREPARED
) -> tuple[Taken, Lockstep]:
    pair = Lockstep(domain, load_profile("rfc"))
    for one in before:
        taken = pair.do(one)
        assert not taken.differences, taken
    return pair.do(operation), pair


def _domain(kind: type[SimulatedDomain] = SimulatedDomain) -> SimulatedDomain:
    class Driver(SimulatorDriver):
        domain_class = kind

    return Driver().open()


def _showing(change: Any) -> SimulatedDomain:
    """A domain whose observations are tampered with once two snapshots are there."""

    class Tampered(SimulatedDomain):
        def observe(self) -> dict[str, Any]:
            seen = copy.deepcopy(super().observe())
            if len(seen["snapshots"]) == 2 and self.tampers:
                change(seen)
            return seen

        tampers = False

        def count(self) -> int:
            self.tampers = True
            return super().count()

    return _domain(Tampered)


def test_correct_domain_shows_no_difference() -> None:
    taken, pair = _taken(_domain(), ops.Discard("s1", forced=True))
    assert taken.differences == ()
    assert pair.finish() == ()
    assert not pair.broken
    assert sum(pair.tally.coverage.values()) == len(PREPARED) + 1


def _set(path: list[Any], value: Any) -> Any:
    def change(seen: dict[str, Any]) -> None:
        here: Any = seen
        for key in path[:-1]:
            here = here[key]
        here[path[-1]] = value

    return change


@pytest.mark.parametrize(
    ("change", "part", "where"),
    [
        (_set(["snapshots", 0, "point", "disks", "vda", "blocks"], {}), "content", "a"),
        (_set(["snapshots", 1, "point", "disks", "vdb", "blocks"], {"1": 3}), "content", "b"),
        (_set(["snapshots", 0, "point", "disks", "vda", "size"], 5), "size", "a"),
        (_set(["snapshots", 0, "point", "power"], "running"), "power", "a"),
        (_set(["snapshots", 0, "point", "configuration"], {"k": "v"}), "configuration", "a"),
        (_set(["snapshots", 0, "name"], "A"), "name", "a"),
        (_set(["snapshots", 0, "description"], ""), "description", "a"),
        (_set(["snapshots", 0, "uuid"], "another"), "uuid", "a"),
        (_set(["snapshots", 0, "captured"], 99), "captured", "a"),
        (_set(["snapshots", 1, "parent"], None), "parent", "b"),
        (_set(["current"], None), "current", "domain"),
        (_set(["active", "disks", "vda", "blocks"], {"9": 9}), "content", "active"),
        (_set(["active", "power"], "running"), "power", "active"),
        (_set(["base", "disks", "vda", "blocks"], {"9": 9}), "content", "base"),
        (lambda seen: seen["snapshots"].reverse(), "order", "domain"),
        (lambda seen: seen["snapshots"].pop(), "existence", "b"),
        (lambda seen: seen["snapshots"].append(dict(seen["snapshots"][0], id="x")), "existence", "unknown:x"),
        (lambda seen: seen["snapshots"].append(seen["snapshots"][0]), "existence", "domain"),
        (_set(["snapshots"], None), "outcome", "domain"),
        (_set(["snapshots", 0, "point"], 7), "outcome", "domain"),
        (lambda seen: seen.clear(), "outcome", "domain"),
    ],
)
def test_every_part_of_an_observation_is_compared(change: Any, part: str, where: str) -> None:
    taken, pair = _taken(_showing(change), ops.Count())
    assert (part, where) in [(found.part, found.where) for found in taken.differences]
    assert pair.broken
    assert pair.tally.coverage.total() == len(PREPARED), "a step that differs counts for no rule"


class Raises(SimulatedDomain):
    def discard(self, snapshot: str) -> None:
        raise ZeroDivisionError(snapshot)


class RefusesOtherwise(SimulatedDomain):
    def discard(self, snapshot: str) -> None:
        raise Busy(f"not now: {snapshot}")


class Accepts(SimulatedDomain):
    def discard(self, snapshot: str) -> None:
        self.discard_forced(snapshot, None)


@pytest.mark.parametrize("kind", [Raises, RefusesOtherwise, Accepts])
def test_wrong_outcome_is_a_difference(kind: type[SimulatedDomain]) -> None:
    taken, _ = _taken(_domain(kind), ops.Discard("s1"))
    first = taken.differences[0]
    assert (first.part, first.expected) == ("outcome", ("refused as WouldDiscard",))


def test_casualties_are_compared_as_a_set() -> None:
    class Reordered(SimulatedDomain):
        def discard(self, snapshot: str) -> None:
            try:
                super().discard(snapshot)
            except WouldDiscard as refusal:
                raise WouldDiscard(casualties=reversed(refusal.casualties or [])) from None

    class Forgetful(SimulatedDomain):
        def discard(self, snapshot: str) -> None:
            try:
                super().discard(snapshot)
            except WouldDiscard as refusal:
                raise WouldDiscard(casualties=(refusal.casualties or [])[:1]) from None

    assert _taken(_domain(Reordered), ops.Discard("s1"))[0].differences == ()
    taken, _ = _taken(_domain(Forgetful), ops.Discard("s1"))
    assert [found.part for found in taken.differences] == ["casualties"]


def test_missing_call_is_unsupported_or_a_difference() -> None:
    """PROFILE-1, one way: what is claimed has to be there. The other way is REFUSE-5."""

    class Without:
        def __init__(self) -> None:
            self._whole = _domain()

        def __getattr__(self, name: str) -> Any:
            if name == "rename":
                raise AttributeError(name)
            return getattr(self._whole, name)

    taken, _ = _taken(Without(), ops.Rename("s1", "c"))
    assert "no such call" in taken.differences[0].observed


def test_step_that_could_not_be_looked_at_counts_for_no_rule() -> None:
    """PROFILE-2: not observed is not passed."""

    class Dark(SimulatedDomain):
        def observe(self) -> dict[str, Any]:
            raise NotObserved

    taken, pair = _taken(_domain(Dark), ops.Count(), before=[])
    assert taken.differences == ()
    assert pair.tally.coverage.total() == 0


def test_damage_outside_of_the_addressable_blocks_shows_in_the_digest() -> None:
    class Damaged(SimulatedDomain):
        model: Any = None

        def digests(self) -> dict[str, dict[str, str]]:
            return {"active": {"vda": "0" * 64, "vdb": digest(self.model.active.disks["vdb"])}}

    domain: Any = _domain(Damaged)
    _, pair = _taken(domain, ops.Count())
    domain.model = pair.model
    assert [(found.where, found.expected) for found in pair.finish()] == [
        ("active", ("vda: the digest of the whole disk",))
    ]


def test_host_that_gave_out_ends_the_run_and_is_no_deviation() -> None:
    class Full(SimulatedDomain):
        def discard(self, snapshot: str) -> None:
            raise DriverUnavailable(f"no space left while {snapshot} was discarded")

    with pytest.raises(DriverUnavailable, match="no space left"):
        _taken(_domain(Full), ops.Discard("s2"))


def test_snapshot_whose_id_is_active_is_told_from_the_active_state() -> None:
    class Named(SimulatedDomain):
        """Its ids are its names."""

        names: Mapping[str, str] = MappingProxyType({})

        def create(self, name: str, *rest: Any, **more: Any) -> str:
            self.names = {**self.names, name: super().create(name, *rest, **more)}
            return name

        def discard(self, snapshot: str) -> None:
            back = {identifier: name for name, identifier in self.names.items()}
            try:
                super().discard(self.names[snapshot])
            except WouldDiscard as refusal:
                lost = refusal.casualties or []
                raise WouldDiscard(casualties=[back.get(one, one) for one in lost]) from None

        def observe(self) -> dict[str, Any]:
            back = {identifier: name for name, identifier in self.names.items()}
            seen = copy.deepcopy(super().observe())
            for entry in seen["snapshots"]:
                entry["id"], entry["parent"] = back[entry["id"]], back.get(entry["parent"])
            seen["current"] = back.get(seen["current"])
            return seen

    taken, _ = _taken(_domain(Named), ops.Discard("s1"), before=[ops.Create("n"), ops.Create("active")])
    assert taken.differences == ()
