"""Every snapshot that the suite makes on libvirt's test driver: we read it, and libvirt takes what we write.

The sequences are the suite's own, from its decoder. After each step, whatever document was not there
before is read and written by the codec, and the whole tree is redefined from what was written, parents
first, in a domain of its own that knows nothing of it.
"""

from __future__ import annotations

import importlib
import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

import pytest

from snaptree.conformance.driver import DriverOptions, DriverUnavailable, opened_domain
from snaptree.conformance.drivers.libvirt import documents
from snaptree.conformance.drivers.libvirt.library import LibvirtError
from snaptree.conformance.drivers.libvirt.serving import ServedLibvirt
from snaptree.conformance.engine.lockstep import Lockstep
from snaptree.conformance.methods.sampled import BYTES, Decoder
from snaptree.spec import operations as ops
from snaptree.spec.outcomes import InvalidArgument
from snaptree.spec.xml import DomainSnapshot, read, write

from .hypervisors import skip_without

SEQUENCES = int(os.environ.get("SNAPTREE_SEQUENCES", "60"))
STEPS = 20


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Any]:
    """The test driver in this process, so that its documents can be seen as they come."""
    try:
        driver = ServedLibvirt(DriverOptions(target="test:///default", work=tmp_path))
    except DriverUnavailable as error:
        skip_without("libvirt", error)
    yield driver
    driver.close()


def documents_of(native: Any) -> dict[str, str]:
    """What libvirt says of each snapshot, by name, parents before their children."""
    libvirt = importlib.import_module("libvirt")
    return {
        one.getName(): one.getXMLDesc(libvirt.VIR_DOMAIN_SNAPSHOT_XML_SECURE)
        for one in native.listAllSnapshots(libvirt.VIR_DOMAIN_SNAPSHOT_LIST_TOPOLOGICAL)
    }


def redefined(served: Any, native: Any, written: dict[str, str]) -> dict[str, str]:
    """What libvirt says of snapshots that it was told of, in a domain that has none."""
    libvirt = importlib.import_module("libvirt")
    # Every domain of this driver has a state of its own, so that another may have the same name and uuid.
    with opened_domain(served) as other:
        connection = other.handle.connect()
        other.handle.undefine()
        fresh = connection.defineXML(native.XMLDesc(libvirt.VIR_DOMAIN_XML_INACTIVE))
        for text in written.values():
            fresh.snapshotCreateXML(text, libvirt.VIR_DOMAIN_SNAPSHOT_CREATE_REDEFINE)
        return documents_of(fresh)


class Survey:
    """The documents that were seen, and that each survived."""

    def __init__(self, served: Any) -> None:
        self.served = served
        self.seen: set[str] = set()
        self.shapes: Counter[str] = Counter()

    def look(self, native: Any) -> None:
        """Take every snapshot of a domain through the codec and through another domain."""
        there = documents_of(native)
        if self.seen.issuperset(there.values()):
            return
        written = {}
        for name, text in there.items():
            snapshot = read(text, "libvirt")
            assert snapshot.name == name
            written[name] = write(snapshot, "libvirt")
            assert read(written[name], "libvirt") == snapshot
            if text not in self.seen:
                self.shapes[f"{snapshot.state}, memory {snapshot.memory and snapshot.memory.snapshot}"] += 1
                self.shapes["described"] += bool(snapshot.description)
                self.shapes["a child"] += snapshot.parent is not None
                self.shapes["configured"] += documents.NAMESPACE in (snapshot.domain or "")
        assert redefined(self.served, native, written) == there
        self.seen.update(there.values())


@pytest.mark.rule("XML-1")
def test_every_snapshot_that_is_made_survives_the_codec_and_libvirt(served: Any) -> None:
    """XML-1, in the hands of libvirt: nothing of a record changes."""
    random = Random(11)
    decoder = Decoder(served.profile)
    survey = Survey(served)
    for _ in range(SEQUENCES):
        with opened_domain(served) as domain:
            lockstep = Lockstep(domain, served.profile)
            for _ in range(STEPS):
                lockstep.do(decoder.operation(lockstep.model, *random.randbytes(BYTES)))
                if not lockstep.model.defined:
                    break
                survey.look(domain.handle)
                if lockstep.broken:
                    break  # by what is known of this driver
    print(f"{len(survey.seen)} documents: {dict(survey.shapes)}")
    assert len(survey.seen) > 2 * SEQUENCES
    assert min(survey.shapes[shape] for shape in ("described", "a child", "configured")) > SEQUENCES / 10
    assert survey.shapes["running, memory internal"] > 0
    assert survey.shapes["shutoff, memory no"] > 0


def test_what_cannot_be_read_is_an_error_of_the_run(served: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    with opened_domain(served) as domain:
        lockstep = Lockstep(domain, served.profile)
        assert lockstep.do(ops.Create("a")).differences == ()

        def damaged(text: str, *given: Any, **named: Any) -> DomainSnapshot:
            return read(text.replace("<state>", "<state>un"), *given, **named)

        monkeypatch.setattr(documents, "read", damaged)
        # What was read once is remembered, so a new one is needed.
        taken = lockstep.do(ops.Create("b"))
    assert len(taken.differences) == 1
    assert "cannot be read: line 3, column 3: <state> is 'unshutoff'" in str(taken.differences[0].observed)


def test_what_xml_cannot_hold_is_refused(served: Any) -> None:
    with opened_domain(served) as domain:
        with pytest.raises(InvalidArgument, match="XML cannot hold this"):
            domain.create("a", "\0")
        assert domain.list() == []


def test_what_a_newer_libvirt_says_comes_back_from_a_redefinition() -> None:
    document = "<domainsnapshot><name>a</name><newer><x/></newer></domainsnapshot>"
    assert documents.read_snapshot(document)["description"] == ""
    again = documents.with_description(document, "words")
    assert documents.read_snapshot(again)["description"] == "words"
    assert "<newer><x/></newer>" in again
    with pytest.raises(LibvirtError, match="line 1, column 17"):
        documents.read_snapshot("<domainsnapshot><parent/></domainsnapshot>")
