"""The tests of a chapter: one for each rule, named by it, so that none can be forgotten."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from snaptree.conformance.judged import Judged
from snaptree.spec.rules import Rule, chapters

RuleTest = Callable[[Judged], None]


def rule_tests(chapter: str) -> dict[str, RuleTest]:
    """The test functions of a chapter by name: ``test_MERGE_3`` for the rule MERGE-3.

    A test passes only if its rule was compared on the driver and held. What was
    not claimed or not seen is skipped, and says so.
    """
    (found,) = (one for one in chapters() if one.name == chapter)
    return {f"test_{rule.id.replace('-', '_')}": _test_of(rule) for rule in found.rules}


def _test_of(rule: Rule) -> RuleTest:
    def test(snaptree_judged: Judged) -> None:
        result = snaptree_judged.results[rule.id]
        if result.status == "deviation":
            texts = [snaptree_judged.texts[one] for one in result.deviations]
            pytest.fail("\n\n".join([f"{rule.id}: {rule.sentence}", *texts]), pytrace=False)
        if result.status != "pass":
            pytest.skip(f"{result.status} on {snaptree_judged.heading.driver}")
        assert result.times > 0

    test.__doc__ = rule.sentence
    return test
