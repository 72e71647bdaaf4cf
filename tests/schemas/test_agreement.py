"""These schemas and libvirt's give the same verdict, or differ for a reason that is listed and tried."""

from __future__ import annotations

import os

import pytest
from hypothesis import HealthCheck, given, seed, settings
from hypothesis.strategies import SearchStrategy
from lxml import etree

from snaptree.schemas.xml import fits, parse, schema_file

from .agreement import (
    DIFFERENCES,
    DOCUMENTS,
    INSTALL,
    LIBVIRT,
    SNAPSHOTS,
    Comparison,
    Node,
    Vocabulary,
    valid_documents,
)
from .checkpoint_documents import CHECKPOINTS, valid_checkpoints
from .checkpoint_documents import DOCUMENTS as CHECKPOINT_DOCUMENTS

MANY = int(os.environ.get("SNAPTREE_DOCUMENTS", "400"))
"""Documents to compare. 10,000 take about three minutes."""

needs_libvirt = pytest.mark.skipif(not LIBVIRT.exists(), reason=INSTALL)
at_length = settings(
    max_examples=MANY,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example],
    derandomize=False,
)


@needs_libvirt
@pytest.mark.parametrize(
    ("vocabulary", "documents"),
    [(SNAPSHOTS, DOCUMENTS), (CHECKPOINTS, CHECKPOINT_DOCUMENTS)],
    ids=["snapshots", "checkpoints"],
)
def test_no_disagreement_is_unexplained(vocabulary: Vocabulary, documents: SearchStrategy[Node]) -> None:
    comparison = Comparison(vocabulary)

    @seed(7)
    @at_length
    @given(documents)
    def compare(document: Node) -> None:
        problem = comparison.compare(document.element())
        assert problem is None, problem

    compare()
    tally = comparison.tally
    print(f"{tally}")
    assert tally.documents >= MANY
    assert tally.documents == tally.agreed + sum(tally.explained.values())
    assert tally.valid / tally.documents > 0.2, "too few valid documents to mean anything"
    assert tally.round_trips == tally.valid


@pytest.mark.parametrize(
    ("vocabulary", "documents"),
    [(SNAPSHOTS, DOCUMENTS), (CHECKPOINTS, CHECKPOINT_DOCUMENTS)],
    ids=["snapshots", "checkpoints"],
)
def test_our_xsd_and_our_relax_ng_are_one_language(
    vocabulary: Vocabulary, documents: SearchStrategy[Node]
) -> None:
    # The files have the names that libvirt's have.
    grammar = etree.RelaxNG(etree.fromstring(schema_file(vocabulary.theirs)))
    twice = next(one for one in DIFFERENCES if one.name == "a disk listed twice")
    seen = {True: 0, False: 0}

    @seed(11)
    @at_length
    @given(documents)
    def compare(document: Node) -> None:
        root = document.element()
        # The one thing that RELAX NG cannot say.
        twice.remove(root)
        read = parse(etree.tostring(root, encoding="utf-8"))
        ours = fits(read, vocabulary.dialect)
        seen[ours] += 1
        assert grammar.validate(read.root) == ours, etree.tostring(root, encoding="unicode")

    compare()
    assert min(seen.values()) > MANY / 10


@seed(13)
@settings(
    max_examples=200,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example],
)
@given(valid_documents())
def test_what_follows_the_documentation_is_valid(document: Node) -> None:
    assert fits(parse(etree.tostring(document.element())), "libvirt")


@seed(13)
@settings(max_examples=200, deadline=None, database=None)
@given(valid_checkpoints())
def test_a_checkpoint_that_follows_the_documentation_is_valid(document: Node) -> None:
    assert fits(parse(etree.tostring(document.element())), "checkpoint")
