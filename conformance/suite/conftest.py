"""What the suite says about itself, and that a run in which nothing was tested is no success."""

from __future__ import annotations

import pytest

from snaptree.spec.rules import specification_version

_NOTHING_TESTED = 4


def pytest_report_header(config: pytest.Config) -> str:
    """Everything that is needed to repeat the run."""
    driver = config.getoption("--snaptree-driver") or "simulator"
    seed = config.option.snaptree_seed
    return f"snaptree: specification {specification_version}, driver {driver}, seed {seed}"


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """All skipped is not passed."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if reporter is None or exitstatus != 0 or session.config.option.collectonly:
        return
    if not reporter.stats.get("passed"):
        reporter.write_line("snaptree: no rule was seen to hold: nothing was tested", red=True)
        session.exitstatus = _NOTHING_TESTED
