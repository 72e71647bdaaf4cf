"""A set of documents as one tree: what ``validate --tree`` says is what libvirt does with REDEFINE."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from snaptree.conformance.cli.command import run

DOMAIN = "6695eb01-f6a4-8304-79aa-97f2502e193f"
"""The domain of libvirt's test driver."""


def document(
    name: str | None,
    parent: str | None = None,
    created: int | None = 1700000000,
    state: str = "shutoff",
    uuid: str = DOMAIN,
) -> str:
    parts = [
        f"<name>{name}</name>" if name is not None else "",
        f"<state>{state}</state>" if state else "",
        f"<creationTime>{created}</creationTime>" if created is not None else "",
        f"<parent><name>{parent}</name></parent>" if parent is not None else "",
        f"<domain type='test'><name>test</name><uuid>{uuid}</uuid><memory>1</memory>"
        "<os><type>hvm</type></os></domain>"
        if uuid
        else "",
    ]
    return f"<domainsnapshot>{''.join(parts)}</domainsnapshot>"


CASES: dict[str, tuple[list[str], str]] = {
    "a chain": ([document("a"), document("b", "a"), document("c", "b")], ""),
    "a child before its parent": (
        [document("c", "b"), document("b", "a", 1700000005), document("a", None, 9)],
        "",
    ),
    "two roots": ([document("a"), document("b"), document("c", "b")], ""),
    "a parent that is missing": (
        [document("a"), document("snap-2", "snap-1")],
        "'snap-1' is not among the documents",
    ),
    "a circle": ([document("a", "b"), document("b", "a"), document("c")], "a circle: a → b → a"),
    "its own parent": ([document("a", "a")], "a circle: a → a"),
    "no name": ([document(None)], "no <name>"),
    "no time": ([document("a", created=None)], "no <creationTime>"),
    "no state": ([document("a", state="")], "no <state>"),
    "no domain": ([document("a"), document("b", "a", uuid="")], "no <domain>"),
    "of another domain": (
        [document("a"), document("b", uuid="11111111-2222-3333-4444-555555555555")],
        f"0.xml is of {DOMAIN}",
    ),
}


@pytest.fixture
def judged(request: pytest.FixtureRequest, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Any:
    """The documents of a case, and the tree that ``validate --tree --json`` prints of them."""
    documents, fault = CASES[request.param]
    for number, text in enumerate(documents):
        (tmp_path / f"{number}.xml").write_text(text)
    code = run(["validate", "--tree", "--json", str(tmp_path)])
    tree = json.loads(capsys.readouterr().out)["tree"]
    assert code == (1 if fault else 0)
    assert any(fault in one["message"] for one in tree["faults"]) if fault else tree["faults"] == []
    return documents, [documents[int(Path(file).stem)] for file in tree["order"]]


@pytest.mark.parametrize("judged", CASES, indirect=True)
def test_libvirt_makes_a_tree_again_where_it_is_one(judged: tuple[list[str], list[str]]) -> None:
    libvirt = pytest.importorskip("libvirt")
    documents, order = judged
    libvirt.registerErrorHandler(lambda _context, _error: None, None)
    connection = libvirt.open("test:///default")
    try:
        domain = connection.lookupByName("test")
        refused = 0
        for text in order or documents:
            try:
                domain.snapshotCreateXML(text, libvirt.VIR_DOMAIN_SNAPSHOT_CREATE_REDEFINE)
            except libvirt.libvirtError:
                refused += 1
        assert bool(refused) == (not order)
        if order:
            assert domain.snapshotNum() == len(documents)
        for snapshot in domain.listAllSnapshots():
            snapshot.delete(0)
    finally:
        connection.close()


def test_of_two_with_one_name_only_one_would_stay(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for number, text in enumerate([document("a"), document("a", created=1700000001), document("b", "a")]):
        (tmp_path / f"{number}.xml").write_text(text)
    assert run(["validate", "--tree", str(tmp_path)]) == 1
    shown = " ".join(capsys.readouterr().out.split())
    assert "1.xml: the name 'a' again, after" in shown
    assert "no tree: libvirt would not make it again from these documents" in shown
