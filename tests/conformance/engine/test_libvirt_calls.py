"""libvirt's own calls side by side with the model: who has them is judged by them, and nobody else."""

from __future__ import annotations

from collections import deque
from pathlib import Path
from typing import Any

import pytest

from snaptree.conformance.driver import DriverOptions, SpeaksLibvirt
from snaptree.conformance.drivers import open_driver
from snaptree.conformance.drivers.simulator import SimulatedDomain, SimulatorDriver
from snaptree.conformance.engine.answers import Declined, Failed, Returned, in_kinds
from snaptree.conformance.engine.lockstep import Lockstep
from snaptree.conformance.judging.deviations import Deviation
from snaptree.conformance.judging.verdict import judge
from snaptree.conformance.methods.bounds import Bounds
from snaptree.conformance.methods.exhaustive import Exhaustive
from snaptree.conformance.methods.graph import graph_of
from snaptree.conformance.methods.method import Method
from snaptree.conformance.methods.sampled import Sampled
from snaptree.conformance.methods.ways import NOWHERE, Ways
from snaptree.conformance.running.assess import run_methods
from snaptree.conformance.running.workers import InProcess, open_workers
from snaptree.conformance.sequences.playback import Playback
from snaptree.conformance.sequences.running import run_sequence
from snaptree.conformance.sequences.traces import Header, read_trace, write_trace
from snaptree.spec import operations as ops
from snaptree.spec.libvirt.calls import (
    DomainCreate,
    DomainUndefineFlags,
    ListAllSnapshots,
    RevertToSnapshot,
    SnapshotCreateXML,
    SnapshotLookupByName,
    SnapshotRedefine,
)
from snaptree.spec.outcomes import Accepted, Refused
from snaptree.spec.profiles import load_profile
from snaptree.spec.rules import rules
from snaptree.spec.state import blank_domain

BLANK = blank_domain({"vda": 1048576})


def found_on(driver: SimulatorDriver, bounds: Bounds, *methods: Method[Any]) -> tuple[int, list[Deviation]]:
    record = run_methods(InProcess.on(driver), driver.profile, bounds, methods=methods)
    return record.tally.steps, list(record.deviations.values())


@pytest.mark.rule("BIND-25", "BIND-18")
def test_the_simulator_agrees_with_the_model_in_every_call_of_a_small_tree() -> None:
    """BIND-25 to BIND-18."""
    driver = SimulatorDriver(DriverOptions(profile="libvirt-test"))
    steps, deviations = found_on(driver, Bounds((("libvirt", 1),)), Exhaustive())
    assert deviations == []
    assert steps > 1_500


@pytest.mark.rule("BIND-25", "BIND-18")
@pytest.mark.parametrize("profile", ["libvirt-qemu-internal", "libvirt-test"])
def test_the_simulator_agrees_with_the_model_at_random(profile: str) -> None:
    """BIND-25 to BIND-18."""
    driver = SimulatorDriver(DriverOptions(profile=profile))
    steps, deviations = found_on(driver, Bounds(seed=11, sequences=120), Sampled())
    assert deviations == []
    assert steps > 4_000


def statuses(profile: str) -> dict[str, str]:
    options = DriverOptions(profile=profile)
    bounds = Bounds(scopes=(("libvirt", 1),) if profile != "rfc" else (("tree", 1),), sequences=0)
    claimed = load_profile(profile)
    outcome = run_methods(open_workers("simulator", options, 1), claimed, bounds)
    return {one.rule.id: one.status for one in judge(outcome, claimed, rules()).rules}


@pytest.mark.rule("BIND-19")
def test_the_rules_of_the_binding_are_judged_where_the_calls_are() -> None:
    spoken, unspoken = statuses("libvirt-test"), statuses("rfc")
    judged = [f"BIND-{number}" for number in (17, 18, *range(25, 53))]
    # What this profile cannot show, and what a tree of one snapshot and no sequences do not show.
    expected = {"BIND-27": "judged elsewhere", "BIND-39": "not observed"}
    assert {rule: spoken[rule] for rule in judged} == dict.fromkeys(judged, "pass") | expected
    assert {unspoken[rule] for rule in judged} == {"judged elsewhere"}
    assert spoken["BIND-19"] == "judged elsewhere"


def test_a_profile_that_lists_flags_claims_the_calls() -> None:
    class Silent(SimulatedDomain):
        native_call = None  # type: ignore[assignment]  # what a driver without it looks like

    run = Lockstep(Silent(load_profile("libvirt-test"), {"vda": 1048576}), load_profile("libvirt-test"))
    taken = run.do(ListAllSnapshots())
    assert taken.differences


def test_the_group_of_calls_is_a_protocol() -> None:
    assert isinstance(SimulatorDriver().open(), SpeaksLibvirt)


def declined(code: int) -> Declined:
    return Declined("InvalidArgument", None, {"system": "libvirt", "code": code, "text": "no"}, "no")


def test_a_code_is_read_as_what_was_asked_for_allows() -> None:
    missing = Refused(frozenset({"NoSuchSnapshot"}))
    call = SnapshotLookupByName("a")
    assert in_kinds(call, BLANK, missing, declined(72))[1].kind == "NoSuchSnapshot"  # type: ignore[union-attr]  # a refusal
    assert isinstance(in_kinds(call, BLANK, missing, declined(8))[1], Failed)
    gone = DomainUndefineFlags().outcome(BLANK, load_profile("libvirt-test"))
    assert isinstance(gone, Accepted)
    invalid = Refused(frozenset({"InvalidArgument"}))
    assert in_kinds(call, gone.domain, invalid, declined(42))[1].kind == "InvalidArgument"  # type: ignore[union-attr]  # a refusal
    assert isinstance(in_kinds(call, gone.domain, invalid, declined(8))[1], Failed)


def test_what_may_be_refused_as_well_is_no_deviation() -> None:
    filters = ListAllSnapshots(12)
    accepted = Accepted([], BLANK)
    outcome, answer = in_kinds(filters, BLANK, accepted, declined(8))
    assert isinstance(outcome, Refused)
    assert isinstance(answer, Declined)
    assert in_kinds(ListAllSnapshots(), BLANK, accepted, declined(8)) == (accepted, declined(8))
    assert in_kinds(filters, BLANK, accepted, Returned([])) == (accepted, Returned([]))


CALLS = [
    SnapshotCreateXML("a"), DomainCreate(), SnapshotCreateXML("b", "in words"), RevertToSnapshot("s1", 1),
    SnapshotRedefine("s2", "parent"), SnapshotLookupByName("nobody"), ListAllSnapshots(1024),
]  # fmt: skip


@pytest.mark.parametrize("name", ["simulator", "remote:simulator"])
def test_a_trace_of_these_calls_is_replayed_and_judged(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SNAPTREE_CHECK_MESSAGES", "1")
    driver = open_driver(name, DriverOptions(profile="libvirt-test"))
    try:
        run = run_sequence(driver, CALLS)
    finally:
        driver.close()
    assert run.differences == ()
    assert len(run.steps) == len(CALLS)
    header = Header("simulator", "0", "libvirt-test", {"vda": 1048576, "vdb": 1048576})
    path = tmp_path / "trace.jsonl"
    write_trace(path, header, run.steps)
    trace = read_trace(path)
    assert trace.operations == CALLS
    assert trace.steps[3].observation is not None
    assert trace.steps[3].observation["events"] == [[5, 6], [2, 3]]
    recorded: object = Playback(trace, load_profile("libvirt-test"))
    again = run_sequence(recorded, trace.operations, finish=False)  # type: ignore[arg-type]  # a driver, as it is used
    assert again.differences == ()
    assert len(again.steps) == len(CALLS)


class Mistaken(SimulatedDomain):
    """It forgets to list anything, and nothing else is wrong with it."""

    def native_ListAllSnapshots(self, flags: int) -> list[str]:  # noqa: N802 - libvirt's name
        return super().native_ListAllSnapshots(flags)[1:]


class MistakenDriver(SimulatorDriver):
    domain_class = Mistaken


@pytest.mark.rule("BIND-32")
def test_a_wrong_answer_alone_does_not_end_a_domain() -> None:
    driver = MistakenDriver(DriverOptions(profile="libvirt-test"))
    lockstep = Lockstep(driver.open(), driver.profile)
    lockstep.do(SnapshotCreateXML("a"))
    assert lockstep.do(ListAllSnapshots()).differences
    assert not lockstep.broken
    assert lockstep.do(ops.Create("b")).differences == ()
    bounds = Bounds((("libvirt", 1),), seed=1, sequences=40, longest=30)
    _, deviations = found_on(driver, bounds, Exhaustive(), Sampled())
    # What counts them counts what is listed; the rule is that of the flags which were given.
    assert {(one.operation.call, one.rule) for one in deviations} == {
        ("virDomainListAllSnapshots", "BIND-33"), ("virDomainSnapshotNum", "BIND-33"),
        ("virDomainListAllSnapshots", "BIND-34"), ("virDomainSnapshotNum", "BIND-34"),
        ("virDomainListAllSnapshots", "BIND-36"),
    }  # fmt: skip
    assert not any(one.flaky for one in deviations)
    assert all(len(one.sequence) <= 3 for one in deviations)


def test_ways_lead_to_the_nearest_state_that_has_something_left() -> None:
    graph = graph_of(load_profile("rfc"), 2, "tree")
    goals = list(graph.edges)[-2:]
    ways = Ways(graph)
    for state in graph.edges:
        distances = {state: 0}
        waiting = deque([state])
        while waiting:
            here = waiting.popleft()
            for there in graph.edges[here].values():
                if there not in distances:
                    distances[there] = distances[here] + 1
                    waiting.append(there)
        nearest = min((distances[goal] for goal in goals if goal in distances), default=NOWHERE)
        assert ways.distance(state, lambda: goals) == nearest
        end = state
        for label in ways.way(state, lambda: goals):
            end = graph.edges[end][label]
        assert nearest == NOWHERE or end in goals


def test_a_move_that_was_barred_is_no_way() -> None:
    graph = graph_of(load_profile("rfc"), 1, "tree")
    goals = [
        state
        for state in graph.edges
        if state != graph.start and graph.edges[graph.start].get(("create",)) == state
    ]
    ways = Ways(graph)
    assert ways.way(graph.start, lambda: goals) == [("create",)]
    ways.bar(graph.start, ("create",))
    assert ways.barred(graph.start, ("create",))
    assert ways.way(graph.start, lambda: goals) != [("create",)]
