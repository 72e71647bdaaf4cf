"""What a block job of QEMU leaves that fails, is paused, cancelled or killed: the images as they were."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from snaptree.conformance.driver import DriverUnavailable, Json
from snaptree.conformance.drivers.kit.qemu_images.tools import Tools, find_tools
from snaptree.conformance.drivers.kit.qemu_machine.machine import Machine, MachineLost
from snaptree.conformance.drivers.kit.qemu_machine.monitor import CommandError
from snaptree.conformance.drivers.kit.qemu_machine.system import find_system

from ..hypervisors import skip_without

Start = Callable[..., Machine]


@pytest.fixture
def tools() -> Tools:
    """qemu-img and qemu-io of the host."""
    try:
        return find_tools({})
    except DriverUnavailable as missing:
        skip_without("qemu", missing)


@pytest.fixture
def start(tools: Tools, tmp_path: Path) -> Iterator[Start]:
    """Start a machine on an image over one that holds 22 in block 1; the options are of its file."""
    try:
        system = find_system({"accel": "tcg"})
    except DriverUnavailable as missing:
        skip_without("qemu", missing)
    started: list[Machine] = []

    def start(**file: Json) -> Machine:
        for command in (
            tools.create("base.qcow2", size=1 << 20),
            [tools.qemu_io, "-f", "qcow2", "-c", "write -q -P 22 64k 512", "base.qcow2"],
            tools.overlay("top.qcow2", "base.qcow2"),
        ):
            subprocess.run(command, cwd=tmp_path, check=True, timeout=60)
        base = {"driver": "file", "filename": "base.qcow2"}
        below = {"node-name": "base", "driver": "qcow2", "file": {**file, "image": base} if file else base}
        above = {"node-name": "top", "driver": "qcow2", "backing": "base"}
        above |= {"file": {"driver": "file", "filename": "top.qcow2"}}
        arguments = [word for one in (below, above) for word in ("-blockdev", json.dumps(one))]
        started.append(Machine(system, tmp_path, arguments))
        return started[-1]

    yield start
    for machine in started:
        machine.kill()


def assert_images_are_whole(tools: Tools, folder: Path) -> None:
    """The upper image is on the lower one, reads as before, and is consistent."""
    for command, told in (
        ([tools.qemu_img, "info", "top.qcow2"], "backing file: base.qcow2"),
        ([tools.qemu_io, "-r", "-f", "qcow2", "-c", "read -P 22 64k 512", "top.qcow2"], "read 512/512"),
        ([tools.qemu_img, "check", "top.qcow2"], "No errors were found"),
    ):
        ran = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=60)
        assert (ran.returncode, told in ran.stdout, "failed" in ran.stdout) == (0, True, False), ran.stdout


def test_a_stream_that_meets_an_error_says_so_and_leaves_the_images(
    start: Start, tools: Tools, tmp_path: Path
) -> None:
    machine = start(driver="blkdebug", **{"inject-error": [{"event": "read_aio", "errno": 5}]})
    with pytest.raises(CommandError, match="block-stream: Input/output error"):
        machine.job("block-stream", {"job-id": "merge", "device": "top", "auto-dismiss": False})
    assert machine.call("query-jobs") == []
    machine.quit()
    assert_images_are_whole(tools, tmp_path)


def test_a_stream_that_is_paused_and_cancelled_leaves_the_images(
    start: Start, tools: Tools, tmp_path: Path
) -> None:
    machine = start()
    machine.call("block-stream", {"job-id": "merge", "device": "top", "speed": 1})
    machine.call("job-pause", {"id": "merge"})
    while [one["status"] for one in machine.call("query-jobs")] == ["running"]:
        pass  # it pauses when it comes to an end of its present piece
    assert [one["status"] for one in machine.call("query-jobs")] == ["paused"]
    machine.call("job-cancel", {"id": "merge"})
    while machine.call("query-jobs"):
        pass
    machine.quit()
    assert_images_are_whole(tools, tmp_path)


def test_a_stream_whose_qemu_is_killed_leaves_the_images(start: Start, tools: Tools, tmp_path: Path) -> None:
    machine = start()
    machine.call("block-stream", {"job-id": "merge", "device": "top", "speed": 1})
    machine.kill()
    with pytest.raises(MachineLost):
        machine.call("query-jobs")
    assert_images_are_whole(tools, tmp_path)
