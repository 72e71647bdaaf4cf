"""qemu-img on the images in use: what it does right, and which mistakes of a script the suite finds."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from snaptree.conformance.driver import DriverOptions
from snaptree.conformance.drivers import UnknownDriver, open_driver
from snaptree.conformance.drivers.qemu.in_place import InPlaceDomain, InPlaceDriver
from snaptree.conformance.sequences.running import run_sequence
from snaptree.spec import operations as ops
from snaptree.spec.operations import Operation
from snaptree.spec.outcomes import Accepted

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


class UnsafeRebase(InPlaceDomain):
    """The shortest way in many a handbook: another backing file, and the overlay is not looked at."""

    def _rebase(self, file: int, on: int, *mode: str) -> None:
        super()._rebase(file, on, *(mode or ("-u",)))


class CommitAlone(InPlaceDomain):
    """The backing file keeps its size after a commit of a smaller overlay."""

    def _resize(self, image: str, size: int) -> None:
        if image == self.image("vda", self.tree().active):
            super()._resize(image, size)


class OneDisk(InPlaceDomain):
    """The commit of the second disk is forgotten."""

    def _run(self, command: list[str]) -> None:
        if not ("commit" in command and command[-1].startswith("1-")):
            super()._run(command)


@pytest.fixture
def driver(real_qemu: str, tmp_path: Path) -> Iterator[InPlaceDriver]:
    del real_qemu
    driver = InPlaceDriver(DriverOptions(target="in-place", work=tmp_path))
    yield driver
    driver.close()
    assert list(tmp_path.iterdir()) == []


def test_every_transition_of_one_snapshot_is_as_the_model_says(driver: InPlaceDriver) -> None:
    assert tour(driver, "tree", 1) == (14, [])


@pytest.mark.parametrize(
    ("before", "last"),
    [
        (TWO_LEVELS, ops.MergeIntoChildren("s1")),
        (TWO_LEVELS, ops.MergeIntoChildren("s2")),
        (TWO_LEVELS, ops.MergeIntoParent("s1")),
        (TWO_LEVELS, ops.MergeIntoParent("s2")),
        (TWO_LEVELS, ops.RemoveSubtree("s1")),
        ((*TWO_LEVELS, ops.Revert("s1")), ops.MergeIntoParentForced("s2")),
        (SIZES, ops.MergeIntoParent("s2")),
        (SIZES, ops.MergeIntoParent("s3")),
        (SIZES, ops.MergeIntoChildren("s2")),
        (SIZES, ops.Revert("s1")),
    ],
)
def test_whole_disks_are_as_the_model_says(
    driver: InPlaceDriver, before: tuple[Operation, ...], last: Operation
) -> None:
    run = run_sequence(driver, [*before, last, ops.WriteDisk("vda", 2, 9), ops.Create("z")])
    assert run.differences == ()
    assert isinstance(run.steps[len(before)].outcome, Accepted)


@pytest.mark.parametrize(
    ("faulty", "sequence"),
    [
        (UnsafeRebase, (*TWO_LEVELS, ops.MergeIntoChildren("s2"))),
        (CommitAlone, (*SIZES, ops.MergeIntoParent("s2"))),
        (OneDisk, (*TWO_LEVELS, ops.MergeIntoParent("s2"))),
    ],
)
def test_what_scripts_get_wrong_is_found(
    driver: InPlaceDriver, faulty: type[InPlaceDomain], sequence: tuple[Operation, ...]
) -> None:
    assert run_sequence(driver, sequence).differences == ()
    driver.__class__ = type("Faulty", (InPlaceDriver,), {"domain_class": faulty})
    assert run_sequence(driver, sequence).differences


def test_it_is_named_behind_a_colon() -> None:
    with pytest.raises(UnknownDriver, match=r"no driver 'qemu:by-hand'; there is qemu, qemu:in-place"):
        open_driver("qemu:by-hand", DriverOptions())
