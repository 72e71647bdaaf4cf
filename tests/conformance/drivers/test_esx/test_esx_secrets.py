"""Who logs in and to whom: credentials that show nowhere, certificates, settings, and what faults mean."""

from __future__ import annotations

import os
import subprocess
import sys
import traceback
from pathlib import Path

import pytest

from snaptree.conformance.driver import DriverOptions, DriverUnavailable
from snaptree.conformance.drivers import UnknownDriver, UnknownSetting, open_driver
from snaptree.conformance.drivers.esx.credentials import PASSWORD, USER, Credentials, read_credentials
from snaptree.conformance.drivers.esx.faults import ERRORS, EsxError, refusal_of
from snaptree.conformance.drivers.esx.library import load
from snaptree.conformance.drivers.esx.names import escape, unescape
from snaptree.conformance.drivers.esx.session import Session
from snaptree.conformance.drivers.esx.settings import read_address, read_settings
from snaptree.conformance.drivers.esx.simulated import Simulated
from snaptree.spec.outcomes import Busy, InvalidArgument, LimitExceeded, NoSuchSnapshot
from snaptree.spec.profiles import ProfileError

from ..hypervisors import skip_without
from .conftest import Serving

SECRET = "pa$$<w0rd>&'\""


def secret_file(path: Path, text: str, mode: int = 0o600) -> str:
    """A file of credentials."""
    path.write_text(text, encoding="utf-8")
    path.chmod(mode)
    return str(path)


# --- credentials -------------------------------------------------------------------


def test_credentials_come_from_the_environment_or_from_a_file(tmp_path: Path) -> None:
    given = read_credentials(None, {USER: "root", PASSWORD: SECRET})
    assert (given.user, given.password) == ("root", SECRET)
    assert SECRET not in repr(given)
    file = secret_file(tmp_path / "c.toml", "user = 'root'\npassword = '''pa$$'''\n")
    assert read_credentials(file, {}) == Credentials("root", "pa$$", file)


@pytest.mark.parametrize(
    ("text", "mode", "said"),
    [
        ('user = "root"\npassword = "hush"\n', 0o640, "chmod 600 it"),
        ('user = "root"\npassword = "hush"\n', 0o602, "chmod 600 it"),
        ('user = "root"\npassword = hush\n', 0o600, "is not TOML"),
        ('user = "root"\npasswort = "hush"\n', 0o600, "and nothing else"),
        ('user = "root"\npassword = 7\n', 0o600, "and nothing else"),
    ],
)
def test_a_file_of_no_use_says_why_and_nothing_of_what_is_in_it(
    tmp_path: Path, text: str, mode: int, said: str
) -> None:
    file = secret_file(tmp_path / "c.toml", text, mode)
    with pytest.raises(DriverUnavailable, match=said) as refused:
        read_credentials(file, {})
    assert "hush" not in "".join(traceback.format_exception(refused.value))


@pytest.mark.parametrize("environment", [{}, {USER: "root"}, {PASSWORD: "hush"}])
def test_without_credentials_it_is_said_how_to_give_them(environment: dict[str, str]) -> None:
    with pytest.raises(DriverUnavailable, match=f"{USER} and {PASSWORD}"):
        read_credentials(None, environment)
    with pytest.raises(DriverUnavailable, match="cannot be read"):
        read_credentials("/no/such/file", environment)


@pytest.mark.parametrize(
    "target",
    [
        "https://root:hush@host", "https://hush@host", "root:hush@host", "http://host", "host", "", "https://",
        "https://host:port", "https://host/path", "https://host?x=1", "vcsim2", "https://ho st",
    ],
)  # fmt: skip
def test_what_is_no_address_is_wrong_usage(target: str) -> None:
    with pytest.raises(UnknownDriver, match="esx:https://HOST") as refused:
        open_driver(f"esx:{target}", DriverOptions())
    assert "hush" not in "".join(traceback.format_exception(refused.value))


def test_addresses() -> None:
    assert str(read_address("https://host")) == "host"
    assert str(read_address("https://host:8443/sdk")) == "host:8443"
    assert str(read_address("https://[::1]:8443")) == "[::1]:8443"


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"password": "hush"}, "no setting 'password'"),
        ({"insecure": "maybe"}, "yes or no"),
        ({"insecure": "yes", "ca-file": "x"}, "one of the two"),
        ({"machine": "x", "folder": "y"}, "says nothing beside it"),
    ],
)
def test_settings_that_make_no_sense_are_wrong_usage(settings: dict[str, str], said: str) -> None:
    with pytest.raises((ProfileError, UnknownSetting), match=said) as refused:
        read_settings(settings)
    assert "hush" not in str(refused.value)


def test_nothing_is_kept_on_a_host() -> None:
    with pytest.raises(ProfileError, match="nothing is kept"):
        open_driver("esx:https://host", DriverOptions(keep=True))


# --- on a host ---------------------------------------------------------------------


def test_a_certificate_is_looked_at_also_on_loopback(
    serving: Serving, host: Simulated, tmp_path: Path
) -> None:
    with pytest.raises(DriverUnavailable, match="a certificate that is not trusted"):
        serving(ca_file="")
    other = Simulated("esx", tmp_path)
    try:
        wrong = tmp_path / "wrong.pem"
        wrong.write_text(other.certificate)
        with pytest.raises(DriverUnavailable, match="a certificate that is not trusted"):
            serving(ca_file=str(wrong))
    finally:
        other.close()
    with pytest.raises(DriverUnavailable, match="holds no certificates"):
        serving(ca_file=secret_file(tmp_path / "empty.pem", ""))
    unlooked = serving(ca_file="", insecure="yes")
    assert "ITS CERTIFICATE IS NOT CHECKED" in unlooked.announcement
    assert "CERTIFICATE" not in serving().announcement
    assert host.alive


def test_a_wrong_password_is_not_repeated(serving: Serving, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(PASSWORD, "hush")
    with pytest.raises(
        DriverUnavailable, match=f"does not accept the user and password in {USER}"
    ) as refused:
        serving()
    assert "hush" not in "".join(traceback.format_exception(refused.value))


def test_a_host_that_repeats_the_password_is_not_repeated(
    host: Simulated, owner: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret = host.credentials.password
    vim = owner.vim

    def raising(error: Exception) -> None:
        def invoke(*_: object, **__: object) -> None:
            raise error

        monkeypatch.setattr(type(owner._stub), "InvokeMethod", invoke)

    for error in (
        vim.fault.InvalidName(msg=f"no {secret}", name=secret),
        vim.fault.NoPermission(msg=f"no {secret}"),
        ValueError(f"no {secret}"),
        ConnectionResetError(f"no {secret}"),
    ):
        raising(error)
        with pytest.raises(Exception, match="hidden") as told:
            owner.ask(owner.content.sessionManager.Logout)
        assert secret not in "".join(traceback.format_exception(told.value))
        assert secret not in repr(getattr(told.value, "native", None))
        owner.lost = None
        with pytest.raises(DriverUnavailable) as told:
            owner.renew()
        assert secret not in "".join(traceback.format_exception(told.value))


def test_the_form_that_xml_has_is_hidden_as_well() -> None:
    credentials = Credentials("root", SECRET, "")
    for form in (SECRET, "pa$$&lt;w0rd&gt;&amp;'\"", "pa$$&lt;w0rd&gt;&amp;&#x27;&quot;"):
        assert credentials.hidden(f"<password>{form}</password>") == "<password>(hidden)</password>"


def test_a_whole_run_shows_the_password_nowhere(host: Simulated, tmp_path: Path) -> None:
    out = tmp_path / "out"
    file = secret_file(
        tmp_path / "credentials.toml",
        f'user = "{host.credentials.user}"\npassword = "{host.credentials.password}"\n',
    )
    ca_file = secret_file(tmp_path / "ca.pem", host.certificate)
    command = [
        sys.executable, "-m", "snaptree.conformance.cli", "check", f"esx:https://{host.address}",
        "--setting", f"credentials={file}", "--setting", f"ca-file={ca_file}", "--graph", "power=1",
        "--budget", "6s", "--out", str(out), "--seed", "1",
    ]  # fmt: skip
    environment = {name: value for name, value in os.environ.items() if name not in (USER, PASSWORD)}
    ran = subprocess.run(command, capture_output=True, text=True, env=environment)
    assert ran.returncode == 1, ran.stderr
    assert f"will make, on {host.address}" in ran.stdout
    written_files = [path for path in out.rglob("*") if path.is_file()]
    assert len(written_files) >= 3
    for text in (ran.stdout, ran.stderr, *(path.read_text() for path in written_files)):
        assert host.credentials.password not in text
    assert f"--setting 'credentials={file}'" in ran.stdout or f"--setting credentials={file}" in ran.stdout


# --- faults and names, without a host ----------------------------------------------


def test_every_fault_that_means_a_refusal_is_one_that_the_api_has() -> None:
    try:
        pyvmomi = load()
    except DriverUnavailable as error:
        skip_without("esx", error)
    for name, kind in ERRORS.kinds.items():
        place = pyvmomi.vim.fault if hasattr(pyvmomi.vim.fault, name) else pyvmomi.vmodl.fault
        refusal = refusal_of(getattr(place, name)(msg="in words"))
        assert type(refusal) is kind
        assert refusal.native == {"system": "vSphere", "code": name, "text": f"{name}: in words"}
    fault = pyvmomi.vim.fault
    assert isinstance(refusal_of(fault.TaskInProgress()), Busy)
    assert isinstance(refusal_of(fault.TooManySnapshotLevels()), LimitExceeded)
    assert refusal_of(fault.NoPermission()) is None
    assert refusal_of(fault.FileFault(file="x")) is None
    assert refusal_of(pyvmomi.vmodl.fault.SystemError(reason="x")) is None
    gone = pyvmomi.vmodl.fault.ManagedObjectNotFound
    assert isinstance(refusal_of(gone(obj=pyvmomi.vim.vm.Snapshot("snapshot-1"))), NoSuchSnapshot)
    assert isinstance(refusal_of(gone(obj=pyvmomi.vim.VirtualMachine("vm-1"))), InvalidArgument)
    assert not issubclass(EsxError, tuple(set(ERRORS.kinds.values())))


@pytest.mark.parametrize("name", ["a", "100%", "%25", "%2F", "a/b\\c", "%", "%%25"])
def test_a_name_travels_and_comes_back(name: str) -> None:
    assert unescape(escape(name)) == name
    escaped = escape(name).replace("/", "%2f").replace("\\", "%5c")
    assert unescape(escaped) == name, "a host may escape more than it was asked to"
