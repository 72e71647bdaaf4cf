"""What CI systems show of a report: annotations, a page and a badge, and what a driver says is text there."""

from __future__ import annotations

import json
from typing import Any

import pytest

from snaptree.conformance.reports.summaries import (
    MOST_ANNOTATIONS,
    annotation_lines,
    badge_json,
    summary_markdown,
)


def report(**changes: Any) -> dict[str, Any]:
    """The parts of a report that are shown."""
    return {
        "verdict": "conforms",
        "complete": True,
        "ended": {"why": "done", "text": ""},
        "specification": "0.1",
        "driver": {"asked": "mine:Driver", "name": "mine", "version": "1"},
        "profile": "mine",
        "seed": 7,
        "counts": {
            "steps": 1200, "rules_passed": 2, "rules_deviating": 0, "rules_known": 0, "rules_not_observed": 1,
            "rules_not_claimed": 0, "rules_judged_elsewhere": 0,
        },
        "rules": [
            {"id": "MERGE-17", "status": "pass"}, {"id": "MERGE-18", "status": "pass"},
            {"id": "MERGE-19", "status": "not observed"},
        ],
        "deviations": [],
        **changes,
    }  # fmt: skip


def deviation(**changes: Any) -> dict[str, Any]:
    return {
        "id": "0123abcd", "rules": ["MERGE-17"], "operation": "merge_into_parent", "expected": ["accepted"],
        "observed": "50% done\n::add-mask::x", "replay": "snaptree replay a,b:c", "flaky": False,
        "known": False,
        **changes,
    }  # fmt: skip


def test_a_deviation_is_an_error_of_one_line() -> None:
    shown = annotation_lines(report(verdict="deviates", deviations=[deviation()])).splitlines()
    assert shown[0].startswith(
        "::error title=MERGE-17 in merge_into_parent::allowed accepted; seen 50%25 done"
    )
    assert shown[0].endswith("%0Areplay: snaptree replay a,b:c")
    assert shown[1:] == ["::notice title=snaptree%3A mine%3ADriver::deviates in 1 way; 2 of 3 rules passed"]


def test_github_shows_ten_errors_and_more_are_not_printed() -> None:
    many = [deviation(id=f"{number:08x}") for number in range(30)]
    shown = annotation_lines(report(verdict="deviates", deviations=many)).splitlines()
    assert sum(line.startswith("::error ") for line in shown) == MOST_ANNOTATIONS


def test_an_incomplete_run_and_an_expired_entry_are_warnings() -> None:
    expired = {"rule": "A-1", "operation": "start", "reason": "r", "owner": "us", "expires": "2027-03-31"}
    shown = annotation_lines(
        report(
            verdict="incomplete", complete=False, ended={"why": "budget", "text": ""}, known_expired=[expired]
        )
    ).splitlines()
    assert shown[0] == "::warning title=the run is incomplete::budget"
    assert shown[1].startswith(
        "::warning title=known deviation expired%3A A-1 in start::accepted until 2027-03-31"
    )


def test_the_page_has_the_verdict_the_deviations_and_what_was_not_observed() -> None:
    found = [deviation(observed="a | b <script>"), deviation(id="4567abcd", known=True)]
    page = summary_markdown(report(verdict="deviates", deviations=found))
    assert "**deviates in 1 way, 1 known; 2 of 3 rules passed**" in page
    assert "a \\| b \\<script\\>" in page
    assert "<summary>1 known deviation</summary>" in page
    assert "<summary>1 rule not observed</summary>\n\nMERGE-19" in page


@pytest.mark.parametrize(
    ("changes", "message", "colour"),
    [
        ({}, "2 rules passed", "brightgreen"),
        ({"verdict": "deviates", "deviations": [deviation()]}, "1 deviation", "red"),
        ({"deviations": [deviation(known=True)]}, "2 rules passed", "brightgreen"),
        ({"verdict": "incomplete"}, "incomplete", "yellow"),
        ({"verdict": "nothing was tested"}, "nothing was tested", "lightgrey"),
    ],
)
def test_a_badge_says_what_was_found(changes: dict[str, Any], message: str, colour: str) -> None:
    badge = json.loads(badge_json(report(**changes)))
    assert badge == {"schemaVersion": 1, "label": "snaptree 0.1", "message": message, "color": colour}
