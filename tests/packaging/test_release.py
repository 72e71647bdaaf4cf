"""What a release says of its rules, and what that means for a driver that passed."""

from __future__ import annotations

from pathlib import Path

from tests.release import describe, page, sentences

RULES = {"A-1": "(MUST) One.", "A-2": "(MUST) Two."}


def told(now: dict[str, str], former: dict[str, str] | None) -> str:
    return "\n".join(describe(now, former, {"A-0": ["A-1"]}))


def test_without_a_change_a_driver_passes_still() -> None:
    assert (
        told(RULES, RULES)
        == "Every rule says what it said: a driver that passed passes still, by the same rules."
    )
    assert "none is compared" in told(RULES, None)


def test_new_and_changed_rules_have_to_be_asked() -> None:
    text = told({**RULES, "A-2": "(MUST) Two and a half.", "A-3": "(SHOULD) Three."}, RULES)
    assert "- new: **A-3** (SHOULD) Three." in text
    assert "- changed: **A-2** (MUST) Two and a half. Before: (MUST) Two." in text
    assert "was not asked A-3, A-2 in these words" in text


def test_a_rule_that_ended_names_its_heirs_and_asks_nothing_new() -> None:
    text = told(RULES, {"A-0": "(MUST) One.", "A-2": "(MUST) Two."})
    assert "- ended: **A-0**; its demand is in A-1" in text
    assert "was asked all of this before" in text
    assert "none: its demand was dropped" in told(RULES, {**RULES, "A-9": "(MUST) Nine."})


def test_the_page_has_versions_digests_and_changes(tmp_path: Path) -> None:
    (tmp_path / "a.whl").write_bytes(b"")
    text = page([tmp_path / "a.whl"], sentences())
    assert "| protocol | 1 |" in text
    assert "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" in text
    assert "## 0.1.0" in text
