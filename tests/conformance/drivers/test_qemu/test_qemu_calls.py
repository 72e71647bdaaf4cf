"""What the calls of the QEMU driver do, and what they refuse."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import replace
from random import Random
from typing import Any

import pytest

from snaptree.conformance.driver import (
    Discards,
    LooksUp,
    MergesIntoChildren,
    MergesIntoParent,
    Names,
    RemovesSubtrees,
    Retires,
)
from snaptree.conformance.drivers.qemu import QemuDriver
from snaptree.conformance.drivers.qemu.domain import QemuDomain
from snaptree.conformance.engine.lockstep import Lockstep
from snaptree.conformance.methods.sampled import Decoder
from snaptree.spec import operations as ops
from snaptree.spec.outcomes import (
    InvalidArgument,
    InvalidName,
    InvalidPowerState,
    LimitExceeded,
    NameInUse,
    NoSuchSnapshot,
    Refusal,
    Unsupported,
    WouldDiscard,
)
from snaptree.spec.profiles import Limits

from .grown_domain import CALLS, SMALL, Template, blocks, grow, seen, state_of


@pytest.fixture
def domain(shared_driver: QemuDriver) -> Iterator[QemuDomain]:
    domain = shared_driver.open()
    yield domain
    domain.close()


def new(domain: QemuDomain, name: str) -> str:
    return domain.create(name, "", False, None, False)


@pytest.mark.parametrize("seed", range(4))
def test_a_random_walk_agrees_with_the_model(shared_driver: QemuDriver, seed: int) -> None:
    draw = Random(seed)
    lockstep = Lockstep(shared_driver.open(), shared_driver.profile)
    decoder = Decoder(shared_driver.profile)
    for _ in range(50):
        numbers = draw.randbytes(3)
        taken = lockstep.do(decoder.operation(lockstep.model, *numbers))
        assert not taken.differences, f"seed {seed}: {taken.operation} gave {taken.answer}"
    assert not lockstep.finish()


@pytest.mark.parametrize("name", CALLS)
def test_every_call_agrees_with_the_model_on_a_tree_with_a_retired_snapshot(
    shared_driver: QemuDriver, name: str
) -> None:
    lockstep = Lockstep(shared_driver.open(SMALL), shared_driver.profile, SMALL)
    recorded = Recording(lockstep)
    lockstep.watches = False  # growing alone is what the walks are for
    ids = grow(recorded)
    lockstep.watches = True
    CALLS[name](recorded, ids)
    assert not lockstep.finish()
    assert recorded.accepted == lockstep.tally.steps


class Recording:
    """Takes calls as a domain does, and makes each of them a step that must be accepted."""

    def __init__(self, lockstep: Lockstep) -> None:
        self.lockstep = lockstep
        self.accepted = 0

    def __getattr__(self, call: str) -> Any:
        def take(*arguments: Any) -> Any:
            taken = self.lockstep.do(ops.KINDS[call](*arguments[:2]))
            assert not taken.differences, taken
            self.accepted += taken.after is not taken.before or call == "write_disk"
            return getattr(taken.outcome, "result", None)

        if call == "create":
            return lambda name, description, *_: take(name, description)
        if call in ("revert", "merge_into_parent_forced", "discard_forced"):
            return lambda snapshot, _: take(snapshot)
        if call == "write_disk":
            return lambda *arguments: self._write(*arguments)
        return take

    def _write(self, disk: str, block: int, value: int) -> None:
        taken = self.lockstep.do(ops.WriteDisk(disk, block, value))
        assert not taken.differences, taken
        self.accepted += 1


def test_the_domain_has_every_protocol_that_its_profile_claims(
    shared_driver: QemuDriver, domain: QemuDomain
) -> None:
    groups = (Discards, LooksUp, MergesIntoChildren, MergesIntoParent, Names, RemovesSubtrees, Retires)
    assert all(isinstance(domain, group) for group in groups)
    assert all(callable(getattr(domain, call, None)) for call in shared_driver.profile.operations)


def test_several_disks_are_captured_as_one(domain: QemuDomain) -> None:
    domain.write_disk("vda", 1, 10)
    domain.write_disk("vdb", 1, 20)
    one = new(domain, "one")
    domain.write_disk("vda", 1, 11)
    domain.write_disk("vdb", 1, 21)
    domain.revert(one, None)
    active = domain.observe()["active"]
    assert (blocks(active, "vda"), blocks(active, "vdb")) == ({"1": 10}, {"1": 20})


def test_disks_may_be_called_anything_and_there_may_be_any_number(shared_driver: QemuDriver) -> None:
    disks = {"../vda": 64 * 1024, "": 512, "json:{}": 1024 * 1024 + 512, "-f": 65536 + 512, "vda": 1 << 26}
    domain = shared_driver.open(disks)
    for value, disk in enumerate(disks, start=1):
        domain.write_disk(disk, 0, value)
    domain.write_disk("json:{}", 16, 9)
    one = new(domain, "one")
    point = domain.observe()["snapshots"][0]["point"]
    assert {disk: point["disks"][disk]["size"] for disk in disks} == disks
    assert [blocks(point, disk) for disk in disks] == [
        {"0": 1}, {"0": 2}, {"0": 3, "16": 9}, {"0": 4}, {"0": 5},
    ]  # fmt: skip
    domain.merge_into_children(one)
    assert domain.observe()["active"] == point


def test_a_disk_of_no_size_is_not_opened(shared_driver: QemuDriver) -> None:
    with pytest.raises(ValueError, match="multiple of 512"):
        shared_driver.open({"vda": 1000})


@pytest.mark.parametrize("call", ["merge_into_children", "discard", "merge_into_parent"])
def test_a_refused_delete_names_every_casualty_and_changes_nothing(domain: QemuDomain, call: str) -> None:
    ids = grow(domain)
    before = seen(domain)
    target, casualties = {
        "merge_into_children": ("C", ["C"]),
        "discard": ("A", ["B", "C", "D", "active"]),
        "merge_into_parent": ("B", ["D", "active"]),
    }[call]
    with pytest.raises(WouldDiscard) as refused:
        getattr(domain, call)(ids[target])
    assert refused.value.casualties == [ids.get(one, one) for one in casualties]
    assert seen(domain) == before


def test_a_merge_into_the_parent_moves_the_time_of_capture_with_the_point(domain: QemuDomain) -> None:
    parent, child = new(domain, "parent"), new(domain, "child")
    captured = {entry["id"]: entry["captured"] for entry in domain.observe()["snapshots"]}
    domain.merge_into_parent(child)
    (entry,) = domain.observe()["snapshots"]
    assert captured[parent] < captured[child]
    assert (entry["id"], entry["captured"]) == (parent, captured[child])


REFUSED: dict[str, tuple[type[Refusal], Any]] = {
    "an empty name": (InvalidName, lambda domain, _: new(domain, "")),
    "a name of 10,000 characters": (InvalidName, lambda domain, _: new(domain, "x" * 10_000)),
    "a name of control characters": (InvalidName, lambda domain, ids: domain.rename(ids["C"], "a\nb")),
    "a name that is no text": (InvalidName, lambda domain, ids: domain.rename(ids["C"], 5)),
    "a name in use": (NameInUse, lambda domain, _: new(domain, "A")),
    "another's name": (NameInUse, lambda domain, ids: domain.rename(ids["C"], "A")),
    "memory": (InvalidPowerState, lambda domain, _: domain.create("E", "", True, None, False)),
    "quiesce": (Unsupported, lambda domain, _: domain.create("E", "", False, None, True)),
    "resume_as": (Unsupported, lambda domain, ids: domain.revert(ids["C"], "running")),
    "forced resume_as": (Unsupported, lambda domain, ids: domain.discard_forced(ids["C"], "off")),
    "a uuid in capitals": (
        InvalidArgument,
        lambda domain, _: domain.create("E", "", False, "ABCDEF00-0000-4000-8000-000000000000", False),
    ),
    "an unknown disk": (InvalidArgument, lambda domain, _: domain.write_disk("vdc", 0, 1)),
    "a block outside": (InvalidArgument, lambda domain, _: domain.write_disk("vda", 16, 1)),
    "a value outside": (InvalidArgument, lambda domain, _: domain.write_disk("vda", 0, 256)),
    "a value that is no number": (InvalidArgument, lambda domain, _: domain.write_disk("vda", 0, True)),
    "a description that is no text": (InvalidArgument, lambda domain, ids: domain.describe(ids["C"], None)),
    "reclaiming what is live": (InvalidArgument, lambda domain, ids: domain.reclaim(ids["C"])),
    "reclaiming nothing": (NoSuchSnapshot, lambda domain, _: domain.reclaim("nobody")),
    "a retired one": (NoSuchSnapshot, lambda domain, ids: domain.revert(ids["R"], None)),
    "an id that is no text": (NoSuchSnapshot, lambda domain, _: domain.discard(["A"])),
    "an unknown name": (NoSuchSnapshot, lambda domain, _: domain.lookup_by_name("nobody")),
}


@pytest.mark.parametrize("what", REFUSED)
def test_bad_input_is_refused_and_has_no_effect(template: Template, what: str) -> None:
    domain = template.again()
    before = state_of(domain)
    kind, call = REFUSED[what]
    with pytest.raises(kind) as refused:
        call(domain, template.ids)
    assert len(str(refused.value)) < 300
    assert state_of(domain) == before
    domain.close()


def test_a_uuid_is_never_given_twice(domain: QemuDomain) -> None:
    uuid = "00000000-0000-4000-8000-000000000001"
    one = domain.create("one", "", False, uuid, False)
    for _ in range(2):
        with pytest.raises(InvalidArgument):
            domain.create("two", "", False, uuid, False)
        if one in domain.list():
            domain.retire(one)
    domain.reclaim(one)
    assert domain.create("two", "", False, uuid, False) != one


@pytest.mark.parametrize(
    "name", ["../../etc/x", "-rf", "json:{}", "café", " ", "$(id)", "x" * 255, "state.json"]
)
def test_a_name_never_becomes_a_file_name(domain: QemuDomain, name: str) -> None:
    one = new(domain, name)
    assert domain.lookup_by_name(name) == one
    assert domain.observe()["snapshots"][0]["name"] == name
    plain = {"state.json", *(f"{disk}-{layer}.qcow2" for disk in (0, 1) for layer in (0, 1, 2))}
    assert {path.name for path in domain.folder.iterdir()} == plain


def test_retiring_moves_no_data_and_reclaiming_gives_the_storage_back(domain: QemuDomain) -> None:
    one = new(domain, "one")
    two = new(domain, "two")

    def images() -> dict[str, int]:
        return {path.name: path.stat().st_mtime_ns for path in domain.folder.glob("*.qcow2")}

    before = images()
    domain.retire(one)
    assert images() == before
    assert domain.list() == [two]
    assert domain.parent(two) is None
    domain.reclaim(one)
    assert len(images()) == len(before) - 2
    with pytest.raises(NoSuchSnapshot):
        domain.reclaim(one)


def test_any_number_of_retired_snapshots_leaves_a_chain_that_can_be_opened(domain: QemuDomain) -> None:
    for number in range(40):
        domain.write_disk("vda", number % 16, number + 1)
        domain.retire(new(domain, "again"))
    assert len(list(domain.folder.glob("0-*.qcow2"))) < 40
    expected = {str(number % 16): number + 1 for number in range(24, 40)}
    assert blocks(domain.observe()["active"]) == expected


def test_the_limit_on_depth_holds(driver: QemuDriver) -> None:
    driver.profile = replace(driver.profile, limits=Limits(depth=3))
    domain = driver.open()
    deepest = [new(domain, name) for name in "abc"][-1]
    with pytest.raises(LimitExceeded):
        new(domain, "one too many")
    domain.merge_into_children(deepest)
    assert domain.count() == 2
    assert new(domain, "just right") in domain.list()


def test_digests_are_those_of_whole_disks(domain: QemuDomain) -> None:
    domain.write_disk("vda", 3, 255)
    one = new(domain, "one")
    content = bytearray(1024 * 1024)
    blank = hashlib.sha256(content).hexdigest()
    content[3 * 65536 : 3 * 65536 + 512] = b"\xff" * 512
    written = hashlib.sha256(content).hexdigest()
    point = {"vda": written, "vdb": blank}
    assert domain.digests() == {one: point, "active": point, "base": {"vda": blank, "vdb": blank}}


def test_observing_changes_no_file(domain: QemuDomain) -> None:
    grow(domain)
    before = {path: path.read_bytes() for path in domain.folder.iterdir()}
    first = domain.observe()
    domain.digests()
    assert domain.observe() == first
    assert {path: path.read_bytes() for path in domain.folder.iterdir()} == before
