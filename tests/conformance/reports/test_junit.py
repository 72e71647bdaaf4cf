"""junit.xml as GitLab and Jenkins read it: counts that add up, different names, reasons for skips."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from xml.etree import ElementTree

import pytest

from snaptree.conformance.cli.command import run

DRIVER = """
from snaptree.conformance.drivers.simulator import SimulatedDomain, SimulatorDriver


class Hasty(SimulatedDomain):
    def discard(self, snapshot):
        self.discard_forced(snapshot, None)


class HastyDriver(SimulatorDriver):
    domain_class = Hasty
"""


def test_counts_add_up_and_every_case_has_a_name_of_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "hasty_of_junit.py").write_text(DRIVER)
    monkeypatch.chdir(tmp_path)
    few = ("--graph", "tree=1", "--methods", "exhaustive,values", "--seed", "7", "--in-process")
    code = run(["check", "hasty_of_junit:HastyDriver", *few, "--shard", "1/2", "--out", "out"])
    assert code in (1, 6)
    root = ElementTree.parse("out/junit.xml").getroot()
    cases = [*root.iter("testcase")]
    kinds = Counter(child.tag for case in cases for child in case)
    assert kinds["error"] >= 2, "each unfinished method"
    assert kinds["failure"] == (code == 1)
    assert root.get("tests") == str(len(cases))
    for plural, kind in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
        assert root.get(plural) == str(kinds[kind])
        assert sum(int(suite.get(plural, "")) for suite in root) == kinds[kind]
    names = Counter((case.get("classname"), case.get("name")) for case in cases)
    assert names.most_common(1)[0][1] == 1
    assert all(case.get("time") is not None and len(case) <= 1 for case in cases)
    assert all(child.get("message") for case in cases for child in case)
    assert all(one.get("type") for kind in ("failure", "error") for one in root.iter(kind))
    reasons = [one.get("message", "") for one in root.iter("skipped")]
    assert any(one.startswith("not observed: ") for one in reasons)
