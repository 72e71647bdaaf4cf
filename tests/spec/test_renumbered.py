"""Ids of rules that ended: each leads to rules that exist, none is used again, no file names one."""

from __future__ import annotations

import pytest

from snaptree.spec.renumbered import MalformedTable, read_table, renumbered
from snaptree.spec.rules import UnknownRule, rule, rules, select
from tests.renumber import carry, texts

CURRENT = {one.id for one in rules()}


def test_no_ended_id_is_used_again() -> None:
    assert set(renumbered()) & CURRENT == set()


def test_every_successor_is_a_rule_of_the_same_topic() -> None:
    wrong = {old: new for old, new in renumbered().items() if not set(new) <= CURRENT}
    assert wrong == {}
    moved = {
        old for old, new in renumbered().items() if {one.split("-")[0] for one in new} - {old.split("-")[0]}
    }
    assert moved == set()


def test_no_number_below_the_highest_is_lost_without_a_line_in_the_table() -> None:
    """An id that vanishes from the chapters has to be in the table, or it could be used again."""
    ids = CURRENT | set(renumbered())
    topics = {one.split("-")[0] for one in ids}
    gaps = {
        f"{topic}-{number}"
        for topic in topics
        for number in range(1, max(int(one.split("-")[1]) for one in ids if one.split("-")[0] == topic))
        if f"{topic}-{number}" not in ids
    }
    # Numbers that were left out between the two merges when the chapters were written, and never issued.
    assert gaps == {"MERGE-7", "MERGE-8", "MERGE-9"}


def test_no_file_names_an_ended_id() -> None:
    found = []
    for path in texts():
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
        found += [f"{path.name}:{one.line}: {one.old}" for one in carry(text, renumbered())[1]]
    assert found == [], "carry the table into these files with: python -m tests.renumber"


@pytest.mark.parametrize("old", renumbered())
def test_an_ended_id_selects_its_successors(old: str) -> None:
    assert {one.id for one in select([old])} == set(renumbered()[old])
    with pytest.raises(UnknownRule) as caught:
        rule(old.lower())
    assert all(new in str(caught.value) for new in renumbered()[old])
    assert "ended" in str(caught.value)


def test_a_successor_that_ended_is_followed() -> None:
    table = read_table('A-1 = ["A-2", "A-3"]\nA-2 = ["A-4", "A-3"]\nA-5 = []\n')
    assert table == {"A-1": ("A-4", "A-3"), "A-2": ("A-4", "A-3"), "A-5": ()}


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('A-1 = ["A-2"]\nA-2 = ["A-1"]\n', "successor of itself"),
        ('A-1 = "A-2"\n', "A-1 is a list"),
        ("A-1 = [1]\n", "A-1 is a list"),
        ("A-1 = [\n", "not TOML"),
    ],
)
def test_a_table_that_cannot_be_used_is_an_error(text: str, told: str) -> None:
    with pytest.raises(MalformedTable, match=told):
        read_table(text)


def test_ids_are_carried_as_whole_words() -> None:
    table = {"CREATE-1": ("CREATE-40",), "LIST-1": ("LIST-20", "LIST-21"), "LIST-2": ()}
    after, changes = carry("CREATE-1, CREATE-10, XCREATE-1: LIST-1\nLIST-2\n", table)
    assert after == "CREATE-40, CREATE-10, XCREATE-1: LIST-20\nLIST-2\n"
    assert [(one.line, one.old, one.new, one.choice) for one in changes] == [
        (1, "CREATE-1", "CREATE-40", ()),
        (1, "LIST-1", "LIST-20", ("LIST-20", "LIST-21")),
        (2, "LIST-2", "", ()),
    ]


def test_a_known_deviation_gets_the_successor_that_speaks_of_its_operation() -> None:
    text = '[[deviation]]\nrule = "OLD-1"\noperation = "revert"\n'
    after, changes = carry(text, {"OLD-1": ("CREATE-1", "REVERT-1")}, "esx.toml")
    assert 'rule = "REVERT-1"' in after
    assert changes[0].choice == ()


def test_carrying_twice_changes_nothing_more() -> None:
    table = {"CREATE-1": ("CREATE-40",)}
    once, _ = carry("CREATE-1\n", table)
    assert carry(once, table) == (once, [])
