"""Graphs that are kept between processes: equal, and ignored where a file is not what was written."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from hashlib import sha256
from pathlib import Path

import pytest

from snaptree.conformance.methods import stored_graphs
from snaptree.conformance.methods.graph import SCOPES, Scope, explore, graph_of
from snaptree.conformance.processes import keeping
from snaptree.conformance.reports.state_graphs import state_text
from snaptree.spec.digests import json_digest, profile_digest, specification_digest
from snaptree.spec.profiles import load_profile, varied

RFC = load_profile("rfc")


@pytest.fixture
def said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """What the cache says, with a cache folder of its own."""
    monkeypatch.setenv("SNAPTREE_CACHE", str(tmp_path / "cache"))
    texts: list[str] = []
    keeping.enable(texts.append)
    graph_of.cache_clear()
    yield texts
    keeping.disable()
    graph_of.cache_clear()


def files(tmp_path: Path) -> list[Path]:
    return sorted((tmp_path / "cache" / "graphs").glob("*"))


def in_order(edges: stored_graphs.Edges) -> list[object]:
    return [(code, list(leaving.items())) for code, leaving in edges.items()]


@pytest.mark.parametrize("scope", SCOPES)
def test_a_graph_comes_back_as_it_was_in_the_same_order(scope: Scope) -> None:
    graph = explore(RFC, 1, scope)
    again = stored_graphs.decode(stored_graphs.encode(graph.edges))
    assert again == graph.edges
    # repr also tells True from 1, and the order is what gives a state its number.
    assert repr(in_order(again)) == repr(in_order(graph.edges))


def test_a_large_graph_is_kept_and_read_and_a_small_one_is_not(tmp_path: Path, said: list[str]) -> None:
    graph_of(RFC, 2, "tree")
    assert files(tmp_path) == []
    explored = graph_of(RFC, 1, "power")
    (file,) = files(tmp_path)
    assert file.name.startswith("power-1-")
    # What is read is what the file holds: here a graph that no model would give.
    other: stored_graphs.Edges = {explored.start: {}}
    file.write_bytes(stored_graphs.encode(other))
    graph_of.cache_clear()
    assert graph_of(RFC, 1, "power").edges == other
    assert said == []


DAMAGES: list[Callable[[bytes], bytes]] = [
    lambda content: content[:-1],
    lambda content: content[:40],
    lambda content: content[:0],
    lambda content: content.replace(b'"create"', b'"revert"'),
    lambda content: b"\x80\x04" + content,
]


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_file_is_ignored_said_once_and_written_again(
    damage: Callable[[bytes], bytes], tmp_path: Path, said: list[str]
) -> None:
    explored = graph_of(RFC, 1, "power")
    (file,) = files(tmp_path)
    whole = file.read_bytes()
    for _ in range(2):
        file.write_bytes(damage(whole))
        graph_of.cache_clear()
        assert graph_of(RFC, 1, "power") == explored
        assert file.read_bytes() == whole
    (text,) = said
    assert "is damaged" in text


def test_a_file_whose_digest_holds_but_whose_form_is_another_is_ignored(
    tmp_path: Path, said: list[str]
) -> None:
    explored = graph_of(RFC, 1, "power")
    (file,) = files(tmp_path)
    for body in (
        b"{}",
        b"[]",
        b'{"values": [[7]], "rows": [], "states": []}',
        b'{"values": [], "rows": [], "states": []}',
    ):
        file.write_bytes(stored_graphs.FORM + sha256(body).hexdigest().encode() + b"\n" + body)
        graph_of.cache_clear()
        assert graph_of(RFC, 1, "power") == explored
    assert len(said) == 1


def test_a_folder_that_cannot_be_written_is_said_once(
    tmp_path: Path, said: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a-file").write_text("")
    monkeypatch.setenv("SNAPTREE_CACHE", str(tmp_path / "a-file"))
    assert len(graph_of(RFC, 1, "power").edges) == 216
    assert graph_of(RFC, 2, "memory").transitions > 0
    (text,) = said
    assert "SNAPTREE_CACHE names another" in text


def test_a_fifo_in_the_place_of_a_file_blocks_nothing(tmp_path: Path, said: list[str]) -> None:
    explored = graph_of(RFC, 1, "power")
    (file,) = files(tmp_path)
    file.unlink()
    os.mkfifo(file)
    graph_of.cache_clear()
    assert graph_of(RFC, 1, "power") == explored
    assert said == ["a stored graph cannot be read: it is no regular file"]


def test_each_profile_scope_and_bound_has_a_file_of_its_own(tmp_path: Path, said: list[str]) -> None:
    graph_of(RFC, 1, "power")
    graph_of(varied("rfc", ["limits.depth=3"]), 1, "power")
    graph_of(RFC, 2, "memory")
    assert len(files(tmp_path)) == 3
    assert said == []


def test_the_oldest_files_go(tmp_path: Path, said: list[str]) -> None:
    graph_of(RFC, 1, "power")
    folder = tmp_path / "cache" / "graphs"
    for number in range(stored_graphs.MOST_FILES + 3):
        old = folder / f"old-{number:02}.graph"
        old.write_bytes(b"")
        os.utime(old, (number, number))
    graph_of(RFC, 2, "memory")
    left = {file.name for file in files(tmp_path)}
    assert len(left) == stored_graphs.MOST_FILES
    assert "old-04.graph" not in left
    assert f"old-{stored_graphs.MOST_FILES + 2:02}.graph" in left
    assert said == []


def test_without_being_enabled_nothing_is_kept(tmp_path: Path, said: list[str]) -> None:
    keeping.disable()
    graph_of(RFC, 1, "power")
    assert not (tmp_path / "cache").exists()
    assert said == []


def test_digests_tell_profiles_apart_and_not_the_order_of_keys() -> None:
    assert profile_digest(RFC) == profile_digest(load_profile("rfc"))
    assert profile_digest(RFC) != profile_digest(varied("rfc", ["limits.depth=3"]))
    assert json_digest({"a": 1, "b": 2}) == json_digest({"b": 2, "a": 1})
    assert len(specification_digest()) == 64


# The number of a state is what people tell each other. It changes with the specification, and then this
# text changes in the same commit.
STATES = {0: "base*, off", 1: "base*, off, written to", 2: "base(s*), off", 20: "base(s*(s s)), off"}


def test_numbers_of_states() -> None:
    codes = [*explore(RFC, 3, "tree").edges]
    assert {number: state_text(codes[number]) for number in STATES} == STATES
    assert [*explore(RFC, 3, "tree").edges] == codes
