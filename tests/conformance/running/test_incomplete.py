"""Bounds are counts: a run that a budget ends before a method is done is incomplete: exit code 6."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree

import pytest

from snaptree.conformance.cli.command import run
from snaptree.conformance.drivers.simulator import SimulatorDriver
from snaptree.conformance.engine.coverage import Tally
from snaptree.conformance.judging.record import Ending, MethodResult, RunRecord, Why
from snaptree.conformance.judging.verdict import PRECEDENCE, judge
from snaptree.conformance.methods.bounds import SIZES
from snaptree.conformance.running.assess import Assessment, Unwatched, assess
from snaptree.conformance.running.request import METHOD_NAMES, BadBound, Request, parse_accepted
from snaptree.spec.profiles import load_profile
from snaptree.spec.rules import rules

SLOW = """
import time
from snaptree.conformance.drivers.simulator import SimulatedDomain, SimulatorDriver


class SlowDomain(SimulatedDomain):
    def create(self, *given, **by_name):
        time.sleep(0.02)
        return super().create(*given, **by_name)


class Slow(SimulatorDriver):
    domain_class = SlowDomain
"""

SHORT = ("slow:Slow", "--graph", "tree=4", "--budget", "6s", "--seed", "3", "--sequences", "2")


@pytest.fixture(autouse=True)
def slow_driver(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A driver that no budget here is enough for, in the current folder."""
    (tmp_path / "slow.py").write_text(SLOW)
    monkeypatch.chdir(tmp_path)


@pytest.fixture(scope="module")
def tally() -> Tally:
    """The tally of a short run."""
    request = Request(seed=1, graphs=(("tree", 1),), sequences=3)
    return assess(request, lambda _text: None, Unwatched()).record.tally


def test_a_budget_that_is_too_small_is_exit_code_6_and_the_reports_say_why(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["check", *SHORT, "--out", str(tmp_path)]) == 6
    assert "time was up before" in capsys.readouterr().out
    report = json.loads((tmp_path / "report.json").read_text())
    assert (report["verdict"], report["exit_code"], report["complete"]) == ("incomplete", 6, False)
    assert "tree=4" in [part["name"] for part in report["methods"] if not part["complete"]]
    errors = ElementTree.parse(tmp_path / "junit.xml").getroot().findall(".//testsuite[@name='run']/*/error")
    assert any("incomplete: " in error.attrib["message"] for error in errors)


def test_methods_that_the_user_accepts_as_incomplete_are_named_one_by_one(tmp_path: Path) -> None:
    others = [name for name in METHOD_NAMES if name != "exhaustive"]
    everything = ",".join(["tree=4", *others])
    assert run(["check", *SHORT, "--accept-incomplete", everything, "--out", str(tmp_path)]) == 0
    report = json.loads((tmp_path / "report.json").read_text())
    assert (report["verdict"], report["exit_code"], report["complete"]) == ("incomplete", 0, False)
    assert run(["check", *SHORT, "--accept-incomplete", ",".join(["exhaustive", *others])]) == 6


def test_a_name_that_nothing_has_is_refused() -> None:
    assert parse_accepted(["sampled,values", "tree=3"], [("tree", 3)]) == ("sampled", "values", "tree=3")
    with pytest.raises(BadBound, match="'tree=4' is no method and no graph of this run"):
        parse_accepted(["tree=4"], [("tree", 3)])


@pytest.mark.parametrize(
    ("why", "unfinished", "steps", "code"),
    [
        ("done", False, True, 0),
        ("budget", True, True, 6),
        ("budget", True, False, 4),
        ("host gave out", True, True, 3),
        ("host gave out", True, False, 3),
        ("worker died", True, True, 5),
        ("interrupted", True, True, 130),
        ("interrupted", True, False, 130),
    ],
)
def test_of_several_exit_codes_the_first_in_the_order_wins(
    why: Why, unfinished: bool, steps: bool, code: int, tally: Tally
) -> None:
    record = RunRecord(ending=Ending(why))
    if steps:
        record.tally.add(tally)
    record.methods["m"] = MethodResult("m", "item", "items", 2, "m", covered=1 if unfinished else 2)
    judgement = judge(record, load_profile("rfc"), rules())
    assert judgement.exit_code == code
    assert code in PRECEDENCE


def _assess(pace: str | None) -> Assessment:
    # The graph is small; what counts here is how many sequences come after it.
    request = Request(seed=1, graphs=(("tree", 1),), pace=pace, sequences=None)  # type: ignore[arg-type]
    return assess(request, lambda _text: None, Unwatched())


def test_the_pace_alone_decides_how_many_sequences_are_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    slow = _assess("slow")
    assert slow.heading.pace == "slow"
    assert slow.record.methods["sampled"].sequences == SIZES["slow"].sequences
    monkeypatch.setattr(SimulatorDriver, "pace", "slow", raising=False)
    assert _assess("ordinary").record.methods["sampled"].sequences == SIZES["ordinary"].sequences


def test_a_graph_that_was_asked_for_comes_first_and_gets_most_of_a_budget() -> None:
    request = Request("slow:Slow", seed=1, graphs=(("tree", 4),), budget=6.0, jobs=1)
    record = assess(request, lambda _text: None, Unwatched()).record
    assert record.methods["tree-4"].done > record.methods["sampled"].sequences
    assert not record.methods["tree-4"].complete
