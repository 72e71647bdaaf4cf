"""The process boundary: what crosses it, what becomes of a process that fails, and that none is left."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from snaptree.conformance.driver import DriverOptions, DriverUnavailable, NotObserved
from snaptree.conformance.drivers import UnknownDriver
from snaptree.conformance.drivers.remote import RemoteDriver, RemoteError
from snaptree.conformance.drivers.remote.exec import ExecDriver
from snaptree.conformance.drivers.remote.messages import answer_in, error_of, raised_by
from snaptree.conformance.drivers.remote.server import Served, answer_line
from snaptree.conformance.drivers.simulator import SimulatorDriver
from snaptree.conformance.engine.answers import Failed
from snaptree.conformance.methods.bounds import Bounds
from snaptree.conformance.methods.exhaustive import Exhaustive
from snaptree.conformance.methods.sampled import Sampled
from snaptree.conformance.running.assess import run_methods
from snaptree.conformance.running.smoke import smoke
from snaptree.conformance.running.workers import InProcess
from snaptree.conformance.sequences.running import run_sequence
from snaptree.schemas import SchemaViolation, check_against
from snaptree.spec import operations as ops
from snaptree.spec.outcomes import REFUSALS, NoSuchSnapshot, Unsupported, WouldDiscard

FAILING = '''
import ctypes, os, sys, time
from pathlib import Path
from snaptree.conformance.driver import DriverUnavailable, NotObserved
from snaptree.conformance.drivers.simulator import SimulatedDomain, SimulatorDriver
from snaptree.spec.outcomes import WouldDiscard


class FailingDomain(SimulatedDomain):
    """What it does is in the description that is given."""

    def describe(self, snapshot, description):
        super().describe(snapshot, description)
        match description:
            case "hang":
                Path("hanging").touch()
                time.sleep(600)
            case "abort":
                print("the library is unhappy", file=sys.stderr, flush=True)
                os.abort()
            case "segfault":
                ctypes.string_at(0)
            case "exit":
                os._exit(7)
            case "print":
                print("hello from a library")
            case "no host":
                raise DriverUnavailable("the disk is full", install="buy another one")
            case "refuse":
                raise WouldDiscard("no", casualties=["a", "active"],
                                   native={"system": "mine", "code": 17, "text": "too bad"})
            case "not JSON":
                return {1, 2}
            case "fail":
                raise KeyError("lost")

    def configure(self, key, value):
        super().configure(key, value)
        self.blind = key == "blind"

    def observe(self):
        if getattr(self, "blind", False):
            raise NotObserved("dark")
        return super().observe()

    def digests(self):
        return {}


class FailingDriver(SimulatorDriver):
    name = "failing"
    domain_class = FailingDomain

    def __init__(self, options):
        super().__init__(options)
        self.left = options.settings.get("left")
        if self.left:
            Path(self.left).write_text(str(os.getpid()))

    def close(self):
        if self.left:
            Path(self.left).unlink()


class StubbornDriver(FailingDriver):
    def __init__(self, options):
        super().__init__(options)
        pid = os.fork()
        if pid == 0:
            os.setsid()
            Path(self.left + ".daemon").write_text(str(os.getpid()))
            time.sleep(600)
        while not Path(self.left + ".daemon").exists():
            time.sleep(0.01)
'''

Opening = Callable[..., RemoteDriver]


@pytest.fixture(autouse=True)
def messages_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SNAPTREE_CHECK_MESSAGES", "1")


@pytest.fixture
def failing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Opening]:
    """Opens a driver, behind the boundary, that fails in the way that it is told to."""
    (tmp_path / "failing_driver.py").write_text(FAILING)
    monkeypatch.chdir(tmp_path)
    opened: list[RemoteDriver] = []

    def opening(class_name: str = "FailingDriver", **settings: str) -> RemoteDriver:
        target = f"failing_driver:{class_name}"
        opened.append(RemoteDriver(DriverOptions(target=target, settings=settings)))
        return opened[-1]

    yield opening
    for driver in opened:
        driver.close()


@pytest.fixture
def program(tmp_path: Path) -> Callable[[str], ExecDriver]:
    """Opens a driver that is a program of its own, which knows nothing of snaptree."""

    def opening(body: str, **settings: str) -> ExecDriver:
        script = tmp_path / "driver program.py"
        script.write_text("import json, os, sys, time\n" + textwrap.dedent(body))
        target = shlex.join([sys.executable, os.fspath(script)])
        return ExecDriver(DriverOptions(target=target, settings=settings))

    return opening


def ends(process: int, *, within: float = 20.0) -> bool:
    """Whether a process is gone, or a zombie that nobody reaps, in time."""
    give_up = time.monotonic() + within
    while time.monotonic() < give_up:
        try:
            if Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] == "Z":
                return True
        except (FileNotFoundError, ProcessLookupError):
            return True
        time.sleep(0.05)
    return False


# --- what crosses ------------------------------------------------------------


def test_a_simulator_behind_the_boundary_conforms() -> None:
    driver = RemoteDriver(DriverOptions(target="simulator"))
    try:
        assert (driver.name, driver.fast) == ("simulator", True)
        assert driver.profile == SimulatorDriver().profile
        assert [probe.problem for probe in smoke(driver)] == [None] * 10
        bounds = Bounds((("tree", 2),), seed=7, longest=30, sequences=20)
        record = run_methods(InProcess.on(driver), driver.profile, bounds, methods=[Exhaustive(), Sampled()])
    finally:
        driver.close()
    assert record.deviations == {}
    assert record.methods["tree-2"].covered > 20
    assert record.methods["sampled"].sequences == 20


def test_a_fault_shows_through_the_boundary() -> None:
    target = "snaptree.conformance.mutants:MutantDriver"
    driver = RemoteDriver(DriverOptions(target=target, settings={"mutant": "delta-dropped"}))
    try:
        bounds = Bounds((("tree", 2),))
        record = run_methods(InProcess.on(driver), driver.profile, bounds, methods=[Exhaustive()])
    finally:
        driver.close()
    assert record.deviations


def test_a_refusal_arrives_with_everything_that_it_says(failing: Opening) -> None:
    domain = failing().open()
    snapshot = domain.create("a", "", False, None, False)
    with pytest.raises(WouldDiscard, match="no") as refused:
        domain.describe(snapshot, "refuse")
    assert refused.value.casualties == ["a", "active"]
    assert refused.value.native == {"system": "mine", "code": 17, "text": "too bad"}
    with pytest.raises(NoSuchSnapshot):
        domain.revert("nobody")
    assert len(domain.observe()["snapshots"]) == 1


@pytest.mark.parametrize("kind", REFUSALS)
def test_every_kind_of_refusal_survives_both_ways(kind: str) -> None:
    error = error_of(REFUSALS[kind]("because"))
    check_against("rpc-response", {"jsonrpc": "2.0", "id": 1, "error": error})
    again = raised_by(error)
    assert type(again) is REFUSALS[kind]
    assert (str(again), again.casualties, again.native) == ("because", None, None)  # type: ignore[attr-defined]


def test_other_exceptions_arrive_as_what_they_are(failing: Opening) -> None:
    domain = failing().open()
    snapshot = domain.create("a")
    with pytest.raises(DriverUnavailable, match="disk is full") as gone:
        domain.describe(snapshot, "no host")
    assert gone.value.install == "buy another one"
    with pytest.raises(RemoteError, match="KeyError: 'lost'"):
        domain.describe(snapshot, "fail")
    with pytest.raises(RemoteError, match="not JSON serializable"):
        domain.describe(snapshot, "not JSON")
    domain.configure("blind", "1")
    with pytest.raises(NotObserved, match="dark"):
        domain.observe()
    domain.configure("sighted", "1")
    assert domain.observe()["snapshots"][0]["name"] == "a"


def test_names_cross_unchanged() -> None:
    driver = RemoteDriver(DriverOptions(target="simulator"))
    try:
        domain = driver.open()
        names = ["caf\u00e9", "cafe\u0301", "\u202etxt", "\U0001f4be", " ", "x" * 200]
        for name in names:
            domain.create(name, "in\ntwo lines")
        assert [one["name"] for one in domain.observe()["snapshots"]] == names
        assert domain.observe()["snapshots"][0]["description"] == "in\ntwo lines"
        with pytest.raises(REFUSALS["InvalidName"]):
            domain.create("\ud800")
    finally:
        driver.close()


def test_a_call_that_the_driver_does_not_have_is_absent() -> None:
    driver = RemoteDriver(DriverOptions(target="simulator"))
    try:
        domain = driver.open()
        assert not hasattr(domain, "no_such_call")
        assert hasattr(domain, "merge_into_children")
    finally:
        driver.close()


def test_arguments_are_checked_as_in_python() -> None:
    driver = RemoteDriver(DriverOptions(target="simulator"))
    try:
        domain = driver.open()
        with pytest.raises(TypeError, match="lacks the argument 'name'"):
            domain.create()
        with pytest.raises(TypeError, match="'colour'"):
            domain.create("a", colour="red")
        with pytest.raises(TypeError, match="takes 2 arguments"):
            domain.revert("a", "off", "now")
        assert domain.list() == []
    finally:
        driver.close()


# --- processes that fail -------------------------------------------------------


@pytest.mark.parametrize(
    ("way", "said"),
    [
        ("hang", "no answer within 1 s"),
        ("abort", "killed by SIGABRT.*the library is unhappy"),
        ("segfault", "killed by SIGSEGV.*Segmentation fault"),
        ("exit", "ended with exit code 7"),
    ],
)
def test_a_process_that_fails_is_a_finding_and_the_run_goes_on(failing: Opening, way: str, said: str) -> None:
    driver = failing(deadline="1" if way == "hang" else "60")
    run = run_sequence(driver, [ops.Create("a"), ops.Describe("s1", way), ops.Create("b")])
    assert len(run.steps) == 2
    assert isinstance(run.steps[1].answer, Failed)
    answer = run.steps[1].answer.error
    assert answer.startswith("describe: the driver's process")
    assert re.search(said, answer, re.DOTALL), answer
    # One finding, about the call in flight; that nothing could be seen afterwards is none.
    assert [difference.part for difference in run.differences] == ["process"]
    again = run_sequence(driver, [ops.Create("a"), ops.Revert("s1")])
    assert again.differences == ()


def test_a_domain_whose_process_is_gone_says_so(failing: Opening) -> None:
    driver = failing()
    lost, other = driver.open(), driver.open()
    snapshot = lost.create("a")
    with pytest.raises(RemoteError, match="exit code 7"):
        lost.describe(snapshot, "exit")
    with pytest.raises(RemoteError, match="an earlier call ended"):
        other.create("b")
    with pytest.raises(NotObserved):
        lost.observe()
    lost.close()
    fresh = driver.open()
    assert fresh.list() == []


def test_what_a_library_prints_harms_nothing(failing: Opening) -> None:
    domain = failing().open()
    snapshot = domain.create("a")
    domain.describe(snapshot, "print")
    assert domain.observe()["snapshots"][0]["description"] == "print"


STUB = """
    for line in sys.stdin:
        asked = json.loads(line)
        if asked["method"] == "hello":
            result = {"name": "stub", "version": "1", "profile": "rfc"}
        elif asked["method"] == "open":
            result = {"domain": "d", "calls": ["create", "list", "observe", "close", "start"]}
        elif asked["method"] == "create":
            MISBEHAVE
        else:
            result = None
        print(json.dumps({"jsonrpc": "2.0", "id": asked["id"], "result": result}), flush=True)
"""


@pytest.mark.parametrize(
    ("misbehaviour", "said"),
    [
        ("print('Warning: cosmic rays', flush=True); result = 's'", "create: .*cosmic rays.* is not JSON"),
        ("print('[1, 2]', flush=True); result = 's'", "no answer in JSON-RPC 2.0"),
        ("asked['id'] = 99; result = 's'", "the answer to 99 came"),
        ("sys.exit(3)", "ended with exit code 3"),
        ("os.close(1); time.sleep(600)", "no answer within|closed its stdout"),
        ("sys.stdout.write('{'); sys.stdout.flush(); time.sleep(600)", "no answer within 2 s"),
        ("sys.stderr.write('x' * 1000000); result = 's'", ""),
    ],
)
def test_a_program_that_misbehaves(program: Callable[..., ExecDriver], misbehaviour: str, said: str) -> None:
    driver = program(STUB.replace("MISBEHAVE", misbehaviour), deadline="2")
    try:
        domain = driver.open()
        if said:
            with pytest.raises(RemoteError, match=said):
                domain.create("a")
        else:
            assert domain.create("a") == "s"
        assert driver.open().list() is None
    finally:
        driver.close()


def test_a_program_may_lack_calls_and_say_so(program: Callable[..., ExecDriver]) -> None:
    body = STUB.replace(
        "MISBEHAVE",
        "print(json.dumps({'jsonrpc': '2.0', 'id': asked['id'], 'error': "
        "{'code': -32601, 'message': 'no create here'}}), flush=True); continue",
    )
    driver = program(body)
    try:
        domain = driver.open()
        assert driver.profile.name == "rfc"
        assert not hasattr(domain, "revert")
        with pytest.raises(Unsupported, match="no create here"):
            domain.create("a")
    finally:
        driver.close()


@pytest.mark.parametrize(
    ("target", "said"),
    [
        ("no-such-program-at-all --x", "no program 'no-such-program-at-all'"),
        ("true", "did not introduce itself: hello: .*exit code 0"),
        ("cat", "did not introduce itself: hello: .*nonsense"),
    ],
)
def test_what_is_no_driver_is_unavailable(target: str, said: str) -> None:
    with pytest.raises(DriverUnavailable, match=said):
        ExecDriver(DriverOptions(target=target))


@pytest.mark.parametrize(
    ("driver", "target", "said"),
    [
        (ExecDriver, "", "none was given"),
        (ExecDriver, "'unclosed", "cannot be split"),
        (RemoteDriver, "", "none was given"),
    ],
)
def test_what_names_no_driver_is_wrong_usage(driver: type[RemoteDriver], target: str, said: str) -> None:
    with pytest.raises(UnknownDriver, match=said):
        driver(DriverOptions(target=target))


def test_a_driver_that_cannot_be_brought_up_says_why() -> None:
    with pytest.raises(DriverUnavailable, match="no driver 'nobody'"):
        RemoteDriver(DriverOptions(target="nobody"))
    with pytest.raises(DriverUnavailable, match="has to be one of"):
        RemoteDriver(DriverOptions(target="snaptree.conformance.mutants:MutantDriver"))


# --- nothing is left ------------------------------------------------------------


def test_closing_lets_the_driver_clean_up(failing: Opening, tmp_path: Path) -> None:
    left = tmp_path / "left"
    driver = failing(left=str(left))
    process = int(left.read_text())
    driver.close()
    assert not left.exists()
    assert ends(process)


RUNNER = """
import sys, time
from snaptree.conformance.driver import DriverOptions
from snaptree.conformance.drivers.remote import RemoteDriver
driver = RemoteDriver(DriverOptions(target=sys.argv[1], settings={"left": sys.argv[2]}))
domain = driver.open()
snapshot = domain.create("a")
print("up", flush=True)
if sys.argv[3] == "busy":
    domain.describe(snapshot, "hang")
time.sleep(600)
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="looks into /proc")
@pytest.mark.parametrize("doing", ["idle", "busy"])
def test_a_runner_that_is_killed_leaves_no_process(failing: Opening, tmp_path: Path, doing: str) -> None:
    assert failing  # the module of the drivers lies in the current folder
    left = tmp_path / "left"
    runner = subprocess.Popen(
        [sys.executable, "-c", RUNNER, "failing_driver:StubbornDriver", str(left), doing],
        stdout=subprocess.PIPE,
    )
    assert runner.stdout is not None
    with runner:
        try:
            said = runner.stdout.readline()
            processes = [int(left.read_text()), int((tmp_path / "left.daemon").read_text())]
            while doing == "busy" and not (tmp_path / "hanging").exists():
                time.sleep(0.01)
        finally:
            runner.kill()
    assert said == b"up\n"
    assert [ends(process) for process in processes] == [True, True]
    # One that is not in the middle of a call is given the time to clean up.
    assert left.exists() == (doing == "busy")


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="looks into /proc")
def test_a_process_that_is_ended_takes_its_daemons_along(failing: Opening, tmp_path: Path) -> None:
    left = tmp_path / "left"
    driver = failing("StubbornDriver", left=str(left), deadline="1")
    daemon = int((tmp_path / "left.daemon").read_text())
    domain = driver.open()
    snapshot = domain.create("a")
    with pytest.raises(RemoteError, match="no answer within 1 s"):
        domain.describe(snapshot, "hang")
    assert ends(daemon, within=2.0)


# --- the messages ---------------------------------------------------------------


@pytest.mark.parametrize(
    "message",
    [
        {"jsonrpc": "2.0", "id": 1, "method": "shutdown", "params": {"now": True}},
        {"jsonrpc": "2.0", "id": 1, "method": "create", "params": {"domain": "d", "name": "a"}},
        {"jsonrpc": "1.0", "id": 1, "method": "list", "params": {"domain": "d"}},
        {"jsonrpc": "2.0", "id": 1, "method": "destroy", "params": {"domain": "d"}},
        {"jsonrpc": "2.0", "id": "1", "method": "list", "params": {"domain": "d"}},
    ],
)
def test_a_request_that_is_none(message: dict[str, object]) -> None:
    with pytest.raises(SchemaViolation):
        check_against("rpc-request", message)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (b"good morning", -32700),
        (b"[]", -32600),
        (b'{"jsonrpc": "2.0", "id": 1, "method": "hello", "params": {}}', -32600),
        (b'{"jsonrpc": "2.0", "id": 1, "method": "open", "params": {"disks": {}, "persistent": true}}', 2),
        (b'{"jsonrpc": "2.0", "id": 1, "method": "list", "params": {"domain": "d9"}}', 4),
    ],
)
def test_a_server_answers_whatever_it_is_sent(text: bytes, code: int) -> None:
    answer = answer_line(Served("simulator"), text)
    check_against("rpc-response", answer)
    assert answer["error"]["code"] == code


def test_a_domain_without_a_call_says_so() -> None:
    served = Served("simulator")
    options = {"target": "", "work": None, "keep": False, "profile": None, "settings": {}}
    served.answer("hello", {"protocol": 1, "options": options})
    opened = served.answer("open", {"disks": {"vda": 65536}, "persistent": True})
    asked = {"jsonrpc": "2.0", "id": 1, "method": "digests", "params": {"domain": opened["domain"]}}
    answer = answer_line(served, json.dumps(asked).encode())
    assert ("digests" in opened["calls"]) == ("result" in answer)
    assert "result" in answer or answer["error"]["code"] == -32601


@pytest.mark.parametrize(
    "text",
    [
        b'{"jsonrpc": "2.0", "id": 1}',
        b'{"jsonrpc": "2.0", "id": 1, "result": 1, "error": {"code": 4, "message": ""}}',
        b'{"jsonrpc": "2.0", "id": 1, "error": {"code": 1, "message": "", "data": {"kind": "No"}}}',
        b'{"jsonrpc": "2.0", "id": 1, "error": {"code": 1, "message": ""}}',
        b'{"jsonrpc": "2.0", "id": 1, "error": {"message": ""}}',
        b"{" * 100_000,
        b"\xff\xfe",
    ],
)
def test_an_answer_that_is_none(text: bytes) -> None:
    with pytest.raises(ValueError, match=r"is no|\$|the document"):
        answer_in(text)


@pytest.mark.parametrize(
    ("result", "told"),
    [
        (b"7" * 6_000, "is not read (a number has 6,000 digits"),
        (b"[" * 500 + b"]" * 500, "is not read (lists and objects are nested more than"),
        (b'{"a": 1, "a": 2}', "is not read (an object has the key 'a' twice"),
        (b"NaN", "is not JSON (NaN is no number)"),
        (b"{", "is not JSON (Expecting"),
    ],
)
def test_json_that_is_too_much_is_told_from_what_is_none(result: bytes, told: str) -> None:
    with pytest.raises(ValueError, match=re.escape(told)):
        answer_in(b'{"jsonrpc": "2.0", "id": 1, "result": ' + result + b"}")
