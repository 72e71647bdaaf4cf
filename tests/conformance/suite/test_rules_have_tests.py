"""No rule without a test, no mark that names a rule which is not there, and an index that is up to date."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from snaptree.conformance.reports.rule_index import Evidence, evidence_of, rule_index
from snaptree.spec.rules import chapters, rules

TOP = Path(__file__).resolve().parents[3]


def collected(*chosen: str) -> list[str]:
    suite = ("--pyargs", "snaptree.conformance.suite", "--collect-only", "-q")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *suite, *chosen],
        cwd=TOP, capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    return [line.partition("[")[2][:-1] for line in done.stdout.splitlines() if "::test_rule[" in line]


def test_every_rule_is_a_case_of_the_suite() -> None:
    assert collected() == [one.id for one in rules()]


def test_a_chapter_is_a_mark() -> None:
    (chapter,) = (one for one in chapters() if one.name == "merge-into-parent")
    assert collected("-m", "merge_into_parent") == [one.id for one in chapter.rules]


def test_every_rule_that_no_step_can_judge_has_a_test_that_bears_it() -> None:
    index = rule_index()
    bare = {one.id for one in rules() if one.judged_elsewhere and not index.get(one.id, Evidence()).tests}
    assert bare == set()


def test_the_index_is_a_fresh_collection() -> None:
    """Collecting fails for a mark that names no rule. A process of its own sees all tests."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.rule_index", "--check"],
        cwd=TOP, capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]


def test_what_is_not_there_is_left_out(tmp_path: Path) -> None:
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests/test_a.py").touch()
    known = Evidence(
        ("tests/test_a.py::test_b", "tests/test_c.py::test_d"), ("wrong",), ("t.jsonl",), ("f.md",)
    )
    assert known.within(tmp_path) == Evidence(("tests/test_a.py::test_b",), ("wrong",))


def test_a_rule_has_what_was_collected_for_it() -> None:
    assert "docs/findings/libvirt-qemu-long-name.md" in evidence_of("NAME-8").findings
    assert evidence_of("MERGE-12").mutants
    assert evidence_of("DURABLE-2").tests
