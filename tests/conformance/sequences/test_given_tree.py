"""A plan on a tree that is there: from a trace, an observation, documents, or a domain of libvirt."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from snaptree.conformance.cli.command import run

DOCUMENT = (
    "<domainsnapshot><name>{name}</name><state>{state}</state><creationTime>17</creationTime>{parent}{active}"
    "</domainsnapshot>"
)
OBSERVATION = {
    "snapshots": [
        {"id": "1", "name": "mon", "parent": None},
        {"id": "2", "name": "tue", "parent": "1"},
        {"id": "3", "name": "wed", "parent": "2"},
    ],
    "current": "3",
}


def planned(capsys: pytest.CaptureFixture[str], call: str, place: str, *options: str) -> dict[str, Any]:
    assert run(["plan", call, "--from", place, "--json", *options]) == 0
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


def documents(folder: Path, *, active: str = "wed", state: str = "shutoff") -> None:
    parents = {
        "mon": "",
        "tue": "<parent><name>mon</name></parent>",
        "wed": "<parent><name>tue</name></parent>",
    }
    for number, (name, parent) in enumerate(parents.items()):
        current = f"<active>{int(name == active)}</active>"
        text = DOCUMENT.format(name=name, parent=parent, active=current, state=state)
        (folder / f"{9 - number}.xml").write_text(text)


def test_of_documents_and_of_an_observation_the_plan_is_the_same(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    documents(tmp_path)
    (tmp_path / "seen.json").write_text(json.dumps(OBSERVATION))
    found = planned(capsys, "discard(mon)", str(tmp_path))
    assert found["refused"] == ["WouldDiscard"]
    assert found["casualties"] == ["tue", "wed", "active"]
    assert planned(capsys, "discard(mon)", str(tmp_path / "seen.json")) == found


def test_a_trace_is_played_by_the_model(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    commands = tmp_path / "commands"
    commands.write_text("create mon\ncreate tue\nrevert mon\n")
    trace = tmp_path / "trace.jsonl"
    header = {"trace": 1, "specification": "0.1", "driver": "d", "driver_version": "1", "profile": "rfc"}
    steps = [
        {"op": "create", "name": "mon"},
        {"op": "create", "name": "tue"},
        {"op": "revert", "snapshot": "s1"},
    ]
    lines = [header, *({"step": number, "operation": one} for number, one in enumerate(steps, start=1))]
    trace.write_text("".join(json.dumps(line) + "\n" for line in lines))
    found = planned(capsys, "discard_forced(mon)", str(trace))
    assert found["casualties"] == ["tue", "active"]


def test_the_shell_begins_with_the_tree(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    documents(tmp_path)
    with (tmp_path / "script").open("w+") as script:
        script.write("merge_into_children tue\ntree\n")
        script.seek(0)
        monkeypatch.setattr("sys.stdin", script)
        assert run(["shell", "--from", str(tmp_path)]) == 0
    shown = capsys.readouterr().out
    assert "tue" not in shown.splitlines()[-1]
    assert "wed" in shown


def test_a_domain_of_libvirt_is_only_read(capsys: pytest.CaptureFixture[str]) -> None:
    libvirt = pytest.importorskip("libvirt")
    connection = libvirt.open("test:///default")
    try:
        domain = connection.lookupByName("test")
        made = [
            domain.snapshotCreateXML(f"<domainsnapshot><name>{name}</name></domainsnapshot>") for name in "ab"
        ]
        found = planned(capsys, "discard(a)", "libvirt:test:///default/test")
        assert found["casualties"] == ["b", "active"]
        assert domain.snapshotNum() == 2
        for snapshot in reversed(made):
            snapshot.delete()
    finally:
        connection.close()


@pytest.mark.parametrize(
    ("place", "told"),
    [
        ("missing", "missing: No such file or directory"),
        ("empty", "empty: there is no *.xml in it"),
        ("libvirt:mydomain", "write libvirt:URI/DOMAIN"),
        ("libvirt:test:///default/nope", "test:///default/nope: "),
        ("bad.json", "no observation: "),
        ("bad.txt", "bad.txt"),
        ("gap", "its parent 'mon' is not among the documents"),
    ],
)
def test_a_place_without_a_tree_is_one_line_and_exit_code_2(
    place: str, told: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for folder in ("empty", "gap"):
        Path(folder).mkdir()
    documents(Path("gap"))
    Path("gap/9.xml").unlink()
    Path("bad.json").write_text('{"snapshots": 5}')
    Path("bad.txt").write_text("hello")
    assert run(["plan", "discard(mon)", "--from", place]) == 2
    error = capsys.readouterr().err
    assert told in error
    assert error.count("\n") == 1


def test_two_trees_are_one_too_many(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["plan", "discard(a)", "--from", "x", "--tree", "fork"]) == 2
    assert "--from and --tree name two trees" in capsys.readouterr().err
