"""A folder of documents written from the documentation: each gets the right verdict, and the right words."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from snaptree.schemas.xml import Fault, MalformedXml, Verdict, judge, parse
from snaptree.spec.rules import rule

FOLDER = Path(__file__).parent / "documents"

GOOD = {
    "both-empty": ("libvirt", "rfc"),
    "both-name-only": ("libvirt", "rfc"),
    "checkpoint": ("checkpoint",),
    "libvirt-disks": ("libvirt",),
    "libvirt-external-memory": ("libvirt",),
    "libvirt-interrupted-delete": ("libvirt",),
    "libvirt-record": ("libvirt",),
    "rfc-record": ("rfc",),
    "rfc-wish": ("rfc",),
}

# Line, column, rule, and what the message must tell.
BAD = {
    "attribute-unknown": (2, 3, "XML-32", "did you mean file?"),
    "block-without-dev": (3, 5, "XML-26", "names its dev"),
    "checkpoint-name": (1, 19, "XML-16", "'../escape'"),
    "checkpoint-no-with-bitmap": (2, 10, "XML-34", "neither bitmap nor size"),
    "dialects-mixed": (2, 3, "XML-32", "belongs to the dialect rfc"),
    "disk-internal-with-source": (3, 5, "XML-25", "only an external disk"),
    "disk-nameless": (3, 5, "XML-24", "lacks the attribute 'name'"),
    "disk-part-unknown": (3, 5, "XML-28", "it can be no, internal, external, manual"),
    "disk-twice": (4, 5, "XML-24", "'vda' is listed a second time"),
    "domain-uuid": (2, 3, "XML-8", "32 hexadecimal digits"),
    "driver-raw": (4, 7, "XML-27", "it can be cow, qcow, qcow2, qed, vmdk"),
    "memory-external-without-file": (2, 3, "XML-22", "needs a file"),
    "memory-internal-with-file": (2, 3, "XML-23", "only external memory has a file"),
    "misspelt": (2, 3, "XML-32", "did you mean name?"),
    "name-twice": (4, 3, "XML-29", "the first is in line 2, column 3"),
    "namespace": (2, 3, "XML-31", "in the namespace 'http://example.org/s'"),
    "parent-empty": (2, 3, "XML-4", "<parent> lacks <name>"),
    "parent-text": (2, 3, "XML-32", "text between the elements"),
    "path-relative": (3, 22, "XML-26", "'new.qcow2'"),
    "root": (1, 1, "XML-32", "the root is <domain>"),
    "root-namespace": (1, 1, "XML-31", "in no namespace is wanted"),
    "state": (2, 22, "XML-18", "it can be running, blocked"),
    "time": (2, 3, "XML-19", "A number of seconds"),
    "uuid-upper-case": (2, 3, "XML-3", "lower case"),
}

HOSTILE = {
    "attribute-twice": (2, 25, "XML-12", "duplicate attribute"),
    "billion-laughs": (2, 1, "XML-11", "declarations of its own"),
    "control-character": (2, 10, "XML-12", "a character"),
    "empty": (1, 1, "XML-12", "no element"),
    "encoding-declared": (1, 1, "XML-12", "'UTF-7'"),
    "external-dtd": (2, 1, "XML-11", "http://127.0.0.1:9/snapshot.dtd"),
    "external-entity": (1, 1, "XML-11", "document type declaration"),
    "invalid-utf-8": (2, 10, "XML-12", "0xff is not UTF-8"),
    "mismatched": (2, 12, "XML-12", "mismatched tag"),
    "nil": (2, 3, "XML-11", "schema processors"),
    "nul": (2, 10, "XML-12", "NUL"),
    "nul-reference": (2, 9, "XML-12", "invalid character number"),
    "overlong-utf-8": (2, 10, "XML-12", "0xc0 is not UTF-8"),
    "parameter-entity": (1, 1, "XML-11", "document type declaration"),
    "schema-location": (1, 1, "XML-11", "schema processors"),
    "surrogate": (2, 10, "XML-12", "0xed is not UTF-8"),
    "two-roots": (2, 1, "XML-12", "after document element"),
    "unbound-prefix": (2, 3, "XML-12", "unbound prefix"),
    "undefined-entity": (1, 24, "XML-11", "entity"),
    "utf-16": (1, 1, "XML-12", "UTF-16"),
    "xinclude": (2, 9, "XML-11", "XInclude"),
}


def states_rules(table: dict[str, tuple[int, int, str, str]]) -> list[Any]:
    """The names in a table; each case is a test of the rule that it breaks."""
    return [pytest.param(name, marks=pytest.mark.rule(broken)) for name, (_, _, broken, _) in table.items()]


def verdict(kind: str, name: str) -> Verdict:
    return judge(parse((FOLDER / kind / f"{name}.xml").read_bytes()))


def assert_is(fault: Fault, expected: tuple[int, int, str, str]) -> None:
    assert (fault.line, fault.column, fault.rule) == expected[:3]
    assert expected[3] in fault.message
    assert rule(fault.rule).chapter == "xml"


@pytest.mark.parametrize(("kind", "table"), [("good", GOOD), ("bad", BAD), ("hostile", HOSTILE)])
def test_the_table_is_the_folder(kind: str, table: dict[str, object]) -> None:
    assert sorted(one.stem for one in (FOLDER / kind).iterdir()) == sorted(table)


@pytest.mark.parametrize("name", GOOD)
def test_a_good_document_is_in_its_dialect(name: str) -> None:
    found = verdict("good", name)
    assert (found.dialects, found.faults) == (GOOD[name], ())


@pytest.mark.parametrize("name", states_rules(BAD))
def test_a_bad_document_has_the_one_fault(name: str) -> None:
    found = verdict("bad", name)
    assert found.dialects == ()
    assert len(found.faults) == 1
    assert_is(found.faults[0], BAD[name])


@pytest.mark.parametrize("name", states_rules(HOSTILE))
def test_a_hostile_document_is_refused_with_one_error(name: str) -> None:
    with pytest.raises(MalformedXml) as caught:
        verdict("hostile", name)
    assert_is(caught.value.fault, HOSTILE[name])
    assert str(caught.value).count("\n") == 0


def test_every_fault_of_a_document_is_told_in_order() -> None:
    data = b"<domainsnapshot>\n<memory/>\n<disks><disk name='x'/>\n<disk/></disks><state/></domainsnapshot>"
    found = judge(parse(data))
    assert [(one.line, one.element.rpartition("/")[2]) for one in found.faults] == [
        (2, "memory"), (3, "@name"), (4, "disk"), (4, "state"),
    ]  # fmt: skip
