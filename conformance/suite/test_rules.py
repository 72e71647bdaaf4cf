"""The suite: one test for each rule, with the rule's id as its own, made from the catalogue.

A test passes only if its rule was compared on the driver and held. A rule that the
profile does not claim, or that the run did not observe, is skipped with that word.
``-k MERGE-3`` selects a rule, ``-m discard`` a chapter (``-`` is written ``_`` in a mark).
"""

from __future__ import annotations

import io
from typing import Any

import pytest

from snaptree.conformance.judging.deviations import Deviation
from snaptree.conformance.reports.console import TextConsole
from snaptree.conformance.reports.terminal import deviation_report
from snaptree.conformance.running.assess import Assessment
from snaptree.spec.rules import Rule, rules


def _parameter(rule: Rule) -> Any:
    chapter = getattr(pytest.mark, rule.chapter.replace("-", "_"))
    return pytest.param(rule, id=rule.id, marks=[pytest.mark.rule(rule.id), chapter])


@pytest.mark.parametrize("rule", [_parameter(one) for one in rules()])
def test_rule(rule: Rule, snaptree_assessment: Assessment) -> None:
    """The driver was seen to keep the rule, and never to break it."""
    result = snaptree_assessment.result_of(rule.id)
    if result.status == "deviation":
        shown = [one for one in snaptree_assessment.deviations if one.id in result.deviations]
        texts = [_in_words(one) for one in shown]
        pytest.fail("\n\n".join([f"{rule.id}: {rule.sentence}", *texts]), pytrace=False)
    if result.status != "pass":
        pytest.skip(f"{result.status} on {snaptree_assessment.heading.driver}")
    assert result.times > 0


def _in_words(found: Deviation) -> str:
    shown = io.StringIO()
    TextConsole(file=shown, width=110).print(deviation_report(found))
    return shown.getvalue()
