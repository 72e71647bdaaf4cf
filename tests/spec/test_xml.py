"""The codec: what is read and written again says the same, and what cannot be said is not written."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from snaptree.schemas.xml import Limits, judge, parse
from snaptree.spec.examples import TREES, example_domain
from snaptree.spec.operations import Create
from snaptree.spec.outcomes import Accepted
from snaptree.spec.profiles import load_profile
from snaptree.spec.semantics import step
from snaptree.spec.state import Domain
from snaptree.spec.xml import (
    DiskPart,
    DomainSnapshot,
    Driver,
    InvalidXml,
    MalformedXml,
    MemoryPlace,
    MetadataCache,
    Source,
    Unknown,
    Unwritable,
    asked,
    captured_power,
    filled,
    read,
    recorded,
    write,
)

UUID = "0b7a3f5e-9a53-4f0e-8f3c-0a1b2c3d4e5f"
DOCUMENTS = Path(__file__).parents[1] / "schemas" / "documents" / "good"
SNAPSHOTS = sorted(path for path in DOCUMENTS.iterdir() if path.stem != "checkpoint")

# XML 1.0 has no control characters but these, no surrogates, and two more holes.
TEXTS = st.text(
    st.characters(
        exclude_categories=("Cs", "Cc"), include_characters="\t\n\r", exclude_characters="\ufffe\uffff"
    )
)
PATHS = TEXTS.filter(lambda text: text and not set(text) & {"\n", "\r"}).map(lambda text: f"/{text}")
OPTIONAL_TEXTS = st.none() | TEXTS
KEPT = TEXTS.map(lambda text: f'<a b="1">{_escaped(text)}<c/></a>')


def _escaped(text: str) -> str:
    element = etree.Element("x")
    element.text = text
    return (
        etree.tostring(element, encoding="unicode")
        .removeprefix("<x>")
        .removesuffix("</x>")
        .replace("<x/>", "")
    )


@st.composite
def sources(draw: st.DrawFn, kind: str | None) -> Source:
    index = draw(st.none() | st.integers(1, 2**31))
    if kind == "network":
        return Source(
            protocol="nbd", name=draw(OPTIONAL_TEXTS), tls=draw(st.none() | st.booleans()),
            tls_hostname=draw(OPTIONAL_TEXTS), query=draw(OPTIONAL_TEXTS), index=index,
            inside=('<host name="server"/>',) * draw(st.integers(0, 2)),
        )  # fmt: skip
    inside = draw(st.sampled_from([(), ('<seclabel model="dac" relabel="no"/>', "<slices>a<b/> </slices>")]))
    if kind == "block":
        return Source(dev=draw(PATHS), index=index, inside=inside)
    return Source(file=draw(st.none() | PATHS), index=index, inside=inside)


@st.composite
def disks(draw: st.DrawFn, name: str) -> DiskPart:
    broken = draw(st.booleans())
    place = draw(st.sampled_from(["no", "internal", "manual", "external", None]))
    if place not in ("external", None):
        return DiskPart(name, place, delete_in_progress=broken)
    kind = draw(st.sampled_from([None, "file", "block", "network"]))
    caches = st.builds(MetadataCache, st.integers(0, 2**64 - 1), st.none() | st.just("KiB"))
    drivers = st.builds(Driver, st.none() | st.just("qcow2"), st.none() | st.just(MetadataCache()) | caches)
    source = draw(sources(kind) if kind == "network" else st.none() | sources(kind))
    return DiskPart(name, place, kind, source, draw(st.none() | drivers), broken)


@st.composite
def disk_lists(draw: st.DrawFn) -> tuple[DiskPart, ...]:
    names = draw(st.lists(st.sampled_from(["vda", "sdb", "hdc", "/i/ä b.img"]), unique=True))
    return tuple(draw(disks(name)) for name in names)


MEMORIES = (
    st.sampled_from([MemoryPlace("no"), MemoryPlace("internal")])
    | st.builds(MemoryPlace, st.sampled_from(["external", None]), PATHS)
)  # fmt: skip
LIBVIRT = st.builds(
    DomainSnapshot,
    name=OPTIONAL_TEXTS,
    description=OPTIONAL_TEXTS,
    state=st.sampled_from([None, "running", "shutoff", "disk-snapshot"]),
    created=st.none() | st.integers(0, 2**63 - 1),
    parent=OPTIONAL_TEXTS,
    memory=st.none() | MEMORIES,
    disks=st.none() | disk_lists(),
    revert_disks=st.none() | disk_lists(),
    active=st.none() | st.booleans(),
    domain=st.none() | KEPT.map(lambda inside: f'<domain type="test">{inside}</domain>'),
    inactive_domain=st.none()
    | KEPT.map(lambda inside: f'<inactiveDomain type="t">{inside}</inactiveDomain>'),
    cookie=st.none() | KEPT.map(lambda inside: f"<cookie>{inside}</cookie>"),
)
NAMES = TEXTS.filter(bool)
RFC = st.builds(
    DomainSnapshot,
    name=st.none() | NAMES,
    description=OPTIONAL_TEXTS,
    uuid=st.none() | st.uuids().map(str),
    state=st.sampled_from([None, "running", "paused", "shutoff"]),
    created=st.none() | st.integers(0, 2**63 - 1),
    parent=st.none() | NAMES,
    domain=st.none() | st.uuids().map(lambda one: f"<domain><uuid>{one}</uuid></domain>"),
)


@pytest.mark.rule("XML-9")
@settings(deadline=None)
@given(LIBVIRT)
def test_libvirts_dialect_loses_nothing(snapshot: DomainSnapshot) -> None:
    """XML-9: what libvirt notes for itself is kept with all the rest."""
    text = write(snapshot, "libvirt")
    assert read(text) == snapshot
    assert write(read(text), "libvirt") == text


@pytest.mark.rule("XML-1")
@settings(deadline=None)
@given(RFC)
def test_the_dialect_of_the_proposal_loses_nothing(snapshot: DomainSnapshot) -> None:
    """XML-1: what is written and read again says the same."""
    text = write(snapshot, "rfc")
    assert read(text, "rfc") == snapshot
    assert write(read(text, "rfc"), "rfc") == text


@pytest.mark.parametrize("path", SNAPSHOTS, ids=lambda path: path.stem)
def test_a_document_of_the_folder_loses_nothing(path: Path) -> None:
    data = path.read_bytes()
    dialect = judge(parse(data)).dialects[0]
    assert dialect != "checkpoint"
    snapshot = read(data)
    assert read(write(snapshot, dialect), dialect) == snapshot
    # Nothing but comments and the space between our own elements may go: count what is said.
    said = [element.tag for element in etree.fromstring(data).iter(etree.Element)]
    kept = [element.tag for element in etree.fromstring(write(snapshot, dialect)).iter(etree.Element)]
    assert sorted(kept) == sorted(said)


def test_what_is_written_looks_as_libvirts_own() -> None:
    snapshot = DomainSnapshot(name="s2", state="shutoff", parent="s1", created=7, memory=MemoryPlace("no"))
    assert write(snapshot, "libvirt") == (
        "<domainsnapshot>\n"
        "  <name>s2</name>\n"
        "  <state>shutoff</state>\n"
        "  <parent>\n"
        "    <name>s1</name>\n"
        "  </parent>\n"
        "  <creationTime>7</creationTime>\n"
        '  <memory snapshot="no"/>\n'
        "</domainsnapshot>\n"
    )


def test_values_are_typed() -> None:
    snapshot = read((DOCUMENTS / "libvirt-disks.xml").read_bytes())
    assert snapshot.disks is not None
    assert snapshot.disks[0] == DiskPart(
        "vda", "external", None,
        Source(file="/images/new.qcow2", inside=('<seclabel model="dac" relabel="no"/>',)),
        Driver("qcow2", MetadataCache(512, "KiB")),
    )  # fmt: skip
    assert [disk.snapshot for disk in snapshot.disks] == [
        "external",
        "no",
        "internal",
        "manual",
        None,
        "external",
    ]
    record = read((DOCUMENTS / "rfc-record.xml").read_bytes())
    assert (record.created, record.uuid, record.parent) == (1269981644, UUID, "erster Stand")


def test_an_absent_element_is_not_an_empty_one() -> None:
    assert read("<domainsnapshot/>").description is None
    assert read("<domainsnapshot><description/></domainsnapshot>").description == ""


def test_text_is_kept_letter_for_letter_around_a_comment() -> None:
    assert read("<domainsnapshot><name> a<!-- b -->c\n</name></domainsnapshot>").name == " ac\n"


# --- unknown elements -----------------------------------------------------------

STRANGE = """<domainsnapshot xmlns:v="urn:v" v:since="9">
  <v:tag a="1">x<y/></v:tag>
  <name>a</name>
  <future/>
  <disks>
    <disk name="vda" speed="fast"/>
    <disk name="vdb"><v:hint/><driver type="qcow2"><queue n="2"/></driver></disk>
  </disks>
</domainsnapshot>"""


@pytest.mark.rule("XML-20", "XML-21")
def test_what_is_unknown_is_refused_with_its_place() -> None:
    """XML-20: each fault with line and column."""
    with pytest.raises(InvalidXml) as caught:
        read(STRANGE)
    assert [(one.line, one.column) for one in caught.value.faults][:2] == [(1, 1), (2, 3)]
    assert "line 2, column 3" in str(caught.value)


def test_what_is_unknown_is_kept_on_request() -> None:
    snapshot = read(STRANGE, unknown="keep")
    assert snapshot.name == "a"
    assert [(one.where, one.name) for one in snapshot.unknown] == [
        (".", "{urn:v}since"), (".", None), (".", None), ("./disks[1]/disk[1]", "speed"),
        ("./disks[1]/disk[2]", None), ("./disks[1]/disk[2]/driver[1]", None),
    ]  # fmt: skip
    text = write(snapshot, "libvirt")
    assert '<v:tag xmlns:v="urn:v" a="1">x<y/></v:tag>' in text
    assert read(text, unknown="keep") == snapshot


@pytest.mark.rule("XML-18")
def test_keeping_what_is_unknown_does_not_excuse_what_is_wrong() -> None:
    with pytest.raises(InvalidXml) as caught:
        read("<domainsnapshot>\n<x/><state>?</state></domainsnapshot>", unknown="keep")
    assert [(one.line, one.column, one.rule) for one in caught.value.faults] == [(2, 5, "XML-18")]


def test_what_was_unknown_needs_the_element_that_held_it() -> None:
    snapshot = DomainSnapshot(unknown=(Unknown("./disks[1]/disk[3]", "<x/>"),))
    with pytest.raises(Unwritable, match="disk"):
        write(snapshot, "libvirt")


@pytest.mark.rule("XML-32")
def test_text_around_what_is_unknown_stays_in_its_place() -> None:
    text = "<domainsnapshot>\n<x/> <!-- a --> <y/>\n <name>n</name> <z/> </domainsnapshot>"
    assert read(text, unknown="keep").name == "n"
    with pytest.raises(InvalidXml) as caught:
        read("<domainsnapshot><x/>a<name/><y/>b</domainsnapshot>", unknown="keep")
    assert [fault.rule for fault in caught.value.faults] == ["XML-32"]


PARTS = (
    "<name>n</name>",
    "<creationTime>7</creationTime>",
    "<state>shutoff</state>",
    '<memory snapshot="no"/>',
)


@pytest.mark.rule("XML-30")
@given(st.permutations(PARTS))
def test_elements_come_in_any_order(elements: list[str]) -> None:
    found = read(f"<domainsnapshot>{''.join(elements)}</domainsnapshot>")
    assert (found.name, found.created, found.state, found.memory) == ("n", 7, "shutoff", MemoryPlace("no"))


def test_a_number_may_have_any_number_of_zeros_in_front() -> None:
    assert read(f"<domainsnapshot><creationTime>{'0' * 5_000}7</creationTime></domainsnapshot>").created == 7


# --- what cannot be read or written ------------------------------------------------


@pytest.mark.rule("XML-35")
def test_a_checkpoint_is_no_snapshot() -> None:
    with pytest.raises(InvalidXml) as caught:
        read((DOCUMENTS / "checkpoint.xml").read_bytes())
    assert caught.value.faults[0].rule == "XML-35"


def test_limits_hold_here_too() -> None:
    with pytest.raises(MalformedXml, match="50 bytes"):
        read(f"<domainsnapshot>{' ' * 50}</domainsnapshot>", limits=Limits(size=50))


def test_a_lone_surrogate_is_no_text() -> None:
    with pytest.raises(MalformedXml):
        read("<domainsnapshot><name>\ud800</name></domainsnapshot>")


@pytest.mark.rule("XML-16", "XML-3", "XML-18", "XML-22", "XML-32")
@pytest.mark.parametrize(
    ("snapshot", "dialect", "words"),
    [
        (DomainSnapshot(name="a\0"), "libvirt", "XML cannot hold"),
        (DomainSnapshot(name="\ud800"), "libvirt", "XML cannot hold"),
        (DomainSnapshot(name="\ufffe"), "rfc", "XML cannot hold"),
        (DomainSnapshot(uuid=UUID), "libvirt", "XML-32"),
        (DomainSnapshot(uuid=UUID.upper()), "rfc", "XML-3"),
        (DomainSnapshot(memory=MemoryPlace("no")), "rfc", "belongs to the dialect libvirt"),
        (DomainSnapshot(memory=MemoryPlace("no", "/m")), "libvirt", "XML-23"),
        (DomainSnapshot(name=""), "rfc", "XML-16"),
        (DomainSnapshot(created=-1), "libvirt", "XML-19"),
        (DomainSnapshot(disks=(DiskPart("vda"), DiskPart("vda"))), "libvirt", "second time"),
        (DomainSnapshot(cookie="<cookie>"), "libvirt", "is no XML"),
        (DomainSnapshot(cookie="<!DOCTYPE a><cookie/>"), "libvirt", "document type"),
        (DomainSnapshot(domain="<disks/>"), "libvirt", "is not <domain>"),
    ],
)
def test_what_cannot_be_said_is_not_written(
    snapshot: DomainSnapshot, dialect: Literal["rfc", "libvirt"], words: str
) -> None:
    with pytest.raises(Unwritable, match=words):
        write(snapshot, dialect)


# --- the model -----------------------------------------------------------------------


def all_example_snapshots() -> list[tuple[Domain, str]]:
    return [
        (domain, one.id) for tree in TREES for domain in [example_domain(tree)] for one in domain.in_order()
    ]


@pytest.mark.parametrize("dialect", ["rfc", "libvirt"])
def test_every_snapshot_of_the_example_trees_can_be_recorded(dialect: Literal["rfc", "libvirt"]) -> None:
    snapshots = all_example_snapshots()
    assert len(snapshots) > 10
    for domain, identifier in snapshots:
        one = domain.snapshots[identifier]
        record = recorded(domain, identifier, dialect, created=one.captured, domain_uuid=UUID)
        again = read(write(record, dialect), dialect)
        assert again == record
        assert (again.name, again.description or "") == (one.name, one.description)
        assert again.parent == (domain.snapshots[one.parent].name if one.parent else None)
        if dialect == "rfc":
            assert (again.uuid, captured_power(again)) == (one.uuid, one.point.power)


def test_memory_and_power_in_libvirts_words() -> None:
    domain = example_domain("chain")
    profile = load_profile("rfc")
    outcome = step(domain, Create("off"), profile)
    assert isinstance(outcome, Accepted)
    domain = outcome.domain
    newest = domain.in_order()[-1]
    assert recorded(domain, newest.id, "libvirt").state == "shutoff"
    on = replace(newest, point=replace(newest.point, power="running"))
    assert recorded(domain.with_changed(on), newest.id, "libvirt").state == "disk-snapshot"
    assert recorded(domain.with_changed(on), newest.id, "rfc").state == "running"
    with_memory = replace(newest, point=replace(newest.point, power="paused", memory=7))
    record = recorded(domain.with_changed(with_memory), newest.id, "libvirt")
    assert (record.state, record.memory) == ("paused", MemoryPlace("internal"))


@pytest.mark.parametrize("on", [True, False])
def test_a_wish_becomes_the_operation_that_it_asks_for(on: bool) -> None:
    wish = read(
        f"<domainsnapshot><name>a</name><uuid>{UUID}</uuid><description>d</description></domainsnapshot>"
    )
    assert asked(wish, 5, on=on) == Create("a", "d", memory=on, uuid=UUID)
    assert asked(DomainSnapshot(), 5, on=on).name == "5"
    assert not asked(DomainSnapshot(memory=MemoryPlace("no")), 5, on=on).memory
    assert asked(DomainSnapshot(memory=MemoryPlace(None, "/m")), 5, on=on).memory


@pytest.mark.rule("XML-17")
def test_defaults_are_filled_in_as_libvirt_does() -> None:
    assert filled(DomainSnapshot(), 1270477159) == DomainSnapshot(
        name="1270477159", created=1270477159, state="shutoff"
    )
    assert filled(DomainSnapshot(name="a", created=1), 2, "running").created == 2
    assert filled(DomainSnapshot(name="a"), 2).name == "a"


# --- libvirt's own driver ----------------------------------------------------------------


def virsh(*commands: str) -> str:
    done = subprocess.run(
        ["virsh", "-q", "-c", "test:///default", "; ".join(commands)],
        capture_output=True, text=True, timeout=60, check=False, stdin=subprocess.DEVNULL,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


needs_virsh = pytest.mark.skipif(
    shutil.which("virsh") is None, reason="virsh is not installed (apt-get install libvirt-clients)"
)


@needs_virsh
def test_we_read_what_libvirt_writes_and_libvirt_accepts_what_we_write(tmp_path: Path) -> None:
    out = virsh(
        "snapshot-create-as test s1 'größer & schöner'", "snapshot-create test", "snapshot-dumpxml test s1"
    )
    theirs = out[out.index("<domainsnapshot>") :]
    snapshot = read(theirs, "libvirt")
    assert (snapshot.name, snapshot.description) == ("s1", "größer & schöner")
    assert (snapshot.state, snapshot.memory) == ("running", MemoryPlace("internal"))
    assert snapshot.domain is not None
    file = tmp_path / "s1.xml"
    file.write_text(write(replace(snapshot, name="redefined"), "libvirt"), encoding="utf-8")
    out = virsh(f"snapshot-create test {file} --redefine --validate", "snapshot-dumpxml test redefined")
    assert read(out[out.index("<domainsnapshot>") :]) == replace(snapshot, name="redefined")


@needs_virsh
def test_a_generated_name_is_the_time_as_ours_would_be() -> None:
    out = virsh("snapshot-create test", "snapshot-current test")
    snapshot = read(out[out.index("<domainsnapshot>") :], "libvirt")
    assert snapshot.created is not None
    assert snapshot.name == filled(DomainSnapshot(), snapshot.created).name


@needs_virsh
def test_libvirt_takes_every_snapshot_of_the_example_trees_and_gives_it_back(tmp_path: Path) -> None:
    domain_xml = virsh("dumpxml --inactive test").strip()
    grown = {tree: example_domain(tree) for tree in TREES if example_domain(tree).snapshots}
    assert len(grown) > 3
    for tree, domain in grown.items():
        records, commands = [], []
        for one in domain.in_order():
            # Parents first: that is the order of creation, except after what reparents.
            created = 1270477159 + one.serial
            record = recorded(domain, one.id, "libvirt", created=created, domain_xml=domain_xml)
            # Its domain has this one disk.
            record = replace(record, disks=(DiskPart("vda", "internal"),))
            file = tmp_path / f"{tree}-{one.serial}.xml"
            file.write_text(write(record, "libvirt"), encoding="utf-8")
            records.append(record)
            commands.append(f"snapshot-create test {file} --redefine --validate")
        commands += [f"snapshot-dumpxml test '{record.name}'" for record in records]
        out = virsh(*commands)
        back = [f"<domainsnapshot>{part}" for part in out.split("<domainsnapshot>")[1:]]
        assert len(back) == len(records)
        for record, text in zip(records, back, strict=True):
            again = read(text.partition("</domainsnapshot>")[0] + "</domainsnapshot>", "libvirt")
            assert replace(again, domain=None) == replace(record, domain=None)
            assert again.domain is not None
