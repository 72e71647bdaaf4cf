"""The small pieces: blocks, readings, the work folder, uuids, text, a library that is missing, qcow2."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rpds import HashTrieMap

from snaptree.conformance.driver import DriverOptions, DriverUnavailable
from snaptree.conformance.drivers.kit.blocks import (
    MIXED,
    block_count,
    block_value,
    check_disk,
    check_size,
    check_write,
    disk_entry,
    has_block,
    is_byte,
)
from snaptree.conformance.drivers.kit.optional import optional
from snaptree.conformance.drivers.kit.qemu_images.qcow2 import NotReadable, backing_of, read_image
from snaptree.conformance.drivers.kit.readings import STANDS_STILL, Readings
from snaptree.conformance.drivers.kit.text import xml_carries
from snaptree.conformance.drivers.kit.uuids import GivenUuids, is_uuid
from snaptree.conformance.drivers.kit.work_folder import DriverFolder
from snaptree.spec.outcomes import InvalidArgument
from snaptree.spec.state import BLOCK_SIZE, BLOCK_STRIDE, Disk

# --- blocks ---------------------------------------------------------------------


@given(st.integers(-3, 40), st.integers(0, 40 * BLOCK_STRIDE))
def test_a_disk_has_the_blocks_that_the_specification_gives_it(block: int, size: int) -> None:
    assert has_block(size, block) is Disk(size, HashTrieMap()).holds(block)
    assert block_count(size) == sum(Disk(size, HashTrieMap()).holds(one) for one in range(50))


def test_numbers_that_python_counts_as_numbers_are_none() -> None:
    assert [is_byte(value) for value in (0, 255, 256, -1, True, "1", 1.0, None)] == [True, True] + [False] * 6
    check_write({"vda": BLOCK_STRIDE}, "vda", 0, 255)


@pytest.mark.parametrize(
    ("disk", "block", "value"),
    [
        ("vdx", 0, 1),
        (7, 0, 1),
        ("vda", True, 1),
        ("vda", "0", 1),
        ("vda", 9, 1),
        ("vda", -1, 1),
        ("vda", 0, True),
    ],
)
def test_a_write_that_no_disk_can_take_is_refused(disk: object, block: object, value: object) -> None:
    with pytest.raises(InvalidArgument):
        check_write({"vda": BLOCK_STRIDE}, disk, block, value)


@pytest.mark.parametrize("size", [0, -65536, 65537, 1049088, 65536.0, True, "65536", None])
def test_what_is_no_multiple_of_64_kib_is_no_size(size: object) -> None:
    check_size(1048576)
    with pytest.raises(InvalidArgument):
        check_size(size)


@pytest.mark.parametrize("disk", ["vdc", "", None, 1])
def test_a_disk_that_is_not_there_is_refused(disk: object) -> None:
    check_disk({"vda": 65536}, "vda")
    with pytest.raises(InvalidArgument):
        check_disk({"vda": 65536}, disk)


def test_a_block_has_one_value_or_is_mixed() -> None:
    assert block_value(b"\x07" * BLOCK_SIZE) == 7
    assert block_value(b"\x07" * (BLOCK_SIZE - 1) + b"\x08") == MIXED
    assert block_value(b"\x07" * (BLOCK_SIZE - 1)) == MIXED
    assert block_value(b"") == MIXED
    assert disk_entry(1024, {0: 0, 2: 5}) == {"size": 1024, "blocks": {"2": 5}}


# --- readings -------------------------------------------------------------------


class Source:
    """A file, a clock that a test moves, and how often the file was read."""

    def __init__(self, folder: Path) -> None:
        self.file = folder / "image"
        self.reads = 0
        self.now = 10**18
        self.readings: Readings[bytes] = Readings(lambda: self.now)
        self.write(b"old", self.now)

    def write(self, content: bytes, changed: int) -> None:
        self.file.write_bytes(content)
        os.utime(self.file, ns=(changed, changed))

    def read(self) -> bytes:
        def look() -> bytes:
            self.reads += 1
            return self.file.read_bytes()

        return self.readings.read("image", [self.file], look)


def test_a_reading_is_kept_while_the_file_stays(tmp_path: Path) -> None:
    source = Source(tmp_path)
    source.now += STANDS_STILL + 1
    assert [source.read(), source.read()] == [b"old", b"old"]
    assert source.reads == 1
    source.write(b"longer", source.now)
    assert source.read() == b"longer"


def test_a_change_that_the_clock_does_not_show_is_seen(tmp_path: Path) -> None:
    source = Source(tmp_path)
    source.now += STANDS_STILL
    assert source.read() == b"old"
    source.write(b"new", 10**18)  # same inode, size and time: the clock stood still
    assert source.read() == b"new"


def test_a_clock_that_runs_behind_the_file_keeps_nothing(tmp_path: Path) -> None:
    source = Source(tmp_path)
    source.now -= 10**9
    source.read()
    source.write(b"new", 10**18)
    assert source.read() == b"new"


def test_what_is_forgotten_is_read_anew(tmp_path: Path) -> None:
    source = Source(tmp_path)
    source.now += STANDS_STILL + 1
    source.read()
    source.readings.forget("image")
    source.read()
    assert source.reads == 2


# --- the work folder ------------------------------------------------------------


@pytest.mark.parametrize("keep", [False, True])
def test_the_folder_goes_unless_it_is_kept(tmp_path: Path, keep: bool) -> None:
    folder = DriverFolder(DriverOptions(work=tmp_path, keep=keep), "mine-")
    assert folder.path.parent == tmp_path
    assert folder.path.name.startswith("mine-")
    assert folder.kept_at == (folder.path if keep else None)
    folder.close()
    folder.close()
    assert folder.path.exists() is keep


def test_what_could_not_be_brought_up_is_not_kept(tmp_path: Path) -> None:
    folder = DriverFolder(DriverOptions(work=tmp_path, keep=True), "mine-")
    folder.abandon()
    assert list(tmp_path.iterdir()) == []
    assert folder.kept_at is None


def test_no_folder_is_no_driver(tmp_path: Path) -> None:
    with pytest.raises(DriverUnavailable, match="folder"):
        DriverFolder(DriverOptions(work=tmp_path / "absent"), "mine-")


# --- uuids, text, libraries -----------------------------------------------------

UUID = "01234567-89ab-4cde-8f01-23456789abcd"


def test_a_uuid_is_taken_once_until_its_bearer_is_gone() -> None:
    uuids = GivenUuids()
    uuids.give("s1", UUID)
    with pytest.raises(InvalidArgument):
        uuids.check(UUID, lambda: ["s1"])
    uuids.check(UUID, list)
    with pytest.raises(InvalidArgument):
        uuids.check(UUID.upper(), list)
    assert [is_uuid(text) for text in (UUID, UUID.upper(), UUID + "\n", 7, None)] == [True] + [False] * 4


def test_where_the_uuid_is_the_identity_it_is_given_once_for_ever() -> None:
    uuids = GivenUuids(identify=True)
    own = UUID.replace("0", "9")
    uuids.give(own, UUID)
    for spent in (UUID, own):
        with pytest.raises(InvalidArgument, match="was given before"):
            uuids.check(spent, list)
    uuids.check(UUID.replace("1", "2"), list)


@pytest.mark.parametrize(
    ("text", "fits"),
    [
        ("a\tb", True),
        ("\x0b", False),
        ("\ud800", False),
        ("\ufffe", False),
        ("\x85", True),
        ("\U0001f4be", True),
    ],
)
def test_what_xml_can_hold(text: str, fits: bool) -> None:
    assert xml_carries(text) is fits


def test_a_library_that_is_missing_comes_with_the_command_that_installs_it() -> None:
    assert optional("json", "nothing").loads("1") == 1
    with pytest.raises(DriverUnavailable, match="zeep is missing") as missing:
        optional("snaptree_no_such_library", "pip install zeep", package="zeep")
    assert missing.value.install == "pip install zeep"


# --- qcow2 ----------------------------------------------------------------------


@pytest.mark.parametrize(
    "content",
    [b"", b"QFI\xfb", b"raw" * 100, b"QFI\xfb" + b"\xff" * 200],
    ids=["empty", "short", "raw", "wild"],
)
def test_what_is_no_image_is_refused_by_both_readings(tmp_path: Path, content: bytes) -> None:
    image = tmp_path / "image.qcow2"
    image.write_bytes(content)
    with pytest.raises(NotReadable):
        backing_of(image)
    with pytest.raises(NotReadable):
        read_image(image)
