"""Ids that no snapshot has: never issued, not likely to be issued next, in the form of the driver's own."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from snaptree.conformance.driver import DriverOptions
from snaptree.conformance.drivers.simulator import (
    SimulatedDomain,
    SimulatorDriver,
    by_name,
    in_any_case,
    takes_ids,
)
from snaptree.conformance.engine.coverage import Tally
from snaptree.conformance.engine.identities import Identities
from snaptree.conformance.engine.lockstep import Lockstep
from snaptree.conformance.engine.unknown_ids import FOREIGN, unknown_id
from snaptree.conformance.methods.bounds import Bounds
from snaptree.conformance.methods.examples import Examples
from snaptree.conformance.methods.method import Ledger
from snaptree.spec import operations as ops
from snaptree.spec.outcomes import NoSuchSnapshot
from snaptree.spec.profiles import varied
from snaptree.spec.state import blank_domain

QUESTIONS = [f"s{number}" for number in range(40)]


def asked(issued: list[str]) -> set[str]:
    """What is asked for when these ids were issued."""
    return {unknown_id(question, issued, lambda text: text in issued) for question in QUESTIONS}


@pytest.mark.parametrize(
    ("issued", "form"),
    [
        (["s0", "s1", "s2"], r"s\d{7,}"),
        (["s5", "s12", "s31"], r"s\d{7,}"),
        (["0", "1"], r"\d{7,}"),
        (["0001", "0002"], r"\d{7,}"),
        (["snapshot-20", "snapshot-23"], r"snapshot-\d{7,}"),
        (["6ba7b810-9dad-41d1-80b4-00c04fd430c8"], r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"),
        (["6BA7B810-9DAD-41D1-80B4-00C04FD430C8"], r"[0-9A-F]{8}(-[0-9A-F]{4}){3}-[0-9A-F]{12}"),
        (["snap-9e3779b1", "snap-3c6ef362"], r"snap-[0-9a-f]{8}"),
        (["rT-9_xQ2aBcDeF=="], r"rT-9_[0-9A-Za-z]{8}\S*=="),
        (["a", "b"], r"[0-9a-z]{8}"),
        (["../", "…"], r"…[0-9a-f]{8}"),
    ],
)
def test_an_unknown_id_has_the_form_of_the_drivers_own_or_a_foreign_one(issued: list[str], form: str) -> None:
    said = asked(issued)
    assert FOREIGN in said
    own = said - {FOREIGN}
    assert own, "none has the form of the driver's own"
    assert [one for one in own if not re.fullmatch(form, one)] == []
    assert own.isdisjoint(issued)


@given(st.lists(st.text(min_size=1), max_size=5, unique=True), st.sampled_from(QUESTIONS))
def test_whatever_the_ids_are_none_of_them_is_asked_for(issued: list[str], question: str) -> None:
    said = unknown_id(question, issued, lambda text: text in issued)
    assert said not in issued
    assert said == unknown_id(question, issued, lambda text: text in issued), "the same question, the same id"


@pytest.mark.parametrize("first", [0, 1, 2, 7])
def test_an_id_of_the_model_never_reaches_a_driver(first: int) -> None:
    class Counts(SimulatedDomain):
        asked: list[str] = []  # noqa: RUF012 - what was asked, of this one domain

        def next_id(self) -> str:
            return f"s{self.made - 1 + first}"

        def revert(self, snapshot: str, resume_as: Any = None) -> None:
            self.asked.append(snapshot)
            super().revert(snapshot, resume_as)

    class Driver(SimulatorDriver):
        domain_class = Counts

    domain = Driver().open()
    pair = Lockstep(domain, Driver().profile)
    for number in range(6):
        assert not pair.do(ops.Create(f"n{number}")).differences
        for unknown in ("s0", f"s{pair.model.serial + 1}", "nobody"):
            assert not pair.do(ops.Revert(unknown)).differences
    assert len(set(Counts.asked)) > 6
    assert [one for one in Counts.asked if re.fullmatch(r"s\d{1,3}", one)] == []


def test_a_name_and_another_case_are_not_asked_for_as_unknown_ids() -> None:
    class Lenient(SimulatedDomain):
        def next_id(self) -> str:
            return f"{'ab' * self.made}"

        def lookup_by_id(self, snapshot: str) -> str:
            alike = {key.casefold(): key for key in self.nodes}
            alike |= {node.name.casefold(): key for key, node in self.nodes.items()}
            if snapshot.casefold() not in alike:
                raise NoSuchSnapshot(snapshot)
            return alike[snapshot.casefold()]

    class Driver(SimulatorDriver):
        domain_class = Lenient

    pair = Lockstep(Driver().open(), Driver().profile)
    for number in range(5):
        pair.do(ops.Create(FOREIGN.upper() + "." * number))
        for unknown in QUESTIONS[pair.model.serial + 1 :]:
            assert not pair.do(ops.LookupById(unknown)).differences


def test_what_is_near_is_asked_for_now_and_then() -> None:
    said = {unknown_id(question, ["q1"], lambda _: False, ["Q1", "a name"]) for question in QUESTIONS}
    assert {"Q1", "a name"} < said
    assert len(said) > 4, "other questions are asked as well"


@pytest.mark.parametrize(
    ("claims", "unknown"),
    [
        ((), set()),
        (("id_case=distinct",), {"SNAP"}),
        (("id_names=distinct",), {"first", "second"}),
        (("id_case=distinct", "id_names=distinct"), {"SNAP", "first", "second"}),
        (("id_case=ignored", "id_names=taken"), set()),
    ],
)
def test_only_what_the_profile_says_of_ids_is_asked_for(claims: tuple[str, ...], unknown: set[str]) -> None:
    identities = Identities(varied("rfc", claims))
    live = blank_domain({})
    identities.issue("s1", "snap", live)
    for name in ("first", "second"):
        identities.note(ops.Create(name))
    near = {"SNAP", "first", "second"}
    said = {identities.driver_id(one, ["first", "second"]) for one in QUESTIONS if one != "s1"}
    assert said & near == unknown


def test_a_name_that_is_an_id_in_some_case_is_no_question() -> None:
    identities = Identities(varied("rfc", ("id_case=distinct", "id_names=distinct")))
    identities.issue("s1", "snap", blank_domain({}))
    said = {identities.driver_id(one, ["SNAP"]) for one in QUESTIONS if one != "s1"}
    assert said.isdisjoint(["SNAP", "snap"])


def test_an_id_is_said_in_every_way_that_the_profile_takes() -> None:
    asked: list[str] = []

    class Watched(SimulatedDomain):
        def lookup_by_id(self, snapshot: str) -> str:
            asked.append(snapshot)
            return super().lookup_by_id(snapshot)

    domain = takes_ids(by_name)(takes_ids(in_any_case)(Watched))
    profile = varied("rfc", ("id_case=ignored", "id_names=taken"))
    pair = Lockstep(domain(profile, {"vda": 65536}), profile, {"vda": 65536})
    for number in range(1, 9):
        assert not pair.do(ops.Create(f"name {number}")).differences
        for snapshot in range(1, number + 1):
            assert not pair.do(ops.LookupById(f"s{snapshot}")).differences
    assert set(asked) <= set(pair.identities.to_model), "the hypervisor understood each"
    said = [str(taken) for taken in sent_ids(pair)]
    assert set(said) & set(pair.identities.to_model)
    assert {one for one in said if one.startswith("name ")}
    assert {one for one in said if one.startswith("SNAP-")}


def sent_ids(pair: Lockstep) -> list[Any]:
    """What a look-up of each snapshot sends, at many times."""
    model = pair.model
    return [
        pair.identities.arguments_of(ops.LookupById(snapshot), replace(model, serial=serial))["snapshot"]
        for snapshot in model.snapshots
        for serial in range(20)
    ]


@pytest.mark.parametrize("key", ["id_case = 'ignored'", "id_names = 'taken'", "id_case = 'distinct'"])
def test_the_simulator_takes_what_its_profile_says(key: str, tmp_path: Path) -> None:
    path = tmp_path / "p.toml"
    path.write_text(f"name = 'p'\ninherits = 'rfc'\n{key}\n")
    driver = SimulatorDriver(DriverOptions(profile=str(path)))
    ledger = Ledger(Tally())
    for unit in Examples().units(driver.profile, Bounds()):
        assert [*Examples().perform(driver, unit, ledger)] == []
    assert ledger.tally.steps > 1000
