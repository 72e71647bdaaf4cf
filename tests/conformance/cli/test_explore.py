"""``snaptree explore``: sizes, one state, the way to it, and the graph for other programs."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree

import pytest

from snaptree.conformance.cli.command import run
from snaptree.conformance.methods.graph import explore
from snaptree.spec.profiles import load_profile

GRAPHML = "{http://graphml.graphdrawing.org/xmlns}"


def test_a_state_is_drawn_with_its_moves(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["explore", "--state", "20"]) == 0
    said = capsys.readouterr().out
    assert "n1\n    ├── ● active (off)\n    ├── n2\n    └── n3" in said
    assert "discard_forced(#0) -> 0" in said


def test_the_way_to_a_state_is_the_shortest(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["explore", "--path", "20", "--json"]) == 0
    way = json.loads(capsys.readouterr().out)
    assert way["path"] == ["create()", "create()", "revert(#0)", "create()", "revert(#0)"]
    assert [call for call in way["calls"] if not call.startswith("write_disk")] == [
        "create(n1)",
        "create(n2)",
        "revert(n1)",
        "create(n3)",
        "revert(n1)",
    ]


def test_every_state_leads_where_the_graph_says(capsys: pytest.CaptureFixture[str]) -> None:
    graph = explore(load_profile("rfc"), 2, "tree")
    codes = [*graph.edges]
    for number, code in enumerate(codes):
        assert run(["explore", "--snapshots", "2", "--state", str(number), "--json"]) == 0
        moves = json.loads(capsys.readouterr().out)["moves"]
        assert [codes[there] for there in moves.values()] == [*graph.edges[code].values()]


def test_exports_have_every_state_and_move(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    graph = explore(load_profile("rfc"), 2, "tree")
    moves = sum(map(len, graph.edges.values()))
    asked = ["explore", "--snapshots", "2", "--export"]
    assert run([*asked, "json"]) == 0
    record = json.loads(capsys.readouterr().out)
    assert (len(record["nodes"]), len(record["links"])) == (len(graph.edges), moves)
    assert record["graph"]["transitions"] == graph.transitions
    assert run([*asked, "graphml", "--out", str(tmp_path / "g")]) == 0
    root = ElementTree.parse(tmp_path / "g").getroot()
    assert (len(root.findall(f".//{GRAPHML}node")), len(root.findall(f".//{GRAPHML}edge"))) == (
        len(graph.edges),
        moves,
    )
    capsys.readouterr()
    assert run([*asked, "dot"]) == 0
    lines = capsys.readouterr().out.splitlines()
    away = [one for one in record["links"] if one["source"] != one["target"]]
    assert len([line for line in lines if "->" in line]) == len(away)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--state", "34"], "there is no state 34: tree=3 has the states 0 to 33"),
        (["--path", "999"], "there is no state 999"),
        (["--state", "1", "--path", "1"], "--state and --path: give one of them"),
        (["--export", "dott"], "--export is one of graphml, dot, json, not dott; did you mean dot?"),
        (["--out", "x"], "--out is the file of --export"),
        (["--scope", "power", "--snapshots", "7"], "--snapshots is at most 6 in scope power"),
        (["--snapshots", "9"], "--snapshots"),
    ],
)
def test_wrong_usage_is_one_message(
    arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["explore", *arguments]) == 2
    assert said in " ".join(capsys.readouterr().err.split())


def test_a_file_that_cannot_be_written_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["explore", "--export", "dot", "--out", "/proc/nowhere/x"]) == 3
    assert "--out /proc/nowhere/x" in capsys.readouterr().err
