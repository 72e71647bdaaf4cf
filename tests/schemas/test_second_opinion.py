"""The second opinion: it names the path in the document, and both are told where the two disagree."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, seed, settings
from lxml import etree

from snaptree.schemas.xml import DIALECTS, fits, judge, parse
from snaptree.schemas.xml.second_opinion import second_opinion

from .agreement import DOCUMENTS, Node
from .test_documents import BAD, FOLDER, GOOD
from .test_validate import report, run
from .worst_documents import WORST

NO_ASSERTIONS = {"checkpoint-no-with-bitmap"}
"""Documents with a fault that the schema which xmlschema reads cannot express."""

MANY_ELEMENTS = {"disks that break everything", "attributes that nobody knows", "in many namespaces"}
"""Documents of 6,000 nodes: xmlschema takes a millisecond for each, and nothing but that."""

ZEROS = b"<domainsnapshot><creationTime>" + b"0" * 5_000 + b"</creationTime></domainsnapshot>"
"""A number that libxml2 reads and xmlschema gives up on: Python converts no more than 4,300 digits."""


def _document(kind: str, name: str) -> Any:
    return parse((FOLDER / kind / f"{name}.xml").read_bytes())


@pytest.mark.parametrize("name", GOOD)
def test_a_good_document_is_good_to_both(name: str) -> None:
    document = _document("good", name)
    opinions = [second_opinion(document, dialect) for dialect in judge(document).dialects]
    assert [(one.dialect, one.objections) for one in opinions] == [(dialect, ()) for dialect in GOOD[name]]


@pytest.mark.parametrize("name", sorted(BAD))
def test_a_bad_document_is_bad_to_both_but_for_what_the_edition_cannot_say(name: str) -> None:
    document = _document("bad", name)
    for dialect in DIALECTS:
        opinion = second_opinion(document, dialect)
        if dialect == judge(document).nearest and name in NO_ASSERTIONS:
            assert (opinion.valid, opinion.complete) == (True, False)
        else:
            assert not opinion.valid


@pytest.mark.parametrize(
    ("name", "path", "reason"),
    [
        ("state", "/domainsnapshot/state", "must be one of ['running'"),
        ("disk-twice", "/domainsnapshot/disks/disk[2]", "duplicated value ('vda',)"),
        ("driver-raw", "/domainsnapshot/disks/disk/driver", "type='raw'"),
        ("disk-internal-with-source", "/domainsnapshot/disks/disk", "only an external disk has a type"),
        ("parent-empty", "/domainsnapshot/parent", "Tag 'name' expected"),
    ],
)
def test_an_objection_has_the_path_in_the_document_and_a_reason(name: str, path: str, reason: str) -> None:
    document = _document("bad", name)
    (objection,) = second_opinion(document, "libvirt").objections
    assert objection.path == path
    assert reason in objection.reason
    (found,) = document.root.xpath(objection.path)
    assert objection.line == found.sourceline


@seed(23)
@settings(
    max_examples=100,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example],
)
@given(DOCUMENTS)
def test_both_give_one_verdict_and_every_path_leads_to_an_element(document: Node) -> None:
    read = parse(etree.tostring(document.element(), encoding="utf-8"))
    opinion = second_opinion(read, "libvirt")
    assert opinion.valid == fits(read, "libvirt")
    for objection in opinion.objections:
        assert len(read.root.xpath(objection.path, namespaces=read.namespaces)) == 1


@pytest.mark.parametrize(
    "text",
    [
        b"<domainsnapshot><name>a<!-- c -->b</name></domainsnapshot>",
        b"<domainsnapshot><?x y?><state>run<!-- c -->ning</state><!-- d --></domainsnapshot>",
    ],
)
def test_a_comment_changes_neither_opinion_nor_document(text: bytes) -> None:
    document = parse(text)
    assert judge(document).dialects == ("libvirt", "rfc")
    assert second_opinion(document, "libvirt").valid
    assert etree.tostring(document.root) == text


@pytest.mark.parametrize("name", [name for name in WORST if name not in MANY_ELEMENTS])
def test_the_worst_documents_end_in_an_opinion(name: str) -> None:
    document = parse(WORST[name]())
    nearest = judge(document).nearest
    assert nearest is not None
    opinion = second_opinion(document, nearest)
    # What libxml2 reads and Python does not is the one thing in which they differ here.
    assert opinion.valid == fits(document, nearest) or "4300 digits" in opinion.objections[0].reason


def test_explain_shows_the_second_opinion_with_its_path(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--explain", str(FOLDER / "bad" / "disk-twice.xml")) == 1
    out = capsys.readouterr().out
    assert "second opinion on libvirt: invalid  xmlschema " in out
    assert "/domainsnapshot/disks/disk[2]: duplicated value" in out
    assert "disagree" not in out
    assert run("--explain", str(FOLDER / "good" / "both-empty.xml")) == 0
    out = capsys.readouterr().out
    assert "second opinion on libvirt: valid" in out
    assert "second opinion on rfc: valid" in out
    assert run(str(FOLDER / "bad" / "disk-twice.xml")) == 1
    assert "opinion" not in capsys.readouterr().out


def test_when_the_two_disagree_both_are_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    zeros = tmp_path / "zeros.xml"
    zeros.write_bytes(ZEROS)
    assert run("--explain", "--dialect", "libvirt", str(zeros)) == 0, "the first one counts"
    out = capsys.readouterr().out
    assert "/domainsnapshot/creationTime: " in out
    assert "disagree: libxml2 and the assertions say valid, xmlschema invalid" in out
    assert "please report" in out
    assert run("--explain", str(FOLDER / "bad" / "checkpoint-no-with-bitmap.xml")) == 1
    out = capsys.readouterr().out
    assert "disagree: libxml2 and the assertions say invalid, xmlschema valid" in out
    assert "XML Schema 1.0, which has no assertions" in out


def test_the_json_has_both_opinions(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    zeros = tmp_path / "zeros.xml"
    zeros.write_bytes(ZEROS)
    _, found = report(capsys, "--explain", str(zeros), str(FOLDER / "bad" / "state.xml"))
    files = {Path(one["file"]).stem: one for one in found["files"]}
    assert [(one["dialect"], one["agrees"]) for one in files["zeros"]["second_opinions"]] == [
        ("libvirt", False), ("rfc", False),
    ]  # fmt: skip
    (opinion,) = files["state"]["second_opinions"]
    assert (opinion["valid"], opinion["agrees"]) == (False, True)
    assert opinion["objections"][0]["path"] == "/domainsnapshot/state"
    _, found = report(capsys, str(FOLDER / "bad" / "state.xml"))
    assert "second_opinions" not in found["files"][0]


def test_what_a_document_says_stays_text(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    trick = tmp_path / "trick.xml"
    trick.write_text(
        "<domainsnapshot><state>\u202e[bold]\u009b31m</state></domainsnapshot>", encoding="utf-8"
    )
    assert run("--explain", str(trick)) == 1
    out = capsys.readouterr().out
    assert "\u202e" not in out
    assert "\u009b" not in out
