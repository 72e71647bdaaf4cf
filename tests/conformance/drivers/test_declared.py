"""Settings of drivers: an unknown one is wrong usage, a secret is in no report, a deadline is kept."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from time import monotonic

import pytest

from snaptree.conformance.cli.command import run
from snaptree.conformance.driver import DriverOptions, DriverUnavailable
from snaptree.conformance.drivers import SHIPPED, UnknownSetting, open_driver
from snaptree.conformance.drivers.declared import check_settings, is_secret
from snaptree.conformance.drivers.registry import _load, share_settings
from snaptree.conformance.drivers.remote.deadlines import BRINGING_UP, DEADLINE, Deadlines, read_deadlines
from snaptree.spec import text

PROGRAM = """
import json, sys, time
for line in sys.stdin:
    asked = json.loads(line)
    method, answer = asked["method"], {"jsonrpc": "2.0", "id": asked["id"]}
    result = None
    if method == "hello":
        result = {"name": "stub", "version": "1", "profile": "rfc"}
    if method == "open":
        result = {"domain": "d1", "calls": ["create"]}
    INSERTED
    print(json.dumps({**answer, "result": result}), flush=True)
"""

OWN = """
from snaptree.conformance.drivers.simulator import SimulatedDomain, SimulatorDriver

class Domain(SimulatedDomain):
    def rename(self, snapshot, name):
        raise RuntimeError(f"login with {self.password} failed")

class Driver(SimulatorDriver):
    domain_class = Domain
    settings = {"user": "who", "pin": "the PIN", "password": "the password"}
    secrets = ("pin",)

    def __init__(self, options):
        super().__init__(options)
        Domain.password = " or ".join(options.settings.values())

class Silent(SimulatorDriver):
    pass
"""


@pytest.fixture
def program(tmp_path: Path) -> Callable[[str], str]:
    """Writes a program that serves a driver; its argument is put into the loop."""

    def written(inserted: str) -> str:
        path = tmp_path / "served.py"
        path.write_text(PROGRAM.replace("INSERTED", inserted))
        return f"exec:{sys.executable} {path}"

    return written


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The module of a driver of one's own."""
    (tmp_path / "declaring_driver.py").write_text(OWN)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "declaring_driver", raising=False)
    return "declaring_driver"


@pytest.fixture(autouse=True)
def nothing_hidden() -> Iterator[None]:
    yield
    text._secrets.clear()


def opened(name: str, **settings: str) -> None:
    driver = open_driver(
        name, DriverOptions(settings={key.replace("_", "-"): settings[key] for key in settings})
    )
    driver.close()


@pytest.mark.parametrize(
    ("name", "setting", "near"),
    [("simulator", "deadlin", "deadline"), ("qemu", "qemubin", "qemu-bin"), ("simulator", "x", None),
     ("esx:vcsim", "credential", "credentials"), ("libvirt:test:///default", "deadlines", "deadline"),
     ("virtualbox", "virtualbox_bin", "virtualbox-bin"), ("remote:simulator", "colour", None),
     ("snaptree.conformance.mutants:MutantDriver", "mutan", "mutant")],
)  # fmt: skip
def test_an_unknown_setting_is_wrong_usage(
    name: str, setting: str, near: str | None, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["smoke", name, "--setting", f"{setting}=1"]) == 2
    said = capsys.readouterr().err
    assert f"has no setting {setting!r}" in said
    assert (f"did you mean {near!r}" in said) is (near is not None)


def test_every_shipped_driver_of_a_system_declares_its_settings() -> None:
    for shipped in SHIPPED.values():
        if shipped.name not in ("exec", "remote"):  # what these serve may
            assert isinstance(vars(_load(shipped.module, shipped.class_name)).get("settings"), dict), (
                shipped.name
            )


def test_a_driver_that_declares_nothing_may_have_any_but_a_near_miss(own: str) -> None:
    opened(f"{own}:Silent", colour="red")
    with pytest.raises(UnknownSetting, match="did you mean 'deadline'"):
        opened(f"{own}:Silent", deadlin="3")
    with pytest.raises(UnknownSetting, match="did you mean 'user'"):
        opened(f"{own}:Driver", usr="me")


@pytest.mark.parametrize("declared", ["{'size': 'how large'}", "['size']"])
def test_a_served_driver_may_declare_its_settings(program: Callable[[str], str], declared: str) -> None:
    name = program(f"if method == 'hello': result['settings'] = {declared}")
    opened(name, size="3", deadline="30")
    with pytest.raises(UnknownSetting, match="did you mean 'size'"):
        opened(name, siz="3")


def test_a_served_driver_may_refuse_a_setting(
    program: Callable[[str], str], capsys: pytest.CaptureFixture[str]
) -> None:
    name = program(
        "if method == 'hello': print(json.dumps({**answer, 'error': "
        "{'code': -32602, 'message': 'no setting a'}}), flush=True); continue"
    )
    assert run(["smoke", name, "--setting", "a=1"]) == 2
    assert "no setting a" in capsys.readouterr().err


def test_the_nearest_setting_is_named_and_hostile_text_is_text() -> None:
    with pytest.raises(UnknownSetting, match=r"no setting '\\x1b\[31m'"):
        check_settings("mine", ["\x1b[31m"], [])
    check_settings("mine", ["deadline", "opening", "a"], ["a"])


def test_of_several_drivers_each_gets_the_settings_that_it_has() -> None:
    options = DriverOptions(settings={"mutant": "x", "crash": "y", "deadline": "3"})
    names = ["snaptree.conformance.mutants:MutantDriver", "virtualbox", "simulator"]
    assert [dict(one.settings) for one in share_settings(names, options)] == [
        {"mutant": "x", "deadline": "3"},
        {"crash": "y", "deadline": "3"},
        {"deadline": "3"},
    ]
    with pytest.raises(UnknownSetting, match="no setting 'crash'"):
        share_settings(["simulator", "qemu"], DriverOptions(settings={"crash": "y"}))


# --- secrets ----------------------------------------------------------------------


@pytest.mark.parametrize("setting", ["pin", "password"])
def test_the_value_of_a_secret_reaches_no_report(
    own: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], setting: str
) -> None:
    secret = 'hunter2<"é'
    out = tmp_path / "out"
    code = run(
        ["check", f"{own}:Driver", "--graph", "tree=1", "--sequences", "0", "--seed", "1", "--jobs", "1",
         "--setting", f"{setting}={secret}", "--setting", "user=me", "--out", str(out)]
    )  # fmt: skip
    assert code in (1, 6)
    said = capsys.readouterr()
    files = [path for path in out.rglob("*") if path.is_file()]
    written = "".join(path.read_text(encoding="utf-8") for path in files)
    for everything in (said.out, said.err, written):
        assert "hunter2" not in everything
    assert "login with (hidden)" in json.dumps(json.loads((out / "report.json").read_text()))
    assert f"{setting}=(hidden)" in written
    assert "user=me" in written


def test_names_that_say_that_they_are_secrets() -> None:
    assert all(map(is_secret, ["password", "db-password", "api-key", "TOKEN", "client_secret", "passwd"]))
    assert not any(map(is_secret, ["credentials", "compass", "tokens-per-run", "user", "key", "passage"]))


# --- deadlines --------------------------------------------------------------------


def test_a_setting_changes_every_deadline() -> None:
    assert read_deadlines({}, BRINGING_UP) == Deadlines(DEADLINE, BRINGING_UP)
    assert read_deadlines({"deadline": "2"}, BRINGING_UP) == Deadlines(2, 10)
    assert read_deadlines({"opening": "7"}, BRINGING_UP) == Deadlines(DEADLINE, 7)
    assert read_deadlines({"deadline": "100", "opening": "3"}, BRINGING_UP) == Deadlines(100, 3)


@pytest.mark.parametrize("hang", ["hello", "open"])
def test_a_driver_that_hangs_at_the_start_is_ended_in_time(program: Callable[[str], str], hang: str) -> None:
    name = program(f"if method == {hang!r}: time.sleep(60)")
    started = monotonic()
    with pytest.raises(DriverUnavailable, match="no answer within 1 s"):
        open_driver(name, DriverOptions(settings={"opening": "1"})).open()
    assert monotonic() - started < 15


# --- messages ---------------------------------------------------------------------


@pytest.mark.parametrize("number", ["True", "1.0", "'1'", "None", "[1]"])
def test_only_the_number_of_the_request_is_its_number(program: Callable[[str], str], number: str) -> None:
    with pytest.raises(DriverUnavailable, match="did not introduce itself"):
        opened(program(f"answer['id'] = {number}"))


def test_a_message_with_a_key_twice_is_refused(program: Callable[[str], str]) -> None:
    twice = """print('{"jsonrpc": "2.0", "id": 1, "result": null, "result": {}}', flush=True); continue"""
    with pytest.raises(DriverUnavailable, match="the key 'result' twice"):
        opened(program(twice))


def test_a_huge_text_is_cut_at_the_boundary(program: Callable[[str], str]) -> None:
    huge = (
        "error = {'code': 2, 'message': 'x' * 2_000_000, 'data': {'install': 'y' * 2_000_000}}; "
        "print(json.dumps({**answer, 'error': error}), flush=True); continue"
    )
    with pytest.raises(DriverUnavailable) as raised:
        opened(program(huge))
    assert len(str(raised.value)) <= 4000
    assert len(raised.value.install or "") <= 500
