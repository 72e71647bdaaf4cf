"""Documents that want time, memory, files or the network get one clear error and none of these."""

from __future__ import annotations

import gc
import socket
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from random import Random

import pytest
from lxml import etree

from snaptree.schemas import xml
from snaptree.schemas.xml import LIMITS, Limits, MalformedXml, Verdict, guard, judge, parse
from snaptree.spec.xml import read

from .worst_documents import HEAD, TAIL, WORST, inside

MEGABYTE = 1024 * 1024

LARGE: dict[str, tuple[Callable[[], bytes], str]] = {
    "100 MB of nesting": (lambda: b"<a>" * (100 * MEGABYTE // 3), "larger than 4,194,304 bytes"),
    "nesting within the size": (lambda: inside(b"<a>" * 500_000), "nested more than 100 deep"),
    "100 MB of text": (lambda: inside(b"a" * 100 * MEGABYTE), "larger than"),
    "many elements": (lambda: inside(b"<a/>" * 900_000), "holds more than 2,000 others"),
    "many elements, spread": (
        lambda: inside((b"<a>" + b"<a/>" * 1_000 + b"</a>") * 900),
        "more than 20,000 elements and attributes",
    ),
    "many attributes of many": (
        lambda: inside(b"<a b='' c='' d='' e='' f='' g='' h='' i=''/>" * 90_000),
        "more than 2,000 others",
    ),
    "many comments": (lambda: inside(b"<!---->" * 500_000), "holds more than 2,000 others"),
    "many instructions": (lambda: inside(b"<?a?>" * 800_000), "holds more than 2,000 others"),
    "many attributes": (
        lambda: inside(b"<a " + b" ".join(b"a%d=''" % n for n in range(300_000)) + b"/>"),
        "more than 64 attributes",
    ),
    "many namespaces": (
        lambda: inside(b"<a " + b" ".join(b"xmlns:a%d='u:%d'" % (n, n) for n in range(100_000)) + b"/>"),
        "more than 64 namespaces",
    ),
    "quadratic blow-up": (
        lambda: b'<!DOCTYPE a [<!ENTITY a "' + b"a" * MEGABYTE + b'">]><a>' + b"&a;" * 500_000 + b"</a>",
        "document type declaration",
    ),
    "a tag that never ends": (lambda: HEAD + b"<a " + b"x" * (4 * MEGABYTE - 30), "not well-formed"),
    "a comment that never ends": (lambda: HEAD + b"<!--" + b"x" * (4 * MEGABYTE - 30), "not well-formed"),
    "an attribute of 3 MB": (
        lambda: HEAD + b"<memory file='" + b"x" * 3 * MEGABYTE + b"'/>",
        "not well-formed",
    ),
}


@pytest.mark.parametrize("name", LARGE)
def test_a_large_document_is_refused(name: str) -> None:
    make, words = LARGE[name]
    data = make()
    with pytest.raises(MalformedXml, match=words) as caught:
        parse(data)
    assert caught.value.fault.line >= 1
    assert len(str(caught.value)) < 300


def test_memory_stays_bounded() -> None:
    """The worst that the limits let through, in a process of its own: it grows by some hundred MB at most."""
    script = """
import resource
from snaptree.schemas.xml import MalformedXml, judge, parse
head, tail = b"<domainsnapshot><cookie>", b"</cookie></domainsnapshot>"
wide = (b"<a>" + b"<a/>" * 1_990 + b"</a>") * 9
for body in (wide, b"<a b='c' d='e' f='g'>h</a>" * 1_990, b"a" * 4_000_000, b"<a>" * 1_000_000):
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    try:
        judge(parse(head + body + tail))
    except MalformedXml:
        pass
    print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024)
"""
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=True
    )
    grown = [int(line) for line in done.stdout.split()]
    assert len(grown) == 4
    assert max(grown) < 200


@pytest.mark.parametrize("name", WORST)
def test_what_the_limits_let_through_is_judged_and_read(name: str) -> None:
    """The clock is asked between chunks only: that libxml2 is done in time, the other limits see to.

    How long it takes is what benchmarks/documents.py says.
    """
    data = WORST[name]()
    assert len(data) <= LIMITS.size
    verdict = judge(parse(data))
    assert bool(verdict.dialects) != bool(verdict.faults)
    if verdict.dialects and data.startswith(HEAD):
        read(data, unknown="keep")


@pytest.mark.rule("XML-13")
def test_each_limit_is_the_callers() -> None:
    small = Limits(size=200, depth=3, nodes=9, children=4, attributes=2, namespaces=1)
    fine = b"<a><b c='1' d='2'><e/></b></a>"
    assert parse(fine, small).root.tag == "a"
    for data, words in (
        (b"<a>" + b" " * 200 + b"</a>", "200 bytes"),
        (b"<a><b><c><d/></c></b></a>", "3 deep"),
        (b"<a><b/><b/><b/><!----><b/></a>", "more than 4 others"),
        (b"<a c=''>" + b"<b d=''/>" * 4 + b"</a>", "9 elements and attributes"),
        (b"<a b='' c='' d=''/>", "2 attributes"),
        (b"<a xmlns='u' xmlns:v='v'/>", "1 namespaces"),
    ):
        with pytest.raises(MalformedXml, match=words) as caught:
            parse(data, small)
        assert caught.value.fault.rule == "XML-13"


@pytest.mark.parametrize("path", sorted((Path(__file__).parent / "documents" / "good").iterdir()))
def test_the_limit_on_nodes_is_exact(path: Path) -> None:
    data = path.read_bytes()
    root = parse(data).root
    outside = [*root.itersiblings(preceding=True), *root.itersiblings()]
    there = len(outside) + sum(1 + len(one.attrib) for one in root.iter())
    assert parse(data, Limits(nodes=there)).root.tag == root.tag
    with pytest.raises(MalformedXml, match=f"more than {there - 1} elements"):
        parse(data, Limits(nodes=there - 1))


def test_children_are_counted_exactly() -> None:
    for child in (b"<b/>", b"<b></b>", b"<!---->", b"<?b?>"):
        assert len(parse(b"<a>" + child * 2_000 + b"</a>").root) == 2_000
        with pytest.raises(MalformedXml, match="more than 2,000 others"):
            parse(b"<a>" + child * 2_001 + b"</a>")


def test_depth_and_attributes_are_counted_exactly() -> None:
    nested = b"<a>" * 99 + b"<b/>" + b"</a>" * 99
    assert parse(nested).root.tag == "a"
    with pytest.raises(MalformedXml, match="100 deep"):
        parse(b"<a>" + nested + b"</a>")
    flat = b"<a>" + b"<b></b>" * 500 + b"</a>"
    assert len(parse(flat).root) == 500
    tag = b"<a " + b" ".join(b"a%d='='" % number for number in range(64))
    assert len(parse(tag + b"/>").root.attrib) == 64
    with pytest.raises(MalformedXml, match="64 attributes"):
        parse(tag + b" b=''/>")


def test_reading_stops_when_the_time_is_over() -> None:
    with pytest.raises(MalformedXml, match="longer than 0 seconds"):
        parse(b"<a/>", Limits(seconds=0))


def test_nothing_is_opened_and_nothing_called(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    secret = tmp_path / "secret"
    secret.write_text("not to be seen", encoding="utf-8")
    parse(b"<a/>")
    judge(parse(HEAD + TAIL))  # the schemas are loaded before anything is forbidden

    def forbidden(*_: object, **__: object) -> None:
        raise AssertionError("somebody opened something")

    monkeypatch.setattr(socket, "socket", forbidden)
    monkeypatch.setattr("builtins.open", forbidden)
    for data in (
        f'<!DOCTYPE a [<!ENTITY x SYSTEM "{secret.as_uri()}">]><a>&x;</a>',
        f'<!DOCTYPE a SYSTEM "{secret.as_uri()}"><a/>',
        f'<a xmlns:i="http://www.w3.org/2001/XInclude"><i:include href="{secret.as_uri()}"/></a>',
        f'<?xml-stylesheet href="{secret.as_uri()}"?><a/>',
    ):
        try:
            text = str(judge(parse(data.encode())))
        except MalformedXml as error:
            text = str(error)
        assert "not to be seen" not in text


TOKENS = [
    b"<", b">", b"/", b"&", b"'", b'"', b"xmlns=''", b"xmlns='u:v'", b"xmlns:a='u:v'", b"a:", b"<a:name/>",
    b"]]>", b"<![CDATA[x]]>", b"<!--", b"-->", b"<?p?>", b"&#10;", b"&#x110000;", b"\xc3", b"\xef\xbb\xbf",
    b"\r", b"<name>", b"</name>", b"<disk/>", b" type='x'", b"xml:base='b'",
    b"<x:y xmlns:x='urn:1'><x:y xmlns:x='urn:2'/></x:y>",
]  # fmt: skip


def damaged(random: Random, documents: list[bytes]) -> bytes:
    data = bytearray(random.choice(documents))
    for _ in range(random.randint(1, 3)):
        place, kind = random.randrange(len(data) + 1), random.random()
        if kind < 0.5:
            data[place:place] = random.choice(TOKENS)
        elif kind < 0.7:
            del data[place : place + random.randint(1, 8)]
        else:
            other = random.choice(documents)
            begin = random.randrange(len(other) + 1)
            data[place:place] = other[begin : begin + random.randint(1, 60)]
    return bytes(data)


def test_damage_gives_faults_and_never_a_crash() -> None:
    random = Random(5)
    documents = [path.read_bytes() for path in sorted((Path(__file__).parent / "documents").rglob("*.xml"))]
    seen = {"malformed": 0, "invalid": 0, "valid": 0}
    for _ in range(20_000):
        data = damaged(random, documents)
        try:
            found = judge(parse(data))
        except MalformedXml as error:
            found = Verdict((), None, (error.fault,))
            seen["malformed"] += 1
        else:
            seen["valid" if found.dialects else "invalid"] += 1
        assert bool(found.dialects) != bool(found.faults), data
        assert all(fault.rule and fault.line >= 1 for fault in found.faults), data
    assert min(seen.values()) > 50, seen


def test_a_short_cut_past_the_guard_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    random = Random(6)
    documents = [path.read_bytes() for path in sorted((Path(__file__).parent / "documents").rglob("*.xml"))]

    def outcome(data: bytes) -> object:
        try:
            return etree.tostring(parse(data).root)
        except MalformedXml as error:
            return error.fault

    damage = documents + [damaged(random, documents) for _ in range(3_000)]
    short = [outcome(data) for data in damage]
    monkeypatch.setattr(guard, "_evidently_harmless", lambda _: False)
    assert [outcome(data) for data in damage] == short


def test_nothing_waits_for_the_collector() -> None:
    """Expat's parser and its handlers hold each other, and with them a document of up to 4 MB."""
    gc.collect()
    for data in (b"<a b=''/>", b"<?xml version='1.0'?><a/>", b"<a>" + b"<b/>" * 1_999 + b"</a>", b"<a"):
        with suppress(MalformedXml):
            parse(data)
    assert gc.collect() == 0


def test_a_namespace_with_quotes_confuses_no_message() -> None:
    data = b"""<domainsnapshot><name xmlns:i="u:'x'" i:nil="true"/></domainsnapshot>"""
    assert "is not known on <name>" in judge(parse(data)).faults[0].message


def test_a_message_is_safe_on_a_terminal() -> None:
    found = judge(parse("<domainsnapshot><state>\u202e\u2028&#x85;x</state></domainsnapshot>".encode()))
    assert found.faults[0].message.isprintable()


@pytest.mark.parametrize("marked", [b"\xef\xbb\xbf", b""])
@pytest.mark.parametrize("ending", [b"\n", b"\r\n"])
def test_columns_count_characters(marked: bytes, ending: bytes) -> None:
    data = marked + "<domainsnapshot>é<x/>".encode() + ending + "  größe<x/></domainsnapshot>".encode()
    document = parse(data)
    assert [document.place(one) for one in document.root.iter("x")] == [(1, 18), (2, 8)]


def test_a_place_survives_comments_and_instructions() -> None:
    document = parse(b"<!-- a --><domainsnapshot><!-- b -->\n<?c d?><name/></domainsnapshot>")
    name = document.root.find("name")
    assert name is not None
    assert document.place(name) == (2, 8)


def test_limits_are_generous_to_real_records() -> None:
    assert LIMITS.size > 1000 * 3000
    assert xml.DIALECTS == ("libvirt", "rfc", "checkpoint")
