"""The engine: whatever a driver does is compared, attributed, and never the end of the run."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import pytest

from snaptree.conformance.driver import DriverUnavailable, NotObserved
from snaptree.conformance.drivers.simulator import SimulatedDomain, SimulatorDriver
from snaptree.conformance.engine.lockstep import Lockstep, StepResult
from snaptree.conformance.engine.state_comparison import digest
from snaptree.conformance.mutants import MUTANTS, MutantDriver, options_for
from snaptree.conformance.sequences.running import run_sequence
from snaptree.spec import operations as ops
from snaptree.spec.operations import Operation
from snaptree.spec.outcomes import Accepted, Busy, WouldDiscard
from snaptree.spec.profiles import load_profile

PREPARED: list[Operation] = [
    ops.WriteDisk("vda", 0, 1),
    ops.Create("a", description="first"),
    ops.WriteDisk("vdb", 1, 2),
    ops.Create("b"),
]


def _taken(
    domain: Any, operation: Operation, *, before: list[Operation] = PREPARED
) -> tuple[StepResult, Lockstep]:
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
        def observe(self) -> Any:
            seen: Any = copy.deepcopy(super().observe())
            if len(seen["snapshots"]) == 2 and self.tampers:
                change(seen)
            return seen

        tampers = False

        def count(self) -> int:
            self.tampers = True
            return super().count()

    return _domain(Tampered)


def test_correct_domain_shows_no_difference() -> None:
    taken, pair = _taken(_domain(), ops.DiscardForced("s1"))
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
        (lambda seen: seen["snapshots"].append(dict(seen["snapshots"][0], id="x")), "existence", "id 'x'"),
        (lambda seen: seen["snapshots"].append(seen["snapshots"][0]), "existence", "domain"),
        (_set(["snapshots"], None), "form", "domain"),
        (_set(["snapshots", 0, "point"], 7), "form", "domain"),
        (lambda seen: seen.clear(), "visibility", "domain"),
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


@pytest.mark.rule("PROFILE-1", "REFUSE-5")
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


@pytest.mark.rule("PROFILE-2")
def test_step_that_could_not_be_looked_at_counts_for_no_rule() -> None:
    """PROFILE-2: not observed is not passed."""

    class Dark(SimulatedDomain):
        def observe(self) -> Any:
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

        model: Any = None
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

        def observe(self) -> Any:
            back = {identifier: name for name, identifier in self.names.items()}
            seen: Any = copy.deepcopy(super().observe())
            for entry in seen["snapshots"]:
                entry["id"], entry["parent"] = back[entry["id"]], back.get(entry["parent"])
            seen["current"] = back.get(seen["current"])
            return seen

        def digests(self) -> dict[str, dict[str, str]]:
            return {"active": {name: digest(disk) for name, disk in self.model.active.disks.items()}}

    before = [ops.Create("n"), ops.Create("active"), ops.WriteDisk("vda", 15, 9)]
    domain: Any = _domain(Named)
    taken, pair = _taken(domain, ops.Discard("s1"), before=before)
    assert taken.differences == ()
    domain.model = pair.model
    assert pair.finish() == ()
    assert pair.tally.without_digest == 8, "nor is one of them compared with the other"


def test_a_name_that_came_back_does_not_mean_the_snapshot_that_is_gone() -> None:
    """Where the name is the identity, a call on a removed snapshot does not reach the new bearer."""
    mutant = next(one for one in MUTANTS if one.name == "name-is-id")
    driver = MutantDriver(options_for(mutant))
    gone = [ops.Create("r"), ops.MergeIntoChildren("s1"), ops.Create("r")]
    for call in (ops.Revert("s1"), ops.MergeIntoChildren("s1"), ops.LookupById("s1"), ops.Discard("s1")):
        assert run_sequence(driver, [*gone, call]).differences == ()
    run = run_sequence(driver, [*gone, ops.Revert("s2"), ops.Create("x"), ops.LookupById("s2")])
    assert run.differences == ()
    assert all(isinstance(taken.outcome, Accepted) for taken in run.steps)


class Showing(SimulatedDomain):
    """Its observations go wrong from the third on."""

    shown: Any = None
    raises: BaseException | None = None
    looks = 0

    def observe(self) -> Any:
        self.looks += 1
        if self.looks < 3:
            return super().observe()
        if self.raises is not None:
            raise self.raises
        return self.shown


@pytest.mark.rule("PROFILE-4")
@pytest.mark.parametrize(
    ("shown", "kept"),
    [
        *((one, one) for one in (None, [], 0, "x", True, [[[]]])),
        # What is no JSON never leaves the process of the driver: a text says what it was.
        ((), "observe() is a list, not a tuple"),
        ({1: 2}, "the keys of observe() are texts, not 1"),
        ({"snapshots": [{"id": {1, 2}}]}, "snapshots[0].id is JSON, not {1, 2}"),
    ],
)
def test_what_is_no_observation_is_one_difference_of_form(shown: Any, kept: Any) -> None:
    domain = _domain(Showing)
    assert isinstance(domain, Showing)
    domain.shown = shown
    taken, pair = _taken(domain, ops.Count(), before=PREPARED[:2])
    assert [(found.part, found.where) for found in taken.differences] == [("form", "domain")]
    assert taken.observation is None
    assert taken.malformed == (kept,)
    assert pair.broken
    assert pair.finish() == ()


@pytest.mark.rule("PROFILE-5")
def test_a_domain_that_went_blind_is_found_when_the_sequence_ends() -> None:
    domain = _domain(Showing)
    assert isinstance(domain, Showing)
    domain.raises = NotObserved("no longer")
    taken, pair = _taken(domain, ops.Count(), before=PREPARED[:2])
    assert taken.differences == (), "a moment at which nothing can be seen is no deviation"
    assert [found.part for found in pair.finish()] == ["visibility"]
    assert pair.broken


def test_what_can_be_seen_again_when_the_sequence_ends_is_compared() -> None:
    class Late(SimulatedDomain):
        dark = False

        def observe(self) -> Any:
            if self.dark:
                self.dark = False
                raise NotObserved("not now")
            return super().observe()

    domain: Any = _domain(Late)
    _, pair = _taken(domain, ops.Count())
    domain.dark = True
    assert pair.do(ops.WriteDisk("vda", 1, 1)).differences == ()
    assert pair.finish() == ()
    domain.dark = True
    pair.do(ops.WriteDisk("vda", 1, 2))
    domain.write_disk("vda", 1, 9)
    assert [(found.part, found.where) for found in pair.finish()] == [("content", "active")]


@pytest.mark.rule("PROFILE-4")
@pytest.mark.parametrize("result", ["x", [], {"task": 7}, 0, False])
def test_a_call_without_a_result_returns_null(result: Any) -> None:
    class Returns(SimulatedDomain):
        def rename(self, snapshot: str, name: str) -> Any:
            super().rename(snapshot, name)
            return result

    taken, _ = _taken(_domain(Returns), ops.Rename("s1", "c"))
    assert [found.part for found in taken.differences] == ["form"]


@pytest.mark.parametrize("result", [{1, 2}, (), b"", float("nan"), 10**5000, object()], ids=type)
def test_a_result_that_is_no_json_is_one_difference(result: Any) -> None:
    class Returns(SimulatedDomain):
        def count(self) -> Any:
            return result

    taken, _ = _taken(_domain(Returns), ops.Count())
    assert [found.part for found in taken.differences] == ["outcome"]
    assert len(taken.differences[0].observed) < 200


def test_an_exception_without_a_readable_text_and_odd_parts_of_refusals_are_one_difference() -> None:
    class Untold(Exception):
        def __str__(self) -> str:
            raise ValueError("no text")

    class Odd(SimulatedDomain):
        raised: Any = None

        def discard(self, snapshot: str) -> None:  # noqa: ARG002 - it refuses every one
            raise self.raised

    unnamed = WouldDiscard("lost")
    unnamed.casualties = 5  # type: ignore[assignment]
    nested = WouldDiscard("lost", casualties=["s1"], native={"code": {1, 2}})
    for raised in (Untold(), unnamed, nested, GeneratorExit(), SystemExit(3)):
        domain: Any = _domain(Odd)
        domain.raised = raised
        taken, _ = _taken(domain, ops.Discard("s1"))
        assert [found.part for found in taken.differences] == ["outcome"], raised


@pytest.mark.parametrize("shown", [[], None, "x", {"active": []}, {"active": {"vda": 7}}, {1: {}}])
def test_digests_of_the_wrong_form_are_one_difference(shown: Any) -> None:
    class Digesting(SimulatedDomain):
        def digests(self) -> Any:
            return shown

    _, pair = _taken(_domain(Digesting), ops.Count())
    assert [found.part for found in pair.finish()] == ["form"]


def test_digests_that_are_left_out_are_counted() -> None:
    class Digesting(SimulatedDomain):
        model: Any = None

        def digests(self) -> dict[str, dict[str, str]]:
            return {"active": {"vda": digest(self.model.active.disks["vda"])}}

    domain: Any = _domain(Digesting)
    _, pair = _taken(domain, ops.Count())
    domain.model = pair.model
    assert pair.finish() == ()
    # Two disks each of two snapshots, of the active state and of base.
    assert (pair.tally.digests, pair.tally.without_digest) == (1, 7)
    assert pair.tally.drain().without_digest == 7
    assert pair.tally.without_digest == 0


def test_long_texts_are_cut_where_they_begin_to_differ() -> None:
    def change(seen: dict[str, Any]) -> None:
        seen["snapshots"][0]["description"] = "first" + "x" * 2_000_000

    taken, _ = _taken(_showing(change), ops.Count())
    assert [found.part for found in taken.differences] == ["description"]
    assert len(taken.differences[0].observed) < 600
    assert taken.differences[0].observed.startswith("'first")


@pytest.mark.parametrize("key", ["description", "uuid", "captured", "point", "parent", "name"])
def test_an_absent_key_is_a_difference_where_the_profile_claims_it(key: str) -> None:
    def change(seen: dict[str, Any]) -> None:
        for entry in seen["snapshots"]:
            del entry[key]

    taken, _ = _taken(_showing(change), ops.Count())
    assert [found.part for found in taken.differences] == ["visibility"]
    assert f"left out {key!r} of " in taken.differences[0].observed
    assert "(and 1 more)" in taken.differences[0].observed
