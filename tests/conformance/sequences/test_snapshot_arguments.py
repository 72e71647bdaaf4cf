"""Every argument that names a snapshot follows: into the call, into the trace, into a shorter list."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from snaptree.conformance.driver import DriverOptions
from snaptree.conformance.drivers.simulator import SimulatedDomain, SimulatorDriver
from snaptree.conformance.engine.unknown_ids import FOREIGN
from snaptree.conformance.sequences.running import Recorded, run_sequence, smallest
from snaptree.conformance.sequences.traces import Header, write_trace
from snaptree.spec import operations as ops
from snaptree.spec.libvirt.calls import SnapshotCreateXML, SnapshotRedefine

SENT: list[dict[str, Any]] = []


class Listening(SimulatedDomain):
    """Notes the arguments of every call of libvirt's, and spoils what it was handed."""

    def native_call(self, name: str, arguments: dict[str, Any]) -> Any:
        SENT.append(dict(arguments))
        made = super().native_call(name, arguments)
        arguments.clear()
        return made


class ListeningDriver(SimulatorDriver):
    domain_class = Listening


def test_a_trace_says_what_was_sent(tmp_path: Path) -> None:
    driver = ListeningDriver(DriverOptions(profile="libvirt-test"))
    SENT.clear()
    calls = [
        SnapshotRedefine("s2", "parent", "s1"),  # before there are any: no id of the model's may be sent
        SnapshotCreateXML("a"),
        SnapshotCreateXML("b"),
        SnapshotRedefine("s2", "parent", "s1"),
    ]
    run = run_sequence(driver, calls, finish=False)
    assert run.differences == ()
    path = tmp_path / "t.jsonl"
    write_trace(path, Header(driver.name, driver.version, "libvirt-test", {"vda": 1048576}), run.steps)
    written = [json.loads(line)["call"]["arguments"] for line in path.read_text().splitlines()[1:]]
    assert written == SENT
    assert (written[0]["snapshot"], written[0]["parent"]) == (FOREIGN, FOREIGN)
    assert (written[3]["snapshot"], written[3]["parent"]) == (run.driver_ids["s2"], run.driver_ids["s1"])


def recorded() -> list[Recorded]:
    return [
        Recorded(SnapshotCreateXML("left out"), "s1"),
        Recorded(SnapshotCreateXML("a"), "s2"),
        Recorded(SnapshotCreateXML("b"), "s3"),
        Recorded(SnapshotRedefine("s3", "parent", "s2")),
    ]


def test_a_parent_follows_when_an_earlier_creation_is_left_out() -> None:
    driver = SimulatorDriver(DriverOptions(profile="libvirt-test"))
    run = run_sequence(driver, recorded()[1:], finish=False)
    assert run.steps[-1].operation == SnapshotRedefine("s2", "parent", "s1")
    assert run.differences == ()


def test_an_operation_whose_parent_is_no_longer_created_is_left_out() -> None:
    tried: list[list[Recorded]] = []

    def fails(sequence: Sequence[Recorded]) -> bool:
        tried.append([*sequence])
        return False

    smallest([*recorded(), Recorded(ops.Count())], fails)
    redefined = recorded()[-1]
    assert any(redefined in one for one in tried)
    assert any(redefined not in one and recorded()[2] in one for one in tried)
    for one in tried:
        made = {step.created for step in one}
        assert redefined not in one or {"s2", "s3"} <= made
