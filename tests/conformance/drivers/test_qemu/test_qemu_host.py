"""What the driver needs of its host, what it says when that is missing, and what it leaves behind."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from snaptree.conformance.driver import DriverOptions, DriverUnavailable
from snaptree.conformance.drivers import open_driver
from snaptree.conformance.drivers.kit.qemu_images.console import Console
from snaptree.conformance.drivers.kit.qemu_images.tools import QemuError, run
from snaptree.conformance.drivers.qemu import QemuDriver

from .grown_domain import CALLS, grow, seen


def fake(folder: Path, name: str, script: str) -> None:
    """Put a shell script there under the name of a tool."""
    folder.mkdir(exist_ok=True)
    tool = folder / name
    tool.write_text(f"#!/bin/sh\n{script}\n")
    tool.chmod(0o755)


def test_the_driver_says_what_it_is(driver: QemuDriver, real_qemu: str) -> None:
    said = subprocess.run([f"{real_qemu}/qemu-img", "--version"], capture_output=True, text=True, check=True)
    assert f"version {driver.version} " in said.stdout + " "
    assert (driver.name, driver.profile.name) == ("qemu", "qemu")


@pytest.mark.usefixtures("real_qemu")
def test_it_is_opened_by_its_name(tmp_path: Path) -> None:
    driver = open_driver("qemu", DriverOptions(work=tmp_path))
    assert isinstance(driver, QemuDriver)
    driver.close()


@pytest.mark.parametrize("given", ["setting", "environment", "path"])
def test_missing_tools_are_named_with_the_command_that_installs_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, given: str
) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    settings = {"qemu-bin": str(empty)} if given == "setting" else {}
    monkeypatch.delenv("SNAPTREE_QEMU_BIN", raising=False)
    if given == "environment":
        monkeypatch.setenv("SNAPTREE_QEMU_BIN", str(empty))
    if given == "path":
        monkeypatch.setenv("PATH", str(empty))
    with pytest.raises(DriverUnavailable, match="no qemu-img and no qemu-io") as missing:
        QemuDriver(DriverOptions(settings=settings, work=tmp_path))
    assert missing.value.install == "apt-get install --no-install-recommends qemu-utils"
    assert list(tmp_path.iterdir()) == [empty]


def test_the_folder_that_is_given_decides_for_both_tools(real_qemu: str, tmp_path: Path) -> None:
    only = tmp_path / "only"
    only.mkdir()
    (only / "qemu-img").symlink_to(Path(real_qemu) / "qemu-img")
    with pytest.raises(DriverUnavailable, match=r"no qemu-io in .*only"):
        QemuDriver(DriverOptions(settings={"qemu-bin": str(only)}))


@pytest.mark.usefixtures("real_qemu")
def test_the_setting_goes_before_the_environment_and_that_before_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("set", "env"):
        for tool in ("qemu-img", "qemu-io"):
            fake(tmp_path / name, tool, f"echo {tool} version {name}")
    monkeypatch.setenv("SNAPTREE_QEMU_BIN", str(tmp_path / "env"))
    versions = []
    for settings in ({"qemu-bin": str(tmp_path / "set")}, {}):
        driver = QemuDriver(DriverOptions(settings=settings, work=tmp_path))
        versions.append(driver.version)
        driver.close()
    assert versions == ["set", "env"]


@pytest.mark.parametrize(
    ("script", "said"),
    [("echo broken library >&2; exit 127", "broken library"), ("echo hello", "hello"), ("kill -9 $$", "-9")],
)
def test_a_tool_that_does_not_work_is_named(tmp_path: Path, script: str, said: str) -> None:
    for tool in ("qemu-img", "qemu-io"):
        fake(tmp_path / "bin", tool, script)
    with pytest.raises(DriverUnavailable, match=said):
        QemuDriver(DriverOptions(settings={"qemu-bin": str(tmp_path / "bin")}))


@pytest.mark.parametrize("broken", ["qemu-img", "qemu-io"])
def test_one_tool_that_does_not_work_is_enough(real_qemu: str, tmp_path: Path, broken: str) -> None:
    for tool in ("qemu-img", "qemu-io"):
        fake(tmp_path / "bin", tool, f'exec "{real_qemu}/{tool}" "$@"')
    fake(tmp_path / "bin", broken, "echo hello")
    with pytest.raises(DriverUnavailable, match=f"{broken} does not say its version"):
        QemuDriver(DriverOptions(settings={"qemu-bin": str(tmp_path / "bin")}, work=tmp_path))


def test_a_tool_that_is_not_executable_is_missing(tmp_path: Path) -> None:
    for tool in ("qemu-img", "qemu-io"):
        fake(tmp_path, tool, "echo version 1")
    (tmp_path / "qemu-img").chmod(0o644)
    with pytest.raises(DriverUnavailable, match="no qemu-img in"):
        QemuDriver(DriverOptions(settings={"qemu-bin": str(tmp_path)}, work=tmp_path))


def test_a_domain_that_could_not_be_opened_is_no_obstacle_for_the_next(
    real_qemu: str, tmp_path: Path
) -> None:
    fake(tmp_path / "bin", "qemu-io", f'exec "{real_qemu}/qemu-io" "$@"')
    fake(
        tmp_path / "bin",
        "qemu-img",
        f'[ -e "{tmp_path}/full" ] && echo no space >&2 && exit 1\nexec "{real_qemu}/qemu-img" "$@"',
    )
    driver = QemuDriver(DriverOptions(settings={"qemu-bin": str(tmp_path / "bin")}, work=tmp_path))
    (tmp_path / "full").touch()
    with pytest.raises(QemuError, match="no space"):
        driver.open()
    (tmp_path / "full").unlink()
    assert driver.open().list() == []
    driver.close()


@pytest.mark.usefixtures("real_qemu")
def test_a_folder_that_cannot_be_worked_in_is_named(tmp_path: Path) -> None:
    with pytest.raises(DriverUnavailable, match="nowhere"):
        QemuDriver(DriverOptions(work=tmp_path / "nowhere"))


@pytest.mark.parametrize(
    "name", ["with space", "a,b=c", "json:{}", "nbd:host:1", "-rf", "%s'\"$(x)", "é\n☃", "d" * 255, "fat:rw"]
)
@pytest.mark.usefixtures("real_qemu")
def test_the_work_folder_may_have_any_name(tmp_path: Path, name: str) -> None:
    work = tmp_path / name
    work.mkdir()
    driver = QemuDriver(DriverOptions(work=work))
    domain = driver.open()
    ids = grow(domain)
    CALLS["merge_into_children of a fork"](domain, ids)
    domain.merge_into_parent(ids["C"])
    assert [entry["name"] for entry in domain.observe()["snapshots"]] == ["B", "D"]
    assert set(domain.digests()) == {ids["B"], ids["D"], "active", "base"}
    expected = seen(domain)
    domain.release()
    assert seen(driver.reopen(domain.folder)) == expected
    driver.close()
    assert list(work.iterdir()) == []


@pytest.mark.usefixtures("real_qemu")
def test_a_deep_work_folder_is_no_obstacle(tmp_path: Path) -> None:
    """The names of backing files are relative: QEMU takes 1,023 bytes, and this path is longer."""
    work = tmp_path
    for number in range(6):
        work = work / (f"{number}" * 240)
    work.mkdir(parents=True)
    driver = QemuDriver(DriverOptions(work=work))
    domain = driver.open()
    ids = grow(domain)
    CALLS["merge_into_parent"](domain, ids)
    assert domain.list() == [ids["A"], ids["B"], ids["D"]]
    driver.close()


@pytest.mark.usefixtures("real_qemu")
def test_the_work_folder_may_be_given_relative_to_where_we_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    driver = QemuDriver(DriverOptions(work=Path(".")))
    domain = driver.open()
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    ids = grow(domain)
    assert domain.count() == len(ids) - 1
    driver.close()
    assert [path.name for path in tmp_path.iterdir()] == ["elsewhere"]


def test_closing_leaves_nothing(driver: QemuDriver, tmp_path: Path) -> None:
    domain = driver.open()
    grow(domain)
    domain.close()
    assert not domain.folder.exists()
    grow(driver.open())
    driver.close()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.usefixtures("real_qemu")
def test_keeping_leaves_the_images_and_says_where(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    driver = QemuDriver(DriverOptions(work=tmp_path, keep=True))
    domain = driver.open()
    grow(domain)
    before = seen(domain)
    domain.close()
    driver.close()
    assert driver.kept_at is not None
    assert str(driver.kept_at) in capsys.readouterr().err
    later = QemuDriver(DriverOptions(work=tmp_path))
    assert seen(later.reopen(domain.folder)) == before
    later.close()
    shutil.rmtree(driver.kept_at)


RUNNER = """
import sys
from pathlib import Path
from grown_domain import grow
from snaptree.conformance.driver import DriverOptions
from snaptree.conformance.drivers.qemu import QemuDriver
driver = QemuDriver(DriverOptions(work=Path(sys.argv[1])))
print("ready", flush=True)
while True:
    grow(driver.open())
"""


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
@pytest.mark.usefixtures("real_qemu")
def test_nothing_is_left_when_the_runner_is_killed_in_the_middle(tmp_path: Path, how: signal.Signals) -> None:
    runner = subprocess.Popen(
        [sys.executable, "-c", RUNNER, str(tmp_path)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join([os.path.dirname(__file__), *sys.path])},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    assert runner.stdout is not None
    assert runner.stdout.readline() == b"ready\n"
    time.sleep(0.2)
    assert list(tmp_path.glob("snaptree-qemu-*"))
    os.killpg(runner.pid, how)
    runner.communicate()
    give_up = time.monotonic() + 10
    while list(tmp_path.iterdir()) and time.monotonic() < give_up:
        time.sleep(0.01)
    assert list(tmp_path.iterdir()) == []


def test_a_tool_that_hangs_is_ended_and_named(tmp_path: Path) -> None:
    fake(tmp_path, "qemu-img", "echo so far >&2; exec sleep 60")
    with pytest.raises(QemuError, match=r"did not end within 0.2 seconds") as hung:
        run([[str(tmp_path / "qemu-img"), "create", "a b"]], tmp_path, timeout=0.2)
    assert "qemu-img create 'a b'" in str(hung.value)
    assert hung.value.exit_code is None


def test_a_qemu_io_that_hangs_is_ended_and_named(tmp_path: Path) -> None:
    fake(tmp_path, "qemu-io", "printf 'qemu-io> '; exec sleep 60")
    console = Console(str(tmp_path / "qemu-io"), tmp_path, timeout=0.2)
    with pytest.raises(QemuError, match=r"no answer within 0.2 seconds"), console.image("x"):
        pass


def test_a_qemu_io_that_never_stops_talking_is_ended_and_named(tmp_path: Path) -> None:
    fake(tmp_path, "qemu-io", "exec yes nonsense")
    console = Console(str(tmp_path / "qemu-io"), tmp_path)
    with pytest.raises(QemuError, match=r"nonsense\s+\(no end after \d+ bytes\)"), console.image("x"):
        pass
    slow = Console(str(tmp_path / "qemu-io"), tmp_path, timeout=0.02)
    with pytest.raises(QemuError, match=r"no answer within 0.02 seconds"), slow.image("x"):
        pass


def test_the_error_of_a_tool_has_command_exit_code_and_stderr(real_qemu: str, tmp_path: Path) -> None:
    command = [f"{real_qemu}/qemu-img", "info", "no such image"]
    with pytest.raises(QemuError) as failed:
        run([command], tmp_path)
    assert failed.value.command == command
    assert failed.value.exit_code == 1
    assert "No such file" in failed.value.stderr
    assert "qemu-img info 'no such image'" in str(failed.value)
    assert "No such file" in str(failed.value)


def test_a_qemu_io_that_died_is_replaced(driver: QemuDriver) -> None:
    domain = driver.open()
    ids = grow(domain)
    before = seen(domain)
    image = domain.folder / "0-2.qcow2"
    content = image.read_bytes()
    image.write_bytes(b"not an image")
    with pytest.raises(QemuError, match="not in qcow2 format"):
        domain.observe()
    image.write_bytes(content)
    assert seen(domain) == before
    assert domain.lookup_by_id(ids["A"]) == ids["A"]


def test_damage_is_seen_whoever_did_it(driver: QemuDriver, real_qemu: str) -> None:
    """No look relies on an earlier one, nor on what an operation was meant to do."""
    domain = driver.open()
    ids = grow(domain)
    grandchild = [entry["id"] for entry in domain.observe()["snapshots"]].index(ids["C"])
    layer = "1-1.qcow2"  # what A holds of the second disk
    qemu_io = [f"{real_qemu}/qemu-io", "-f", "qcow2"]
    subprocess.run([*qemu_io, "-c", "write -P 77 458752 256", layer], cwd=domain.folder, check=True)
    subprocess.run([*qemu_io, "-c", "write -P 66 786432 512", layer], cwd=domain.folder, check=True)
    shown = domain.observe()["snapshots"]
    assert shown[0]["point"]["disks"]["vdb"]["blocks"] == {"1": 1, "7": -1, "12": 66}
    assert shown[grandchild]["point"]["disks"]["vdb"]["blocks"]["12"] == 66
    before = domain.digests()
    subprocess.run([*qemu_io, "-c", "write -P 55 512 1", layer], cwd=domain.folder, check=True)
    after = domain.digests()
    assert domain.observe()["snapshots"] == shown, "not an addressable block"
    assert after[ids["C"]]["vdb"] != before[ids["C"]]["vdb"]
    assert after["base"] == before["base"]
    assert after[ids["C"]]["vda"] == before[ids["C"]]["vda"]
