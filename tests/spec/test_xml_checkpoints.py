"""The codec of checkpoints: what is read and written again says the same, the rest is refused."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from snaptree.spec.xml import (
    CheckpointDisk,
    DomainCheckpoint,
    InvalidXml,
    MalformedXml,
    Unwritable,
    read_checkpoint,
    write_checkpoint,
)

DOCUMENT = Path(__file__).parents[1] / "schemas" / "documents" / "good" / "checkpoint.xml"
TEXTS = st.text(
    st.characters(
        exclude_categories=("Cs", "Cc"), include_characters="\t\n\r", exclude_characters="\ufffe\uffff"
    )
)
NAMES = st.from_regex(r"[a-zA-Z0-9_\-][a-zA-Z0-9_\-.]*", fullmatch=True)
NUMBERS = st.none() | st.integers(0, 2**64 - 1)


@st.composite
def disk_lists(draw: st.DrawFn) -> tuple[CheckpointDisk, ...]:
    names = draw(st.lists(st.sampled_from(["vda", "sdb", "/i/ä b.img"]), min_size=1, unique=True))
    taking = st.sampled_from([None, "bitmap"])
    return tuple(
        CheckpointDisk(name, "no")
        if draw(st.booleans())
        else CheckpointDisk(name, draw(taking), draw(st.none() | TEXTS), draw(NUMBERS))
        for name in names
    )


CHECKPOINTS = st.builds(
    DomainCheckpoint,
    name=st.none() | NAMES,
    description=st.none() | TEXTS,
    created=NUMBERS,
    parent=st.none() | NAMES,
    disks=st.none() | disk_lists(),
    domain=st.none()
    | st.sampled_from(['<domain type="qemu"/>', '<domain type="test">\n <!-- c --><a/></domain>']),
)


@pytest.mark.rule("XML-33")
@settings(deadline=None)
@given(CHECKPOINTS)
def test_nothing_is_lost(checkpoint: DomainCheckpoint) -> None:
    """XML-33: which disks are tracked, in which bitmap, is kept with all the rest."""
    text = write_checkpoint(checkpoint)
    assert read_checkpoint(text) == checkpoint
    assert write_checkpoint(read_checkpoint(text)) == text


def test_values_are_typed() -> None:
    assert read_checkpoint(DOCUMENT.read_bytes()) == DomainCheckpoint(
        name="1525889631",
        description="After the second backup",
        created=1525889631,
        parent="1525111885",
        disks=(CheckpointDisk("vda", "bitmap", "1525889631", 65536), CheckpointDisk("vdb", "no")),
        domain='<domain type="qemu"><name>d</name></domain>',
    )


STRANGE = """<domaincheckpoint later="1">
  <future/>
  <disks><disk name="vda" granularity="64"/></disks>
</domaincheckpoint>"""


def test_what_is_unknown_is_refused_with_its_place_or_kept() -> None:
    with pytest.raises(InvalidXml) as caught:
        read_checkpoint(STRANGE)
    assert [(one.line, one.column) for one in caught.value.faults] == [(1, 1), (2, 3)]
    kept = read_checkpoint(STRANGE, unknown="keep")
    assert [(one.where, one.name) for one in kept.unknown] == [
        (".", "later"), (".", None), ("./disks[1]/disk[1]", "granularity"),
    ]  # fmt: skip
    assert read_checkpoint(write_checkpoint(kept), unknown="keep") == kept


@pytest.mark.rule("XML-16", "XML-8", "XML-34")
@pytest.mark.parametrize(
    ("checkpoint", "words"),
    [
        (DomainCheckpoint(name=".hidden"), "XML-16"),
        (DomainCheckpoint(description="\0"), "XML cannot hold"),
        (DomainCheckpoint(disks=()), "lacks <disk>"),
        (DomainCheckpoint(disks=(CheckpointDisk("vda", "no", "b"),)), "XML-34"),
        (DomainCheckpoint(disks=(CheckpointDisk("vda", size=2**64),)), "64 bits"),
        (DomainCheckpoint(disks=(CheckpointDisk("vda"), CheckpointDisk("vda"))), "second time"),
        (DomainCheckpoint(domain="<domain/>"), "XML-8"),
    ],
)
def test_what_cannot_be_said_is_not_written(checkpoint: DomainCheckpoint, words: str) -> None:
    with pytest.raises(Unwritable, match=words):
        write_checkpoint(checkpoint)


def test_a_snapshot_is_no_checkpoint() -> None:
    with pytest.raises(InvalidXml, match="is no checkpoint; <domaincheckpoint> is wanted"):
        read_checkpoint("<domainsnapshot/>")
    with pytest.raises(MalformedXml):
        read_checkpoint("<domaincheckpoint>")
