"""The libvirt drivers: what the suite finds on them is what is known, and nothing is left behind."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

import pytest

from snaptree.conformance.driver import DriverOptions, DriverUnavailable
from snaptree.conformance.drivers.libvirt import LibvirtDriver
from snaptree.conformance.drivers.libvirt.documents import (
    SnapshotRequest,
    configuration_document,
    read_metadata,
    read_snapshot,
    snapshot_document,
    with_description,
)
from snaptree.conformance.drivers.libvirt.hosts.place import AT
from snaptree.conformance.engine.answers import answer_text
from snaptree.conformance.judging.deviations import deviation_of, rules_broken
from snaptree.conformance.methods.bounds import Bounds
from snaptree.conformance.methods.sampled import Sampled
from snaptree.conformance.running.smoke import smoke
from snaptree.conformance.sequences.running import run_sequence
from snaptree.spec import operations as ops
from snaptree.spec.libvirt.calls import (
    DomainCreate,
    DomainDestroy,
    DomainManagedSave,
    DomainUndefineFlags,
    ListAllSnapshots,
    RevertToSnapshot,
    SnapshotCreateXML,
    SnapshotDelete,
    SnapshotIsCurrent,
    SnapshotRedefine,
)
from snaptree.spec.operations import Operation
from snaptree.spec.outcomes import InvalidName, NameInUse, NoSuchSnapshot, Unsupported, WouldDiscard
from snaptree.spec.xml import DomainSnapshot, MemoryPlace, read

from .conftest import Opening
from .hypervisors import known_of, perform, tour, unknown
from .killed import gone, killed_runner


def emulators_in(work: Path) -> list[bytes]:
    """The command lines of every QEMU that works below a folder, which it may see at a path of its own."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            command = (process / "cmdline").read_bytes()
            if b"qemu-system" in command.partition(b"\0")[0] and (
                os.fsencode(work) in command or shown_in(process, work)
            ):
                found.append(command)
    return found


def shown_in(process: Path, work: Path) -> bool:
    """Whether a process sees a folder of ``work`` at the path that libvirt is given."""
    seen = Path(f"{process}/root{AT}")
    return any(one.is_dir() and seen.samefile(one) for one in (work, *work.rglob("*")))


@pytest.mark.parametrize("uri", ["test:///default", "qemu:///embed"])
def test_it_can_be_judged(opening: Opening, uri: str) -> None:
    assert [probe.problem for probe in smoke(opening(uri))] == [None] * 10


def test_the_test_driver_keeps_trees_of_three_as_specified(in_memory: LibvirtDriver) -> None:
    covered, found = tour(in_memory, "storage", 3)
    assert found == []
    assert covered > 300


def test_the_test_driver_deviates_in_power_states_only_as_known(in_memory: LibvirtDriver) -> None:
    covered, found = tour(in_memory, "power", 1)
    assert unknown(in_memory, found) == []
    assert covered > 200


@pytest.mark.parametrize(
    ("calls", "careful", "thin"),
    [
        ((ops.Create(""),), "refused as InvalidName", "accepted"),
        ((ops.Start(), ops.Pause(), ops.Pause()), "refused as InvalidPowerState", "failed with RemoteError"),
        ((ops.Start(), ops.ManagedSave(), ops.Create("beside")), "refused as InvalidPowerState", "accepted"),
        ((ops.Start(), ops.Undefine()), "refused as InvalidPowerState", "accepted"),
        ((ops.Create("a"), ops.Undefine()), "refused as WouldDiscard", "refused as InvalidPowerState"),
    ],
    ids=["an empty name", "paused twice", "beside an image", "undefined while it runs", "with snapshots"],
)
def test_libvirt_is_asked_where_the_driver_is_thin(
    opening: Opening, calls: tuple[Operation, ...], careful: str, thin: str
) -> None:
    for uri, expected in (("test:///default", careful), ("test:///default?thin=yes", thin)):
        driver = opening(uri)
        assert driver.name == f"libvirt test:///default{', thin' if '?' in uri else ''}"
        last = run_sequence(driver, calls).steps[-1]
        assert last.operation == calls[-1]
        assert answer_text(last.answer).startswith(expected)


@pytest.mark.rule("BIND-25", "BIND-33", "BIND-44", "BIND-50", "BIND-51", "BIND-18")
def test_the_test_driver_deviates_in_its_own_calls_only_as_known(
    opening: Opening, monkeypatch: pytest.MonkeyPatch
) -> None:
    """BIND-25 to BIND-18, made natively: every call of a tree of one, and sequences at random."""
    # Thousands of messages: that their form is right is looked at elsewhere.
    monkeypatch.setenv("SNAPTREE_CHECK_MESSAGES", "0")
    in_memory = opening("test:///default")
    _, found = tour(in_memory, "libvirt", 1)
    found += perform(in_memory, Sampled(), Bounds(seed=5, sequences=20, longest=30))[1]
    assert unknown(in_memory, found) == []
    assert {one.rules[0] for one in found} >= {"BIND-33", "BIND-44", "BIND-50", "BIND-51"}


@pytest.mark.rule("BIND-25", "BIND-18")
def test_qemu_deviates_in_its_own_calls_only_as_known(embedded: LibvirtDriver) -> None:
    """BIND-25 to BIND-18, made natively: snapshots are forgotten and restored, and events followed."""
    calls: list[Operation] = [
        SnapshotCreateXML("a"), SnapshotCreateXML("b"), SnapshotDelete("s1", 2),
        SnapshotRedefine("s1", flags=3),
        RevertToSnapshot("s2", 1), DomainManagedSave(), DomainCreate(), SnapshotCreateXML("c"),
        SnapshotRedefine("s3", "parent", "s1"), ListAllSnapshots(1024), RevertToSnapshot("s3", 2),
        SnapshotDelete("s2", 4), SnapshotDelete("s2", 1), DomainUndefineFlags(), RevertToSnapshot("s3"),
        SnapshotIsCurrent("s3"), DomainDestroy(), DomainCreate(),
    ]  # fmt: skip
    run = run_sequence(embedded, calls)
    assert run.differences == ()
    assert len(run.steps) == len(calls)
    listed = run_sequence(embedded, [SnapshotCreateXML("a"), ListAllSnapshots(12)])
    rules = rules_broken(listed.steps[-1], listed.differences, embedded.profile)
    known = known_of("libvirt-qemu-internal", embedded.version)
    assert [entry.operation for entry in known if entry.rule in rules[:1]] != []


def test_domains_of_one_driver_have_nothing_in_common(in_memory: LibvirtDriver) -> None:
    one, other = in_memory.open(), in_memory.open()
    one.create("a")
    other.create("a")
    other.create("b")
    assert (one.list(), other.list()) == (["a"], ["a", "b"])


def test_what_libvirt_said_comes_with_a_refusal(in_memory: LibvirtDriver) -> None:
    domain = in_memory.open()
    domain.create("a")
    with pytest.raises(NameInUse) as refused:
        domain.create("a")
    assert refused.value.native is not None
    assert (refused.value.native["system"], refused.value.native["code"]) == ("libvirt", 9)
    with pytest.raises(NoSuchSnapshot) as missed:
        domain.revert("nobody")
    assert missed.value.native is not None
    assert missed.value.native["code"] == 72


@pytest.mark.parametrize("name", ["", "\x00", "\x01", "\ud800", "\ufffe"])
def test_names_that_libvirt_cannot_be_asked_for(in_memory: LibvirtDriver, name: str) -> None:
    domain = in_memory.open()
    with pytest.raises(InvalidName):
        domain.create(name)
    with pytest.raises(NoSuchSnapshot):
        domain.lookup_by_name(name or "nobody")
    assert domain.list() == []


def test_names_come_back_as_they_were(in_memory: LibvirtDriver) -> None:
    domain = in_memory.open()
    names = ["a\nb", "a\rb", " a ", "<b>&amp;</b>", "'\"", "caf\u00e9", "../x", "x" * 10_000]
    assert [domain.create(name) for name in names] == names
    assert domain.list() == names


@pytest.mark.rule("PROFILE-3")
def test_one_delete_is_called_only_where_it_means_what_was_asked(in_memory: LibvirtDriver) -> None:
    """PROFILE-3: the driver looks first."""
    domain = in_memory.open()
    for name in ("a", "b"):
        domain.create(name)
    domain.revert("a")
    with pytest.raises(WouldDiscard) as merge:
        domain.merge_into_children("b")
    assert merge.value.casualties == ["b"]
    with pytest.raises(WouldDiscard) as discard:
        domain.discard("a")
    assert discard.value.casualties == ["b", "active"]
    assert domain.list() == ["a", "b"]
    with pytest.raises(Unsupported, match="base"):
        domain.discard_forced("a")
    assert not hasattr(domain, "merge_into_parent")
    assert not hasattr(domain, "retire")


def test_a_description_may_be_given_later(in_memory: LibvirtDriver) -> None:
    operations = [
        ops.Create("a", "first"), ops.Create("b"), ops.Describe("s1", "in\ntwo <lines>"),
        ops.Describe("s2", "current"), ops.Describe("s1", ""), ops.Revert("s1"),
    ]  # fmt: skip
    assert run_sequence(in_memory, operations).differences == ()


def test_the_content_of_real_images_follows_every_revert(embedded: LibvirtDriver) -> None:
    operations = [
        ops.WriteDisk("vda", 0, 1), ops.Create("a"), ops.WriteDisk("vda", 0, 2), ops.WriteDisk("vdb", 15, 3),
        ops.Create("b"), ops.Revert("s1"), ops.WriteDisk("vdb", 15, 4), ops.Create("c"),
        ops.MergeIntoChildren("s1"), ops.Revert("s2"), ops.Discard("s3"), ops.UndefineForced(),
    ]  # fmt: skip
    run = run_sequence(embedded, operations)
    assert run.differences == ()
    # The domain that ended is asked once more.
    assert [one.operation for one in run.steps][: len(operations)] == operations
    seen = run.steps[4].observation
    assert seen is not None
    assert seen["active"]["disks"]["vda"] == {"size": 1048576, "blocks": {"0": 2}}


def test_a_running_qemu_is_reverted_with_its_power_state(embedded: LibvirtDriver) -> None:
    operations = [
        ops.WriteDisk("vda", 1, 5), ops.Start(), ops.Create("on", memory=True), ops.Pause(),
        ops.Create("paused", memory=True), ops.Stop(), ops.WriteDisk("vda", 1, 6), ops.Revert("s2"),
        ops.Stop(),
    ]  # fmt: skip
    run = run_sequence(embedded, operations)
    assert run.differences == ()
    assert run.steps[7].after.active.power == "paused"


@pytest.mark.rule("NAME-8")
def test_a_name_too_long_for_a_file_deviates_as_known(embedded: LibvirtDriver) -> None:
    run = run_sequence(embedded, [ops.Create("x" * 247), ops.Create("y" * 248)])
    assert len(run.steps) == 2
    entries = known_of("libvirt-qemu-internal", "9.0.0")
    found = deviation_of(run, embedded.profile, "", flaky=False)
    # It fails before it could refuse; the rule about names is the next that this breaks.
    assert found.rules[:2] == ("REFUSE-2", "NAME-8")
    assert [entry.operation for entry in entries if entry.matches(found)] == ["create"]


@pytest.mark.parametrize("keep_root", [False, True])
def test_a_crash_of_the_library_is_a_known_deviation_and_the_run_goes_on(
    embedded: LibvirtDriver, keep_root: bool
) -> None:
    if not embedded.version.startswith("9.0."):
        pytest.skip("the page speaks of 9.0.0")
    grown = [ops.Create("a"), ops.Create("b"), ops.Revert("s1"), ops.Create("c"), ops.Create("d")]
    run = run_sequence(embedded, [*grown, ops.RemoveSubtree("s1", keep_root=keep_root)])
    assert [(one.part, "killed by SIGSEGV" in one.observed) for one in run.differences] == [("process", True)]
    found = deviation_of(run, embedded.profile, "", flaky=False)
    assert found.rule == "PROCESS"
    assert unknown(embedded, [found]) == []
    assert run_sequence(embedded, grown).differences == ()


def test_trees_on_qemu_are_as_specified(embedded: LibvirtDriver) -> None:
    covered, found = tour(embedded, "tree", 2)
    assert found == []
    assert covered > 80


@pytest.mark.parametrize("uri", ["test:///default", "qemu:///embed"])
def test_nothing_is_left(opening: Opening, work: Path, uri: str) -> None:
    driver = opening(uri)
    domain = driver.open()
    domain.start()
    domain.create("on", memory=True)
    driver.close()
    assert list(work.iterdir()) == []
    assert emulators_in(work) == []


def test_a_runner_that_is_killed_leaves_no_qemu(embedded: LibvirtDriver, work: Path) -> None:
    embedded.close()
    options = f'target="qemu:///embed", work=Path({str(work)!r})'
    with killed_runner(LibvirtDriver, options, "start()"):
        assert len(emulators_in(work)) == 1
    assert gone(emulators_in, work)


@pytest.mark.parametrize(
    ("uri", "said"),
    [
        ("", "'no URI' is none of test:///default"),
        ("xen:///", "is none of"),
        ("test:///no/such/file.xml", "there is no file"),
        ("qemu:///embed?root=relative", "has to be absolute"),
    ],
)
def test_what_cannot_be_brought_up_says_why(opening: Opening, work: Path, uri: str, said: str) -> None:
    opening("qemu:///embed" if uri.startswith("qemu") else "test:///default").close()
    with pytest.raises(DriverUnavailable, match=said):
        LibvirtDriver(DriverOptions(target=uri, work=work))


# --- documents, without libvirt ----------------------------------------------------


def test_documents_hold_what_they_were_given() -> None:
    document = snapshot_document(SnapshotRequest("a<\r>", "in\ntwo lines & more"), "no")
    assert read(document) == DomainSnapshot("a<\r>", "in\ntwo lines & more", memory=MemoryPlace("no"))
    assert read_snapshot(with_description(document, "new"))["description"] == "new"
    assert read_snapshot(with_description(with_description(document, "new"), ""))["description"] == ""
    entries = {"key<1>": "value & more", "key\"2'": "x"}
    assert read_metadata(configuration_document(entries)) == entries
