"""The registry: what it reads, what it refuses to read, and whom it blames."""

from __future__ import annotations

import re
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from snaptree.spec import rules as registry
from snaptree.spec.libvirt.calls import LIBVIRT_CALLS
from snaptree.spec.operations import CALLS
from snaptree.spec.outcomes import REFUSALS
from snaptree.spec.rules import (
    MalformedChapter,
    UnknownRule,
    attribute,
    rule,
    rules,
    select,
)
from snaptree.spec.vocabulary import FAULT_PARTS, PARTS, RELATIONS

HEAD = "> **MERGE-17** (MUST) One sentence.\n>\n"
SPEAKS = "> *Speaks of:* * / accepted / content / *\n"


def test_ids_are_a_topic_and_a_number_and_stated_once() -> None:
    identifiers = [one.id for one in rules()]
    assert len(identifiers) > 90
    assert len(set(identifiers)) == len(identifiers)
    assert [one for one in identifiers if not re.fullmatch(r"[A-Z]+-[1-9]\d*", one)] == []


def test_rules_come_in_the_order_of_the_chapters() -> None:
    places = [registry.CHAPTERS.index(one.chapter) for one in rules()]
    assert places == sorted(places)


def test_a_rule_is_found_in_any_case() -> None:
    assert rule("refuse-1") is rule("REFUSE-1")
    assert rule("REFUSE-1").level == "MUST"


def test_an_unknown_rule_suggests_others() -> None:
    with pytest.raises(UnknownRule) as caught:
        rule("REFUSE-99")
    assert "REFUSE-99" in str(caught.value)
    assert any(near.startswith("REFUSE-") for near in caught.value.nearest)


def test_an_unknown_rule_that_resembles_nothing_suggests_nothing() -> None:
    with pytest.raises(UnknownRule) as caught:
        rule("%%%%")
    assert caught.value.nearest == []


@pytest.mark.parametrize("patterns", [["REFUSE-*"], ["refusals"], ["refuse-*", "REFUSE-1"]])
def test_selection_by_glob_and_by_chapter(patterns: list[str]) -> None:
    assert [one.id for one in select(patterns)] == [one.id for one in rules() if one.chapter == "refusals"]


@pytest.mark.parametrize("former", registry.RENAMED)
def test_a_former_name_of_a_chapter_selects_it(former: str) -> None:
    assert former not in registry.CHAPTERS
    assert select([former]) == select([registry.RENAMED[former]]) != []


@pytest.mark.parametrize("patterns", [[], [""], ["no-such-rule"], ["ZZZ-*"]])
def test_selecting_nothing_gives_nothing(patterns: list[str]) -> None:
    assert list(select(patterns)) == []


def test_whatever_differs_some_rule_speaks_of_it() -> None:
    outcomes = ("accepted", "refused", *REFUSALS)
    calls = (*CALLS, *LIBVIRT_CALLS)
    # The broadest come first, so that few are asked.
    aspects = sorted((aspect for one in rules() for aspect in one.aspects), key=lambda aspect: aspect.breadth)
    aspects.reverse()
    silent = [
        where
        for where in product(calls, outcomes, PARTS, RELATIONS)
        # Only a refusal names casualties.
        if (where[1], where[2]) != ("accepted", "casualties")
        # No step shows what a kill or an error leaves.
        and where[2] not in FAULT_PARTS
        # The events of a call are looked at where it is one of libvirt's own.
        and not any(aspect.covers(*where) for aspect in aspects)
        and not (where[2] == "events" and (where[0] in CALLS or "Create" not in where[0]))
    ]
    assert silent == []


def test_what_a_fault_leaves_is_blamed_on_one_rule_whatever_the_call() -> None:
    blamed = {
        part: {attribute(call, "accepted", part, "domain") for call in (*CALLS, *LIBVIRT_CALLS)}
        for part in FAULT_PARTS
    }
    assert blamed == {
        "survival": {("DURABLE-1",)},
        "failure": {("DURABLE-2",)},
        "recovery": {("DURABLE-3",)},
        "outage": {("DURABLE-4",)},
        "leftover": {("RECLAIM-1",)},
        "overlap": {("CONCUR-1",)},
        "patience": {("CONCUR-2",)},
        "progress": {("CONCUR-4",)},
        "sight": {("CONCUR-3",)},
    }


@pytest.mark.parametrize("outcome", ["accepted", "WouldDiscard"])
def test_every_rule_that_speaks_of_a_difference_can_be_blamed_for_it(outcome: str) -> None:
    for call, part in product((*CALLS, *LIBVIRT_CALLS), PARTS):
        where = (call, outcome, part, "other")
        speaking = {one.id for one in rules() if any(aspect.covers(*where) for aspect in one.aspects)}
        assert set(attribute(*where)) == speaking


def test_every_call_is_spoken_of_by_name() -> None:
    named = {call for one in rules() for aspect in one.aspects for call in aspect.calls}
    assert set(CALLS) - named == set()


def test_a_refusal_with_an_effect_is_blamed_on_that_rule_first() -> None:
    # What is returned, and what the driver shows of itself, are no effects.
    none = ("outcome", "result", "casualties", "events", "form", "visibility", *FAULT_PARTS)
    parts = [part for part in PARTS if part not in none]
    first = {attribute(call, "WouldDiscard", part, "other")[0] for call, part in product(CALLS, parts)}
    assert first == {"REFUSE-1"}


def test_refused_in_a_rule_means_every_kind_of_refusal() -> None:
    speaking = {kind: attribute("revert", kind, "content", "active") for kind in REFUSALS}
    assert {kind for kind, blamed in speaking.items() if "REFUSE-1" in blamed} == set(REFUSALS)
    assert "REFUSE-1" not in attribute("revert", "accepted", "content", "active")


@pytest.mark.parametrize(
    ("chapter", "line"),
    [
        ("no title\n", 1),
        ("# T\n\n> **MERGE-17** MUST One sentence.\n", 3),
        ("# T\n\n> **Merge-1** (MUST) One sentence.\n", 3),
        ("# T\n\n>  **MERGE-17** (MUST) One sentence.\n", 3),
        (f"# T\n\n{HEAD}", 3),
        (f"# T\n\n{HEAD}> *Speaks of:* * / accepted / content\n", 5),
        (f"# T\n\n{HEAD}{SPEAKS}> *Because:* of that.\n", 6),
        (f"# T\n\n{HEAD}{SPEAKS}> *Example:* discard(a)\n", 6),
    ],
    ids=["title", "level", "small", "spaces", "silent", "three-fields", "label", "example"],
)
def test_a_malformed_chapter_is_named_with_its_line(
    chapter: str, line: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "merge.md").write_text(chapter, encoding="utf-8")
    monkeypatch.setattr(registry, "files", lambda _package: tmp_path)
    monkeypatch.setattr(registry, "CHAPTERS", ("merge",))
    with pytest.raises(MalformedChapter, match=rf"^merge\.md:{line}: "):
        registry.chapters.__wrapped__()


@pytest.mark.parametrize(
    ("speaks", "told"),
    [
        ("discrad / accepted / content / child", "an unknown call, 'discrad'; did you mean discard?"),
        ("discard / acepted / content / child", "an unknown outcome, 'acepted'; did you mean accepted?"),
        ("discard / wouldDiscard / outcome / *", "did you mean WouldDiscard?"),
        ("discard / accepted / contnet / child", "an unknown part, 'contnet'; did you mean content?"),
        ("discard / accepted / content / chlid", "an unknown relation, 'chlid'; did you mean child?"),
        ("* / * / * / * / retierd", "an unknown condition, 'retierd'; did you mean retired?"),
        ("discard / accepted / content / child, ", "an unknown relation, ''"),
        ("discard / accepted / *, content / child", "an unknown part, '*'"),
        ("discard /  / content / child", "an unknown outcome, ''"),
        ("discard, retire / accepted / content / child / quiesce", "quiesce, which holds for no discard or"),
        ("bindng", "did you mean binding?"),
    ],
)
def test_a_rule_that_speaks_of_nothing_known_is_an_error(
    speaks: str, told: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It would match nothing, and its rule would never be blamed."""
    (tmp_path / "merge.md").write_text(
        f"# T\n\n{HEAD}> *Why:* So.\n> *Speaks of:* {speaks}\n", encoding="utf-8"
    )
    monkeypatch.setattr(registry, "files", lambda _package: tmp_path)
    monkeypatch.setattr(registry, "CHAPTERS", ("merge",))
    with pytest.raises(MalformedChapter) as caught:
        registry.chapters.__wrapped__()
    assert str(caught.value).startswith("merge.md:6: ")
    assert told in str(caught.value)


def test_a_well_formed_rule_is_read_in_full(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = (
        "# The title\n\nSome prose.\n\n"
        "> **MERGE-7** (SHOULD) One sentence.\n>\n"
        "> *Why:* A reason.\n"
        "> *Speaks of:* discard, retire / accepted / content / child\n"
        "> *Source:* mail\n"
        "> *Example:* fork: discard(d); discard(c)\n"
    )
    (tmp_path / "merge.md").write_text(text, encoding="utf-8")
    monkeypatch.setattr(registry, "files", lambda _package: tmp_path)
    monkeypatch.setattr(registry, "CHAPTERS", ("merge",))
    (chapter,) = registry.chapters.__wrapped__()
    (read,) = chapter.rules
    assert (chapter.name, chapter.title) == ("merge", "The title")
    assert "Some prose." in chapter.text
    assert (read.id, read.level, read.sentence) == ("MERGE-7", "SHOULD", "One sentence.")
    assert (read.why, read.sources) == ("A reason.", ("mail",))
    assert read.examples[0].tree == "fork"
    assert read.examples[0].operations == ("discard(d)", "discard(c)")
    assert read.aspects[0].covers("retire", "accepted", "content", "child")
    assert not read.aspects[0].covers("revert", "accepted", "content", "child")


@pytest.mark.parametrize(
    ("where", "blamed"),
    [
        (("create", "accepted", "content", "new"), "CREATE-2"),
        (("create", "accepted", "outcome", "domain"), "TREE-4"),
        (("create", "accepted", "existence", "other"), "TREE-3"),
        (("stop", "accepted", "outcome", "domain"), "TREE-4"),
        (("revert", "accepted", "content", "active"), "REVERT-1"),
        (("merge_into_children", "accepted", "content", "descendant"), "MERGE-2"),
        (("merge_into_children", "accepted", "content", "active"), "MERGE-3"),
        (("merge_into_children", "accepted", "current", "domain", frozenset({"on-current"})), "MERGE-4"),
        (("merge_into_parent", "accepted", "content", "child"), "MERGE-12"),
        (("merge_into_parent", "WouldDiscard", "outcome", "target"), "MERGE-26"),
        (("discard_forced", "accepted", "content", "active", frozenset({"reset"})), "FORCE-8"),
        (("discard_forced", "accepted", "power", "active", frozenset({"reset", "no-resume-as"})), "FORCE-3"),
        (("retire", "accepted", "existence", "target"), "RETIRE-1"),
        (("rename", "accepted", "id", "target"), "NAME-4"),
        (("write_disk", "accepted", "content", "active"), "ACTIVE-1"),
    ],
)
def test_the_rule_that_is_blamed_first(where: tuple[Any, ...], blamed: str) -> None:
    """A rule about a special case never stands before the rule about the operation itself."""
    assert attribute(*where)[0] == blamed
