"""Snapshots inside images: what qemu-img snapshot does right, and which mistakes the suite finds."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from snaptree.conformance.driver import DriverOptions
from snaptree.conformance.drivers.kit.qemu_images.tools import QemuError
from snaptree.conformance.drivers.qemu.internal import InternalDriver
from snaptree.conformance.drivers.qemu.internal.domain import InternalDomain
from snaptree.conformance.drivers.qemu.internal.images import Images
from snaptree.conformance.sequences.running import run_sequence
from snaptree.spec import operations as ops
from snaptree.spec.operations import Operation
from snaptree.spec.outcomes import Accepted, InvalidName, Unsupported

from ..hypervisors import tour

TWO_LEVELS = (
    ops.WriteDisk("vda", 0, 1),
    ops.Create("a"),
    ops.WriteDisk("vda", 0, 2),
    ops.WriteDisk("vdb", 3, 2),
    ops.Create("b"),
    ops.WriteDisk("vda", 1, 3),
)
SIZES = (
    ops.WriteDisk("vda", 9, 1),
    ops.Create("a"),
    ops.ResizeDisk("vda", 4 * 65536),
    ops.Create("b"),
    ops.ResizeDisk("vda", 12 * 65536),
    ops.WriteDisk("vda", 11, 7),
    ops.Create("c"),
)


class FirstDiskOnly(Images):
    """The revert of the second disk is forgotten."""

    def apply(self, name: str) -> None:
        files, self.files = self.files, {"vda": self.files["vda"]}
        super().apply(name)
        self.files = files


class ByNumber(Images):
    """A snapshot is deleted by the place in the list that it was created in."""

    def delete(self, name: str) -> None:
        names = [one.name for one in self.content("vda").snapshots]
        super().delete(names[names.index(name) - 1])


@pytest.fixture
def driver(real_qemu: str, tmp_path: Path) -> Iterator[InternalDriver]:
    del real_qemu
    driver = InternalDriver(DriverOptions(target="internal", work=tmp_path))
    yield driver
    driver.close()
    assert list(tmp_path.iterdir()) == []


def test_every_transition_of_one_snapshot_is_as_the_model_says(driver: InternalDriver) -> None:
    assert tour(driver, "tree", 1) == (14, [])


@pytest.mark.parametrize(
    ("before", "last"),
    [
        (TWO_LEVELS, ops.MergeIntoChildren("s1")),
        (TWO_LEVELS, ops.MergeIntoChildren("s2")),
        (TWO_LEVELS, ops.RemoveSubtree("s1")),
        (TWO_LEVELS, ops.DiscardForced("s2")),
        ((*TWO_LEVELS, ops.Revert("s1")), ops.Discard("s2")),
        (SIZES, ops.MergeIntoChildren("s2")),
        (SIZES, ops.Revert("s1")),
        (SIZES, ops.Revert("s2")),
    ],
)
def test_whole_disks_are_as_the_model_says(
    driver: InternalDriver, before: tuple[Operation, ...], last: Operation
) -> None:
    run = run_sequence(driver, [*before, last, ops.WriteDisk("vda", 2, 9), ops.Create("z")])
    assert run.differences == ()
    assert isinstance(run.steps[len(before)].outcome, Accepted)


@pytest.mark.parametrize(
    ("faulty", "last"),
    [(FirstDiskOnly, ops.Revert("s1")), (ByNumber, ops.MergeIntoChildren("s2"))],
)
def test_what_scripts_get_wrong_is_found(
    driver: InternalDriver, faulty: type[Images], last: Operation
) -> None:
    assert run_sequence(driver, (*TWO_LEVELS, last)).differences == ()
    driver.images_class = faulty
    assert run_sequence(driver, (*TWO_LEVELS, last)).differences


@pytest.fixture
def domain(driver: InternalDriver) -> InternalDomain:
    return driver.open({"vda": 1 << 20, "vdb": 1 << 20})


def test_of_two_that_bear_one_name_qemu_finds_the_first(domain: InternalDomain) -> None:
    domain.write_disk("vda", 0, 1)
    domain.create("a")
    domain.write_disk("vda", 0, 2)
    domain.create("a")
    assert [one["id"] for one in domain.observe()["snapshots"]] == ["a", "a (2)"]
    domain.revert("a")
    assert domain.observe()["active"]["disks"]["vda"]["blocks"] == {"0": 1}


def test_nothing_holds_what_was_before_the_first_snapshot(domain: InternalDomain) -> None:
    domain.create("a")
    with pytest.raises(Unsupported):
        domain.discard_forced("a")
    assert domain.list() == ["a"]


@pytest.mark.parametrize("name", ["a\0b", "\ud800", 1])
def test_a_name_that_no_command_line_carries_is_refused(domain: InternalDomain, name: str) -> None:
    with pytest.raises(InvalidName):
        domain.create(name)
    assert domain.observe()["snapshots"] == []


def test_the_image_of_another_program_is_a_failure_and_stays(driver: InternalDriver, tmp_path: Path) -> None:
    domain = driver.open({"vda": 1 << 20})
    domain.create("a")
    (image,) = tmp_path.rglob("0.qcow2")
    image.write_bytes(b"not an image")
    with pytest.raises(QemuError, match="qemu-img"):
        domain.create("b")
    assert domain.list() == ["a"]
    assert image.read_bytes() == b"not an image"


def test_a_snapshot_that_another_program_created_is_shown(domain: InternalDomain) -> None:
    domain.create("a")
    domain.images.create("theirs")
    assert [one["id"] for one in domain.observe()["snapshots"]] == ["a", "theirs"]
