"""libvirt's own calls as operations: what its documentation says of each, on the model."""

from __future__ import annotations

from dataclasses import replace

import pytest

from snaptree.conformance.driver import DEFAULT_DISKS
from snaptree.spec.bindings.libvirt import CreateFlag, DeleteFlag, RevertFlag
from snaptree.spec.bindings.libvirt_calls import (
    ALL_OPERATIONS,
    NATIVE_CALLS,
    DomainCreate,
    DomainManagedSave,
    DomainUndefineFlags,
    HasCurrentSnapshot,
    ListAllSnapshots,
    NativeCall,
    RevertToSnapshot,
    SnapshotCreateXML,
    SnapshotDelete,
    SnapshotGetParent,
    SnapshotGetXMLDesc,
    SnapshotListAllChildren,
    SnapshotNum,
    SnapshotRedefine,
    any_step,
)
from snaptree.spec.bindings.libvirt_errors import CODES, kind_of
from snaptree.spec.bindings.libvirt_events import told, wrong_reasons
from snaptree.spec.bindings.libvirt_lists import ListFlag
from snaptree.spec.operations import Operation, operation_from_json
from snaptree.spec.outcomes import REFUSALS, Accepted, Refused
from snaptree.spec.profiles import load_profile
from snaptree.spec.state import Domain, blank_domain

QEMU, TEST = load_profile("libvirt-qemu-internal"), load_profile("libvirt-test")

UNKNOWN = 1 << 20


def after(*operations: Operation, profile: object = QEMU) -> Domain:
    domain = blank_domain(DEFAULT_DISKS)
    for operation in operations:
        outcome = any_step(domain, operation, profile)  # type: ignore[arg-type]  # one of the profiles
        assert isinstance(outcome, Accepted), (operation, outcome)
        domain = outcome.domain
    return domain


def kinds(domain: Domain, operation: NativeCall, profile: object = QEMU) -> set[str]:
    outcome = operation.outcome(domain, profile)  # type: ignore[arg-type]  # one of the profiles
    return set(outcome.kinds) if isinstance(outcome, Refused) else set()


A, B, C = (SnapshotCreateXML(name) for name in "abc")
FORK = after(A, B, RevertToSnapshot("s1"), C)  # a with the leaves b and c, c current
ON = after(A, DomainCreate(), B)  # a taken off, b with the memory of a running domain
SAVED = after(A, DomainCreate(), DomainManagedSave())
TRANSIENT = after(A, DomainCreate(), B, DomainUndefineFlags())
GONE = after(DomainUndefineFlags())


@pytest.mark.parametrize(
    ("domain", "operation", "expected"),
    [
        (FORK, SnapshotDelete("s1", 5), {"InvalidArgument"}),
        (FORK, SnapshotDelete("nobody", 5), {"InvalidArgument", "NoSuchSnapshot"}),
        (FORK, SnapshotDelete("s1", UNKNOWN), {"InvalidArgument"}),
        (FORK, RevertToSnapshot("s1", 3), {"InvalidArgument"}),
        (FORK, SnapshotCreateXML("d", flags=int(CreateFlag.CURRENT)), {"InvalidArgument"}),
        (FORK, SnapshotCreateXML("d", flags=int(CreateFlag.QUIESCE)), {"InvalidArgument"}),
        (FORK, SnapshotCreateXML("a"), {"NameInUse"}),
        (
            TRANSIENT,
            SnapshotCreateXML("d", flags=int(CreateFlag.HALT)),
            {"InvalidArgument", "InvalidPowerState"},
        ),
        (TRANSIENT, RevertToSnapshot("s1"), {"InvalidArgument", "InvalidPowerState"}),
        (TRANSIENT, DomainManagedSave(), {"Unsupported", "InvalidPowerState"}),
        (FORK, SnapshotGetParent("s1"), {"NoSuchSnapshot"}),
        (FORK, SnapshotGetParent("s2", 1), {"InvalidArgument"}),
        (FORK, SnapshotRedefine("s1", "parent", "s2"), {"InvalidArgument"}),
        (FORK, SnapshotRedefine("s1", "parent", "s1"), {"InvalidArgument"}),
        (FORK, SnapshotRedefine("s1", "unknown-parent"), {"NoSuchSnapshot", "InvalidArgument"}),
        (FORK, SnapshotRedefine("s1", "domain"), {"InvalidArgument"}),
        (FORK, SnapshotRedefine("s1", flags=1 | int(CreateFlag.HALT)), {"InvalidArgument"}),
        (FORK, ListAllSnapshots(1 << 11), {"InvalidArgument"}),
        (FORK, DomainUndefineFlags(), {"WouldDiscard"}),
        (FORK, DomainUndefineFlags(1), {"WouldDiscard"}),
        (SAVED, DomainUndefineFlags(2), {"WouldDiscard"}),
        (ON, DomainManagedSave(6), {"InvalidArgument"}),
        (ON, DomainCreate(), {"InvalidPowerState"}),
        (GONE, DomainCreate(), {"InvalidArgument"}),
    ],
)
def test_what_is_refused(domain: Domain, operation: NativeCall, expected: set[str]) -> None:
    """BIND-8, BIND-10, BIND-11, BIND-13, BIND-14, BIND-16."""
    assert kinds(domain, operation) == expected


def test_a_flag_that_the_driver_does_not_have_may_be_unsupported() -> None:
    """BIND-16."""
    forget = SnapshotDelete("s1", int(DeleteFlag.METADATA_ONLY))
    assert kinds(FORK, forget, TEST) == {"InvalidArgument", "Unsupported"}
    assert kinds(FORK, forget) == set()


def test_what_was_forgotten_is_restored() -> None:
    """BIND-7, BIND-10: the record comes back under the parent that it names, with what it held."""
    forgotten = after(A, B, SnapshotDelete("s2", int(DeleteFlag.METADATA_ONLY)))
    assert (list(forgotten.snapshots), list(forgotten.retired), forgotten.current) == (["s1"], ["s2"], "s1")
    restored = any_step(forgotten, SnapshotRedefine("s2"), QEMU)
    assert isinstance(restored, Accepted)
    assert restored.domain.snapshots["s2"].parent == "s1"
    assert restored.domain.current == "s1"
    current = any_step(forgotten, SnapshotRedefine("s2", flags=3), QEMU)
    assert isinstance(current, Accepted)
    assert current.domain.current == "s2"


def test_a_domain_that_is_on_becomes_transient_and_goes_with_its_power() -> None:
    """BIND-13."""
    assert (TRANSIENT.persistent, TRANSIENT.active.power, len(TRANSIENT.snapshots)) == (False, "running", 2)
    assert not GONE.defined


def test_the_flags_of_a_save_say_how_it_goes_on() -> None:
    """BIND-18."""
    assert after(DomainCreate(), DomainManagedSave(4), DomainCreate()).active.power == "paused"
    assert after(DomainCreate(), DomainManagedSave(2), DomainCreate()).active.power == "running"


@pytest.mark.parametrize(
    ("operation", "result"),
    [
        (ListAllSnapshots(int(ListFlag.LEAVES | ListFlag.NO_LEAVES)), ["s1", "s2"]),
        (ListAllSnapshots(int(ListFlag.INTERNAL)), ["s1", "s2"]),
        (ListAllSnapshots(int(ListFlag.EXTERNAL)), []),
        (SnapshotNum(int(ListFlag.ACTIVE)), 1),
        (SnapshotListAllChildren("s1"), ["s2"]),
        (HasCurrentSnapshot(), 1),
        (SnapshotGetParent("s2"), "s1"),
        (SnapshotGetXMLDesc("s1"), {"name": "a", "description": "", "parent": None, "state": "shutoff"}),
        (
            SnapshotGetXMLDesc("s2"),
            {"name": "b", "description": "", "parent": "a", "state": "running", "disks": False},
        ),
    ],
)
def test_what_is_answered(operation: NativeCall, result: object) -> None:
    """BIND-8, BIND-9, BIND-15."""
    outcome = operation.outcome(ON, QEMU)
    assert isinstance(outcome, Accepted)
    assert outcome.result == result
    assert outcome.domain is ON


def test_an_order_is_only_promised_where_it_was_asked_for() -> None:
    """BIND-9."""
    plain, sorted_by_parents = ListAllSnapshots(), ListAllSnapshots(int(ListFlag.TOPOLOGICAL))
    wanted = ["s1", "s2", "s3"]
    assert plain.agrees(wanted, ["s3", "s2", "s1"], FORK)
    assert not plain.agrees(wanted, ["s3", "s2"], FORK)
    assert sorted_by_parents.agrees(wanted, ["s1", "s3", "s2"], FORK)
    assert not sorted_by_parents.agrees(wanted, ["s3", "s1", "s2"], FORK)


def test_what_a_driver_is_free_to_refuse() -> None:
    """BIND-8, BIND-9, BIND-17: a revert that is risky, and filters without a distinction."""
    assert RevertToSnapshot("s1", int(RevertFlag.RUNNING)).tolerated(ON) == {"InvalidPowerState"}
    assert RevertToSnapshot("s1").tolerated(SAVED) == {"InvalidPowerState"}
    assert RevertToSnapshot("s1", int(RevertFlag.FORCE)).tolerated(SAVED) == set()
    assert RevertToSnapshot("s1").tolerated(ON) == set()
    assert ListAllSnapshots(int(ListFlag.EXTERNAL)).tolerated(ON) == {"InvalidArgument", "Unsupported"}
    assert ListAllSnapshots(int(ListFlag.ROOTS)).tolerated(ON) == set()


def test_every_kind_of_refusal_that_a_call_may_have_has_codes() -> None:
    assert set(CODES) <= set(REFUSALS)
    assert kind_of(72, {"NoSuchSnapshot", "InvalidArgument"}) == "NoSuchSnapshot"
    assert kind_of(1, set(CODES)) is None
    assert kind_of(55, {"NoSuchSnapshot"}) is None


@pytest.mark.parametrize("name", NATIVE_CALLS)
def test_a_call_is_read_back_from_its_record(name: str) -> None:
    kind = NATIVE_CALLS[name]
    needed = {key: "s1" for key in ("snapshot", "name") if key in kind.__dataclass_fields__}
    call = kind(**needed)
    assert operation_from_json(call.to_json(), ALL_OPERATIONS) == call


@pytest.mark.parametrize(
    ("events", "power", "end"),
    [
        ([], "paused", "paused"),
        ([(2, 0)], "off", "running"),
        ([(5, 6), (2, 3), (3, 5)], "running", "paused"),
        ([(1, 0)], "running", "running"),
        ([(4, 0)], "paused", "running"),
    ],
)
def test_events_tell_the_power_state(events: list[tuple[int, int]], power: str, end: str) -> None:
    """BIND-12."""
    assert told(events, power) == end  # type: ignore[arg-type]  # one of the three


def test_events_tell_the_reason() -> None:
    """BIND-12."""
    assert wrong_reasons(DomainCreate(), SAVED, [(2, 0)]) == ("STARTED RESTORED", "STARTED BOOTED")
    assert wrong_reasons(DomainCreate(), SAVED, [(2, 2), (3, 4)]) is None
    assert wrong_reasons(DomainCreate(), FORK, [(2, 2)]) == ("STARTED BOOTED", "STARTED RESTORED")
    assert wrong_reasons(DomainManagedSave(), ON, [(5, 1)]) == ("STOPPED SAVED", "STOPPED DESTROYED")


def test_only_a_profile_with_flags_has_the_calls() -> None:
    assert load_profile("rfc").libvirt == {}
    assert "METADATA_ONLY" in QEMU.libvirt["delete"]
    assert "METADATA_ONLY" not in TEST.libvirt["delete"]
    assert replace(QEMU, libvirt={}).libvirt == {}
