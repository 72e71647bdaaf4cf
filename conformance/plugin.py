"""The pytest plugin: the suite's options, and one run of the main job that all its tests look at.

It is loaded into every pytest of the environment, so it imports nothing of ours
until a test of the suite asks for the driver. Under pytest-xdist the job is done
by the first worker that needs it, with as many processes as there are workers;
the others wait for it.
"""

from __future__ import annotations

import fcntl
import os
import pickle
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from snaptree.conformance.running.assess import Assessment
    from snaptree.conformance.running.request import Request
    from snaptree.conformance.shell.fixture import ScenarioRunner
    from snaptree.conformance.suite.properties import Candidate

_OPTIONS = (
    ("driver", "the driver under test: simulator, qemu, package.module:Class", str),
    ("profile", "a shipped profile or a TOML file, in place of the driver's own", str),
    ("seed", "the same seed gives the same sequences", int),
    ("jobs", "processes, each with its own driver", int),
    ("snapshots", "every transition of every tree of up to N snapshots", int),
    ("sequences", "how many random sequences; the default depends on the driver's pace", int),
    ("pace", "fast, ordinary or slow: what the driver's calls cost; chooses the default bounds", str),
    ("accept-incomplete", "methods that the budget may leave unfinished, separated by commas", str),
    ("methods", "the methods to run, separated by commas; default is all", str),
    ("budget", "time for everything: 90s, 5m, 1h", str),
    ("level", "must, or should: whether SHOULD rules fail as well", str),
    ("deviations", "a TOML file of known deviations; none: not even those that come with snaptree", str),
    ("work", "the folder to work in", str),
    ("out", "a folder for report.json, junit.xml, and the traces of deviations", str),
    ("qemu-bin", "the folder of qemu-img and qemu-io", str),
)

_RULE = "snaptree_rule"
"""A property of the reports of the suite's tests."""

_ENDING = "snaptree_ending"
"""Another one: why the run ended, where it could not go on."""

_DOCUMENTED = "snaptree_refused_as_documented"
"""And one more: how many steps were refused as the profile says that they may be."""

_SELECTED = pytest.StashKey[frozenset[str | None] | None]()
"""The ids of the rules whose tests are going to run; None for all."""

_INTERRUPTED = 2
_UNAVAILABLE = 3
_NOTHING_TESTED = 4


def pytest_addoption(parser: pytest.Parser) -> None:
    """The options of ``snaptree check``, with a prefix."""
    group = parser.getgroup("snaptree", "conformance of snapshot drivers (snaptree)")
    for name, about, kind in _OPTIONS:
        group.addoption(f"--snaptree-{name}", type=kind, default=None, help=about)
    group.addoption(
        "--snaptree-setting",
        action="append",
        default=[],
        help="NAME=VALUE, for the driver; may repeat",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Choose the seed once, so that every xdist worker has the same."""
    config.addinivalue_line("markers", "rule(id, ...): the test is evidence for these rules of snaptree")
    if config.getoption("--snaptree-seed") is None:
        config.option.snaptree_seed = int.from_bytes(os.urandom(3), "big")
    if not hasattr(config, "workerinput"):
        config.pluginmanager.register(_Heard(config), "snaptree-heard")


def pytest_collection_finish(session: pytest.Session) -> None:
    """Keep the rules whose tests were selected: the run does only the work that these need."""
    looking = [item for item in session.items if "snaptree_assessment" in getattr(item, "fixturenames", ())]
    rules = [_rule_of(item) for item in looking]
    # A test that is of no rule may look at all of the run.
    session.config.stash[_SELECTED] = None if None in rules else frozenset(rules)


def _rule_of(item: pytest.Item) -> str | None:
    """The id of the rule that a test of the suite is for."""
    rule = getattr(getattr(item, "callspec", None), "params", {}).get("rule")
    identifier = getattr(rule, "id", None)
    return identifier if isinstance(identifier, str) else None


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Mark the reports of rules, also those that come from an xdist worker."""
    if {"snaptree_assessment", "rule"} <= set(getattr(item, "fixturenames", ())):
        item.user_properties.append((_RULE, True))


def pytest_runtest_teardown(item: pytest.Item) -> None:
    """Tell the session if the run that the test looked at could not go on."""
    assessment: Assessment | None = getattr(item, "funcargs", {}).get("snaptree_assessment")
    if assessment is not None:
        item.user_properties.append((_DOCUMENTED, assessment.record.tally.documented.total()))
    if assessment is not None and assessment.ending.why not in ("done", "budget", "shard"):
        item.user_properties.append((_ENDING, [assessment.ending.why, assessment.ending.text]))


class _Heard:
    """What became of the suite's tests, where the session is told: not in an xdist worker.

    This is no matter for a conftest of the suite: with xdist, the session that
    has the exit code never loads it.
    """

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self._rules = 0
        self._passed = 0
        self._documented = 0
        self._ending: tuple[str, str] | None = None

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Count the rules that were asked for, and those that were seen to hold."""
        told: dict[str, Any] = dict(report.user_properties)
        if _ENDING in told:
            why, text = told[_ENDING]
            self._ending = (why, text)
        self._documented = max(self._documented, told.get(_DOCUMENTED, 0))
        if _RULE in told:
            self._rules += report.when == "setup"
            self._passed += report.when == "call" and report.passed

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> None:
        """What was not brought to its end is no success, and all skipped is not passed."""
        if self._ending is not None:
            if self._ending[0] == "interrupted":
                session.exitstatus = _INTERRUPTED
            elif exitstatus != pytest.ExitCode.TESTS_FAILED:  # a deviation wins over a host that gave out
                session.exitstatus = _UNAVAILABLE
        elif self._rules and not self._passed and exitstatus == 0:
            session.exitstatus = _NOTHING_TESTED

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        """Everything that is needed to repeat the run."""
        if not self._rules:
            return
        from snaptree.spec.rules import specification_version

        driver = self._config.getoption("--snaptree-driver") or "simulator"
        terminalreporter.write_line(
            f"snaptree: specification {specification_version}, driver {driver}, "
            f"seed {self._config.option.snaptree_seed}, "
            f"{self._passed} of {self._rules} rules seen to hold"
            + (f", {self._documented} steps refused as documented" if self._documented else "")
        )
        if self._ending is not None:
            why, text = self._ending
            terminalreporter.write_line(
                f"snaptree: the run could not go on, and this is what was found until then: {why}"
                + (f": {text}" if text else ""),
                red=True,
            )
        elif not self._passed:
            terminalreporter.write_line(
                "snaptree: no rule was seen to hold: nothing was tested, or --snaptree-budget is too small",
                red=True,
            )


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Hand the seed to an xdist worker; called by xdist alone."""
    node.workerinput["snaptree_seed"] = node.config.option.snaptree_seed


@pytest.fixture(scope="session")
def snaptree_assessment(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Assessment:
    """The main job on the driver that was asked for; done once in a session."""
    config = request.config
    worker = getattr(config, "workerinput", None)
    if worker is None:
        return _assess(config, jobs=None)
    config.option.snaptree_seed = worker["snaptree_seed"]
    # All workers share the parent of their temporary folders, and nothing else does.
    shared = tmp_path_factory.getbasetemp().parent
    return _assess_once(config, shared, jobs=int(worker["workercount"]))


@pytest.fixture(scope="module")
def snaptree_candidate(request: pytest.FixtureRequest) -> Iterator[Candidate]:
    """The driver that was asked for, opened in a worker process, for properties of your own."""
    from snaptree.conformance.cli.problems import Problem, problem_exits
    from snaptree.conformance.suite.properties import opened_candidate

    with ExitStack() as stack:
        try:
            with problem_exits():
                candidate = stack.enter_context(
                    opened_candidate(_request(request.config, jobs=1), _announcer(request.config))
                )
        except Problem as problem:
            pytest.exit(f"snaptree: {problem}", returncode=_UNAVAILABLE)
        yield candidate


@pytest.fixture(scope="session")
def snaptree_scenarios(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ScenarioRunner]:
    """The driver that was asked for, opened once in a session; traces go below ``--snaptree-out``."""
    from snaptree.conformance.cli.problems import Problem, problem_exits
    from snaptree.conformance.shell.fixture import opened_runner

    out = request.config.getoption("--snaptree-out")

    def folder() -> Path:
        return tmp_path_factory.mktemp("snaptree") if out is None else Path(out) / "scenarios"

    with ExitStack() as stack:
        try:
            with problem_exits():
                wanted = _request(request.config, jobs=1)
                runner = stack.enter_context(opened_runner(wanted, _announcer(request.config), folder))
        except Problem as problem:
            pytest.exit(f"snaptree: {problem}", returncode=_UNAVAILABLE)
        yield runner


@pytest.fixture
def lockstep(snaptree_scenarios: ScenarioRunner) -> Callable[..., Any]:
    """Runs a scenario on the driver and on the model, and fails where they differ.

    ``lockstep("write; create mon; create tue; merge_into_parent(tue)")``: calls in the words of ``snaptree
    shell``, on a fresh domain. A snapshot is named by its name. It takes operations of
    ``snaptree.spec.operations`` as well, and returns the steps, each with its ``outcome``.
    """
    from snaptree.conformance.cli.problems import Problem, problem_exits
    from snaptree.conformance.shell.fixture import Deviates

    def run(*calls: Any) -> Any:
        try:
            with problem_exits():
                return snaptree_scenarios(*calls)
        except Deviates as deviates:
            text, known = str(deviates), deviates.known
        except Problem as problem:
            text, known = str(problem), None
        if known is not None:
            pytest.xfail(f"known deviation from {known.rule}: {known.reason}")
        return pytest.fail(text, pytrace=False)

    return run


def _announcer(config: pytest.Config) -> Callable[[str], None]:
    reporter = config.pluginmanager.getplugin("terminalreporter")

    def announce(text: str) -> None:
        if reporter is not None:
            reporter.ensure_newline()
            reporter.write_line(f"snaptree: {text}")

    return announce


def _assess_once(config: pytest.Config, shared: Path, jobs: int) -> Assessment:
    kept = shared / "snaptree-assessment.pickle"
    with (shared / "snaptree-assessment.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if kept.exists():
            # Written by a worker of this very session, into a folder that is ours alone.
            known: Assessment = pickle.loads(kept.read_bytes())
            return known
        assessment = _assess(config, jobs)
        kept.write_bytes(pickle.dumps(assessment))
        return assessment


def _assess(config: pytest.Config, jobs: int | None) -> Assessment:
    from snaptree.conformance.cli.problems import Problem, problem_exits
    from snaptree.conformance.running.assess import Unwatched, assess

    try:
        with problem_exits():
            assessment = assess(_request(config, jobs), _announcer(config), Unwatched())
            _write(assessment, config.getoption("--snaptree-out"))
            return assessment
    except Problem as problem:
        pytest.exit(f"snaptree: {problem}", returncode=_UNAVAILABLE)


def _write(assessment: Assessment, out: str | None) -> None:
    """Write the report into the folder of ``--snaptree-out``. Raises Problem if that is not possible."""
    if out is None:
        return
    from snaptree.conformance.cli.problems import UNAVAILABLE, Problem
    from snaptree.conformance.reports.files import write_report
    from snaptree.conformance.reports.results import Report

    try:
        write_report(Report(assessment), Path(out))
    except OSError as error:
        text = f"--snaptree-out {out}: the report could not be written: {error.strerror or error}"
        raise Problem(text, UNAVAILABLE) from None


def _request(config: pytest.Config, jobs: int | None) -> Request:
    """The options as a request. Raises BadBound."""
    from snaptree.conformance.driver import DriverOptions
    from snaptree.conformance.running.request import (
        Request,
        parse_accepted,
        parse_budget,
        parse_methods,
        parse_pace,
        settings_in,
    )
    from snaptree.spec.rules import rules

    selected = config.stash.get(_SELECTED, None)
    given = {name: config.getoption(f"--snaptree-{name}") for name, _, _ in _OPTIONS}
    settings = settings_in(config.getoption("--snaptree-setting"), given["qemu-bin"])
    work = None if given["work"] is None else Path(given["work"])
    return Request(
        given["driver"] or "simulator",
        DriverOptions(work=work, profile=given["profile"], settings=settings),
        given["seed"],
        given["jobs"] or jobs,
        given["snapshots"],
        None if given["budget"] is None else parse_budget(given["budget"]),
        sequences=given["sequences"],
        rules=None if not selected else tuple(rule for rule in rules() if rule.id in selected),
        level="should" if given["level"] == "should" else "must",
        deviations=given["deviations"],
        pace=None if given["pace"] is None else parse_pace(given["pace"]),
        accept_incomplete=parse_accepted([given["accept-incomplete"] or ""], ()),
        only_methods=None if given["methods"] is None else parse_methods([given["methods"]]),
    )
