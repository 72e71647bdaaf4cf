"""No rule without a test, and no test that names a rule which is not there."""

from __future__ import annotations

import re
from importlib.resources import files
from pathlib import Path

from snaptree.conformance.suite.ruling import rule_tests
from snaptree.spec.rules import chapters, rules

TESTS = "\n".join(
    path.read_text(encoding="utf-8")
    for path in Path(__file__).parents[1].rglob("*.py")
    if path != Path(__file__)  # which names rules that have no test
)

UNREAL = {"MERGE-7", "MERGE-999", "REFUSE-99"}
"""Ids that tests use for rules that are not there."""

UNTESTED = {
    # Measured in benchmarks/growth.py: speed is never asserted in a test.
    "LIMIT-3",
}


def test_every_rule_that_steps_can_judge_is_a_test_of_the_suite() -> None:
    inside = {entry.name for entry in files("snaptree.conformance.suite").iterdir()}
    for chapter in chapters():
        if not chapter.rules:
            continue
        module = f"test_{chapter.name.replace('-', '_')}.py"
        assert module in inside
        names = {f"test_{rule.id.replace('-', '_')}" for rule in chapter.rules}
        assert set(rule_tests(chapter.name)) == names


def test_every_other_rule_is_named_by_the_test_that_checks_it() -> None:
    bare = {rule.id for rule in rules() if rule.judged_elsewhere and not re.search(rf"\b{rule.id}\b", TESTS)}
    assert bare == UNTESTED


def test_every_rule_that_a_test_names_is_there() -> None:
    known = {rule.id for rule in rules()}
    prefixes = {identifier.partition("-")[0] for identifier in known}
    named = set(re.findall(r"\b([A-Z]+-\d+)\b", TESTS))
    unknown = {one for one in named if one.partition("-")[0] in prefixes} - known
    assert unknown <= UNREAL
