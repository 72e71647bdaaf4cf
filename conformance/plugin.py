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
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from snaptree.conformance.judged import Judged

_OPTIONS = (
    ("driver", "the driver under test: simulator, qemu, package.module:Class", str),
    ("profile", "a shipped profile or a TOML file, in place of the driver's own", str),
    ("seed", "the same seed gives the same sequences", int),
    ("jobs", "processes, each with its own driver", int),
    ("snapshots", "every transition of every tree of up to N snapshots", int),
    ("budget", "time for everything: 90s, 5m, 1h", str),
    ("level", "must, or should: whether SHOULD rules fail as well", str),
    ("deviations", "a TOML file of known deviations; none: not even those that come with snaptree", str),
    ("work", "the folder to work in", str),
    ("qemu-bin", "the folder of qemu-img and qemu-io", str),
)

_RULE = "snaptree_rule"
"""A property of the reports of the suite's tests."""

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
    if config.getoption("--snaptree-seed") is None:
        config.option.snaptree_seed = int.from_bytes(os.urandom(3), "big")
    if not hasattr(config, "workerinput"):
        config.pluginmanager.register(_Heard(config), "snaptree-heard")


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Mark the reports of rules, also those that come from an xdist worker."""
    if "snaptree_judged" in getattr(item, "fixturenames", ()):
        item.user_properties.append((_RULE, True))


class _Heard:
    """What became of the suite's tests, where the session is told: not in an xdist worker.

    This is no matter for a conftest of the suite: with xdist, the session that
    has the exit code never loads it.
    """

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self._rules = 0
        self._passed = 0

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Count the rules that were asked for, and those that were seen to hold."""
        if (_RULE, True) in [tuple(one) for one in report.user_properties]:
            self._rules += report.when == "setup"
            self._passed += report.when == "call" and report.passed

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> None:
        """All skipped is not passed."""
        if self._rules and not self._passed and exitstatus == 0:
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
        )
        if not self._passed:
            terminalreporter.write_line(
                "snaptree: no rule was seen to hold: nothing was tested, or --snaptree-budget is too small",
                red=True,
            )


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Hand the seed to an xdist worker; called by xdist alone."""
    node.workerinput["snaptree_seed"] = node.config.option.snaptree_seed


@pytest.fixture(scope="session")
def snaptree_judged(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Judged:
    """The main job on the driver that was asked for, judged; done once in a session."""
    config = request.config
    worker = getattr(config, "workerinput", None)
    if worker is None:
        return _judged(config, jobs=None)
    config.option.snaptree_seed = worker["snaptree_seed"]
    # All workers share the parent of their temporary folders, and nothing else does.
    shared = tmp_path_factory.getbasetemp().parent
    return _judged_once(config, shared, jobs=int(worker["workercount"]))


def _judged_once(config: pytest.Config, shared: Path, jobs: int) -> Judged:
    kept = shared / "snaptree-judged.pickle"
    with (shared / "snaptree-judged.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if kept.exists():
            # Written by a worker of this very session, into a folder that is ours alone.
            known: Judged = pickle.loads(kept.read_bytes())
            return known
        judged = _judged(config, jobs)
        kept.write_bytes(pickle.dumps(judged))
        return judged


def _judged(config: pytest.Config, jobs: int | None) -> Judged:
    from snaptree.conformance.judged import SuiteOptions, judged

    given = {name.replace("-", "_"): config.getoption(f"--snaptree-{name}") for name, _, _ in _OPTIONS}
    given["jobs"] = given["jobs"] or jobs
    given["setting"] = tuple(config.getoption("--snaptree-setting"))
    reporter = config.pluginmanager.getplugin("terminalreporter")

    def announce(text: str) -> None:
        if reporter is not None:
            reporter.ensure_newline()
            reporter.write_line(f"snaptree: {text}")

    result = judged(SuiteOptions(**given), announce)
    if isinstance(result, str):
        pytest.exit(f"snaptree: {result}", returncode=3)
    return result
