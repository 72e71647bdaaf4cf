"""libvirt's own calls as operations: what its documentation says of each, on the model."""

from __future__ import annotations

from dataclasses import replace

import pytest

from snaptree.spec import operations as ops
from snaptree.spec.bindings.libvirt import CreateFlag, DeleteFlag, RevertFlag
from snaptree.spec.examples import DISKS
from snaptree.spec.libvirt.calls import (
    ALL_OPERATIONS,
    LIBVIRT_CALLS,
    DomainCreate,
    DomainDestroy,
    DomainManagedSave,
    DomainManagedSaveRemove,
    DomainResume,
    DomainSuspend,
    DomainUndefineFlags,
    HasCurrentSnapshot,
    LibvirtCall,
    ListAllSnapshots,
    RevertToSnapshot,
    SnapshotCreateXML,
    SnapshotDelete,
    SnapshotGetParent,
    SnapshotGetXMLDesc,
    SnapshotListAllChildren,
    SnapshotNum,
    SnapshotNumChildren,
    SnapshotRedefine,
)
from snaptree.spec.libvirt.errors import CODES, kind_of
from snaptree.spec.libvirt.events import told, wrong_reasons
from snaptree.spec.libvirt.flags import ListFlag, SaveFlag, UndefineFlag, XmlFlag
from snaptree.spec.libvirt.names import CALL_NAMES
from snaptree.spec.operations import Operation, operation_from_json
from snaptree.spec.outcomes import REFUSALS, Accepted, Refused
from snaptree.spec.profiles import load_profile
from snaptree.spec.semantics import step
from snaptree.spec.state import Domain, blank_domain

QEMU, TEST = load_profile("libvirt-qemu-internal"), load_profile("libvirt-test")

UNKNOWN = 1 << 20


def after(*operations: Operation, profile: object = QEMU) -> Domain:
    domain = blank_domain(DISKS)
    for operation in operations:
        outcome = step(domain, operation, profile)  # type: ignore[arg-type]  # one of the profiles
        assert isinstance(outcome, Accepted), (operation, outcome)
        domain = outcome.domain
    return domain


def kinds(domain: Domain, operation: LibvirtCall, profile: object = QEMU) -> set[str]:
    outcome = operation.outcome(domain, profile)  # type: ignore[arg-type]  # one of the profiles
    return set(outcome.kinds) if isinstance(outcome, Refused) else set()


A, B, C = (SnapshotCreateXML(name) for name in "abc")
FORK = after(A, B, RevertToSnapshot("s1"), C)  # a with the leaves b and c, c current
ON = after(A, DomainCreate(), B)  # a taken off, b with the memory of a running domain
SAVED = after(A, DomainCreate(), DomainManagedSave())
TRANSIENT = after(A, DomainCreate(), B, DomainUndefineFlags())
GONE = after(DomainUndefineFlags())


@pytest.mark.rule("BIND-28", "BIND-31", "BIND-38", "BIND-41", "BIND-45", "BIND-48", "BIND-51", "BIND-52")
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
def test_what_is_refused(domain: Domain, operation: LibvirtCall, expected: set[str]) -> None:
    """BIND-29, BIND-37, BIND-41, BIND-45, BIND-47, BIND-52."""
    assert kinds(domain, operation) == expected


@pytest.mark.rule("BIND-52")
def test_a_flag_that_the_driver_does_not_have_may_be_unsupported() -> None:
    """BIND-52."""
    forget = SnapshotDelete("s1", int(DeleteFlag.METADATA_ONLY))
    assert kinds(FORK, forget, TEST) == {"InvalidArgument", "Unsupported"}
    assert kinds(FORK, forget) == set()


@pytest.mark.rule("BIND-27", "BIND-37", "BIND-40")
def test_what_was_forgotten_is_restored() -> None:
    """BIND-25, BIND-37: the record comes back under the parent that it names, with what it held."""
    forgotten = after(A, B, SnapshotDelete("s2", int(DeleteFlag.METADATA_ONLY)))
    assert (list(forgotten.snapshots), list(forgotten.retired), forgotten.current) == (["s1"], ["s2"], "s1")
    restored = step(forgotten, SnapshotRedefine("s2"), QEMU)
    assert isinstance(restored, Accepted)
    assert restored.domain.snapshots["s2"].parent == "s1"
    assert restored.domain.current == "s1"
    current = step(forgotten, SnapshotRedefine("s2", flags=3), QEMU)
    assert isinstance(current, Accepted)
    assert current.domain.current == "s2"


@pytest.mark.rule("BIND-53")
@pytest.mark.parametrize(
    ("domain", "operation"),
    [
        (FORK, DomainUndefineFlags(2 | int(flag)))
        for flag in UndefineFlag
        if flag not in (UndefineFlag.MANAGED_SAVE, UndefineFlag.SNAPSHOTS_METADATA)
    ]
    + [(ON, DomainManagedSave(int(flag))) for flag in (SaveFlag.BYPASS_CACHE, SaveFlag.RESET_NVRAM)]
    + [(ON, SnapshotGetXMLDesc("s1", int(XmlFlag.SECURE)))],
)
def test_a_known_flag_about_what_is_not_here_is_taken_or_refused(
    domain: Domain, operation: LibvirtCall
) -> None:
    """BIND-52: libvirt knows it, so both are right: no effect, or a refusal as not supported."""
    outcome = operation.outcome(domain, QEMU)
    assert isinstance(outcome, Accepted)
    plain = replace(operation, flags=operation.flags & 2 if domain is FORK else 0)  # type: ignore[call-arg, attr-defined]  # each has flags
    assert outcome == plain.outcome(domain, QEMU)
    allowed, kind = operation.read_refusal(domain, outcome, "InvalidArgument", {"code": 8})
    assert isinstance(allowed, Refused)
    assert kind in allowed.kinds
    assert operation.read_refusal(domain, outcome, "Busy", {"code": 1}) == (outcome, "Busy")


@pytest.mark.rule("BIND-52")
def test_a_flag_that_no_libvirt_knows_is_never_accepted() -> None:
    """BIND-52."""
    for call in (DomainUndefineFlags(1 << 7), DomainManagedSave(1 << 4), SnapshotGetXMLDesc("s1", 2)):
        assert kinds(ON, call) >= {"InvalidArgument"}
    for flags in ("3", None, 3.0, True):
        assert kinds(FORK, SnapshotDelete("s1", flags)) == {"InvalidArgument"}  # type: ignore[arg-type]  # what an application may send


@pytest.mark.rule("BIND-53")
def test_a_flag_that_the_profile_claims_is_carried_out() -> None:
    """BIND-29: RESET_NVRAM is claimed for QEMU, and the test driver does not take it."""
    assert kinds(FORK, RevertToSnapshot("s1", int(RevertFlag.RESET_NVRAM))) == set()
    assert kinds(FORK, RevertToSnapshot("s1", int(RevertFlag.RESET_NVRAM)), TEST) == {
        "InvalidArgument",
        "Unsupported",
    }


@pytest.mark.rule("BIND-49")
def test_disks_alone_of_a_domain_that_is_on_are_a_disk_snapshot() -> None:
    """BIND-49: libvirt's word, running or paused; off it is shutoff."""
    wide = replace(QEMU, name="wide", memory="optional", libvirt={**QEMU.libvirt, "create": ("DISK_ONLY",)})
    disks = SnapshotCreateXML("disks", flags=int(CreateFlag.DISK_ONLY))
    for before, word in (
        ((), "shutoff"),
        ((DomainCreate(),), "disk-snapshot"),
        ((DomainCreate(), DomainSuspend()), "disk-snapshot"),
    ):
        domain = after(*before, disks, profile=wide)
        shown = SnapshotGetXMLDesc("s1").outcome(domain, wide)
        assert isinstance(shown, Accepted)
        assert shown.result["state"] == word


@pytest.mark.rule("BIND-36")
def test_a_count_may_refuse_an_order() -> None:
    """BIND-32: "This function will accept TOPOLOGICAL only if virDomainSnapshotListNames() can honor it"."""
    ordered = int(ListFlag.TOPOLOGICAL)
    for call in (SnapshotNum(ordered), SnapshotNumChildren("s1", ordered)):
        assert call.tolerated(FORK) == {"InvalidArgument", "Unsupported"}
    assert ListAllSnapshots(ordered).tolerated(FORK) == set()
    assert SnapshotListAllChildren("s1", ordered).tolerated(FORK) == set()


@pytest.mark.rule("BIND-48")
@pytest.mark.parametrize("code", [74, 84, 86])
def test_quiescing_without_an_agent_is_an_error_of_its_own(code: int) -> None:
    """BIND-52: "if the guest agent is not present, an error is thrown"; elsewhere 86 says nothing."""
    quiesces = SnapshotCreateXML("q", flags=int(CreateFlag.QUIESCE | CreateFlag.DISK_ONLY))
    accepts = Accepted("s4", FORK)
    assert quiesces.read_refusal(FORK, accepts, "Unsupported", {"code": code})[1] == "Unsupported"
    plain = SnapshotCreateXML("q")
    assert plain.read_refusal(FORK, accepts, "Unsupported", {"code": 86}) == (accepts, "Unsupported")


@pytest.mark.parametrize(
    ("code", "kind"), [(28, "NameInUse"), (20, None), (92, "InvalidName"), (83, "Busy"), (74, "Unsupported")]
)
def test_the_kinds_that_a_code_can_mean(code: int, kind: str | None) -> None:
    assert kind_of(code, [kind or "NameInUse"]) == kind


@pytest.mark.rule("BIND-46")
def test_a_domain_that_is_on_becomes_transient_and_goes_with_its_power() -> None:
    """BIND-45."""
    assert (TRANSIENT.persistent, TRANSIENT.active.power, len(TRANSIENT.snapshots)) == (False, "running", 2)
    assert not GONE.defined


@pytest.mark.rule("BIND-18")
def test_the_flags_of_a_save_say_how_it_goes_on() -> None:
    """BIND-18."""
    assert after(DomainCreate(), DomainManagedSave(4), DomainCreate()).active.power == "paused"
    assert after(DomainCreate(), DomainManagedSave(2), DomainCreate()).active.power == "running"


@pytest.mark.rule("BIND-31", "BIND-32", "BIND-33", "BIND-49", "BIND-50")
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
def test_what_is_answered(operation: LibvirtCall, result: object) -> None:
    """BIND-29, BIND-32, BIND-49."""
    outcome = operation.outcome(ON, QEMU)
    assert isinstance(outcome, Accepted)
    assert outcome.result == result
    assert outcome.domain is ON


@pytest.mark.rule("BIND-36")
def test_an_order_is_only_promised_where_it_was_asked_for() -> None:
    """BIND-32."""
    plain, sorted_by_parents = ListAllSnapshots(), ListAllSnapshots(int(ListFlag.TOPOLOGICAL))
    wanted = ["s1", "s2", "s3"]
    assert plain.agrees(wanted, ["s3", "s2", "s1"], FORK)
    assert not plain.agrees(wanted, ["s3", "s2"], FORK)
    assert sorted_by_parents.agrees(wanted, ["s1", "s3", "s2"], FORK)
    assert not sorted_by_parents.agrees(wanted, ["s3", "s1", "s2"], FORK)


@pytest.mark.rule("BIND-29", "BIND-32", "BIND-17")
def test_what_a_driver_is_free_to_refuse() -> None:
    """BIND-29, BIND-32, BIND-17: a revert that is risky, and filters without a distinction."""
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


@pytest.mark.parametrize("name", LIBVIRT_CALLS)
def test_a_call_is_read_back_from_its_record(name: str) -> None:
    kind = LIBVIRT_CALLS[name]
    needed = {key: "s1" for key in ("snapshot", "name") if key in kind.__dataclass_fields__}
    call = kind(**needed)
    assert operation_from_json(call.to_json(), ALL_OPERATIONS) == call


@pytest.mark.rule("BIND-43")
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
    """BIND-43."""
    assert told(events, power) == end  # type: ignore[arg-type]  # one of the three


@pytest.mark.rule("BIND-44")
def test_events_tell_the_reason() -> None:
    """BIND-43."""
    assert wrong_reasons(DomainCreate(), SAVED, [(2, 0)]) == ("STARTED RESTORED", "STARTED BOOTED")
    assert wrong_reasons(DomainCreate(), SAVED, [(2, 2), (3, 4)]) is None
    assert wrong_reasons(DomainCreate(), FORK, [(2, 2)]) == ("STARTED BOOTED", "STARTED RESTORED")
    assert wrong_reasons(DomainManagedSave(), ON, [(5, 1)]) == ("STOPPED SAVED", "STOPPED DESTROYED")


def test_only_a_profile_with_flags_has_the_calls() -> None:
    assert load_profile("rfc").libvirt == {}
    assert "METADATA_ONLY" in QEMU.libvirt["delete"]
    assert "METADATA_ONLY" not in TEST.libvirt["delete"]
    assert replace(QEMU, libvirt={}).libvirt == {}


def test_the_names_of_the_calls_stand_alone_and_are_all_of_them() -> None:
    assert tuple(LIBVIRT_CALLS) == CALL_NAMES


@pytest.mark.rule("BIND-42")
@pytest.mark.parametrize(("flag", "power"), [(RevertFlag.RUNNING, "running"), (RevertFlag.PAUSED, "paused")])
def test_a_transient_domain_that_is_reverted_with_a_flag_is_on(flag: RevertFlag, power: str) -> None:
    """BIND-42: also to a snapshot that was taken off."""
    outcome = step(TRANSIENT, RevertToSnapshot("s1", int(flag)), QEMU)
    assert isinstance(outcome, Accepted)
    assert (outcome.domain.active.power, outcome.domain.persistent) == (power, False)


@pytest.mark.rule("BIND-47")
@pytest.mark.parametrize("domain", [FORK, ON, SAVED])
@pytest.mark.parametrize(
    ("call", "operation"),
    [
        (DomainCreate(), ops.Start()),
        (DomainDestroy(), ops.Stop()),
        (DomainSuspend(), ops.Pause()),
        (DomainResume(), ops.Resume()),
        (DomainManagedSave(), ops.ManagedSave()),
        (DomainManagedSaveRemove(), ops.ManagedSaveRemove()),
    ],
)
def test_a_call_on_the_domain_is_the_call_of_the_specification(
    domain: Domain, call: LibvirtCall, operation: Operation
) -> None:
    """BIND-47."""
    assert step(domain, call, QEMU) == step(domain, operation, QEMU)
