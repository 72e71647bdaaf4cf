"""The normative text: complete, short enough, and true of the model where it shows an example."""

from __future__ import annotations

import json
import re
from importlib.resources import files

import pytest

from snaptree.spec.examples import example_operations, example_profile, example_start
from snaptree.spec.outcomes import REFUSALS, Accepted
from snaptree.spec.rules import CHAPTERS, Example, chapters, rules
from snaptree.spec.semantics import step
from snaptree.spec.vocabulary import FAULT_PARTS

MOST_WORDS = 13_100
RULE_ID = re.compile(r"\b[A-Z]{3,}-\d+\b")
FOR_THE_MACHINE = re.compile(r"> \*(Speaks of|Example):\*")

EXAMPLES = [
    pytest.param(example, id=f"{one.id}:{example.tree}") for one in rules() for example in one.examples
]


def test_the_list_of_chapters_is_the_folder() -> None:
    folder = {
        entry.name[:-3] for entry in files("snaptree.spec.chapters").iterdir() if entry.name[-3:] == ".md"
    }
    assert folder == set(CHAPTERS)
    assert len(set(CHAPTERS)) == len(CHAPTERS)


def test_the_text_reads_in_three_quarters_of_an_hour() -> None:
    words = sum(
        len(line.split())
        for chapter in chapters()
        if chapter.name != "claims"  # it says what a run means, not what to implement
        for line in chapter.text.splitlines()
        if not FOR_THE_MACHINE.match(line)
    )
    assert words < MOST_WORDS


def test_every_rule_says_why() -> None:
    assert [one.id for one in rules() if not one.why] == []


def test_every_rule_is_one_paragraph_that_ends() -> None:
    assert [one.id for one in rules() if not one.sentence.endswith((".", '."'))] == []


def test_every_rule_is_one_demand_of_at_most_thirty_words() -> None:
    long = {one.id: len(one.sentence.split()) for one in rules()}
    assert {identifier: words for identifier, words in long.items() if words > 30} == {}


def test_every_must_that_a_step_can_judge_has_an_example() -> None:
    # libvirt's own calls are judged where a driver has them; examples are in calls that every driver has.
    bare = {
        one.id
        for one in rules()
        if one.level == "MUST"
        and one.aspects
        and not one.judged_elsewhere
        and not one.examples
        # No example can show a kill.
        and not all(aspect.parts <= set(FAULT_PARTS) for aspect in one.aspects)
    }
    assert bare == set()


@pytest.mark.parametrize("example", EXAMPLES)
def test_an_example_runs_up_to_its_last_operation(example: Example) -> None:
    domain, profile = example_start(example), example_profile(example)
    operations = example_operations(example)
    assert operations
    for operation in operations[:-1]:
        outcome = step(domain, operation, profile)
        assert isinstance(outcome, Accepted), f"{operation} only prepares, and is refused"
        domain = outcome.domain
    last = step(domain, operations[-1], profile)
    assert isinstance(last, Accepted) or last.kinds <= set(REFUSALS)


def test_an_example_of_a_refusal_is_refused_as_the_rule_says() -> None:
    wrong = []
    for one in rules():
        kinds = frozenset[str]().union(*(aspect.outcomes for aspect in one.aspects))
        if not one.aspects or "accepted" in kinds or not kinds:
            continue
        for example in one.examples:
            domain, profile = example_start(example), example_profile(example)
            for operation in example_operations(example):
                outcome = step(domain, operation, profile)
                if isinstance(outcome, Accepted):
                    domain = outcome.domain
            if isinstance(outcome, Accepted) or not ("refused" in kinds or outcome.kinds & kinds):
                wrong.append(one.id)
    assert wrong == []


def test_every_kind_of_refusal_is_listed_in_its_chapter() -> None:
    text = next(chapter.text for chapter in chapters() if chapter.name == "refusals")
    assert [kind for kind in REFUSALS if f"`{kind}`" not in text] == []


def test_every_rule_that_the_text_names_exists() -> None:
    known = {one.id for one in rules()}
    topics = {identifier.split("-")[0] for identifier in known}
    named = {found for chapter in chapters() for found in RULE_ID.findall(chapter.text)}
    assert {one for one in named - known if one.split("-")[0] in topics} == set()


def test_the_table_of_the_mail_has_no_empty_row() -> None:
    text = next(chapter.text for chapter in chapters() if chapter.name == "mail")
    rows = [line.strip("|").split("|") for line in text.splitlines() if line.startswith("|")][2:]
    assert len(rows) > 20
    assert [row for row in rows if len(row) != 3 or not all(cell.strip() for cell in row)] == []
    assert [row[0] for row in rows if not RULE_ID.search(row[2])] == []


@pytest.mark.parametrize(
    "asked",
    [
        "why do we restrict this API only for running VMs",
        "not used anymore, but also not removed",
        "snapshot with no child",
        "first option",
        "second option",
        "third option",
        "detect unsupported behavior",
        "managed save",
        "snapshots of a running domain",
        "VMware",
        "UUID",
        "first depth-first",
        "overwrites the previous",
        "mutually-exclusive",
        "MERGE_FORCE",
        "DISCARD_FORCE",
    ],
)
def test_the_table_of_the_mail_takes_up(asked: str) -> None:
    text = next(chapter.text for chapter in chapters() if chapter.name == "mail")
    assert any(asked in line.split("|")[1] for line in text.splitlines() if line.startswith("|"))


def test_the_chapter_on_profiles_has_a_row_for_every_key_of_the_schema() -> None:
    text = next(chapter.text for chapter in chapters() if chapter.name == "profiles")
    rows = "\n".join(line.split("|")[1] for line in text.splitlines() if line.startswith("| `"))
    schema = json.loads(files("snaptree.schemas").joinpath("profile.schema.json").read_text(encoding="utf-8"))
    keys = set(schema["properties"]) - {"name", "title", "inherits", "names", "limits", "concurrency"}
    nested = {
        f"{table}.{key}"
        for table in ("names", "limits", "concurrency")
        for key in schema["properties"][table]["properties"]
    }
    written = re.findall(r"`\[*([a-z_.]+)\]*`", rows)
    assert sorted(keys | nested) == sorted(written)
    told = {**schema["properties"], **schema["properties"]["names"]["properties"]}
    assert [key for key, entry in told.items() if not entry.get("description")] == []
