"""What a loss of power may leave: what was flushed stays, what was not may be missing."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from snaptree.conformance.storage.effects import Effect
from snaptree.conformance.storage.power import Model, outages
from snaptree.conformance.storage.replay import Folder

START = Folder()
START.put(1, ["a"], b"old", 0o644)

REPLACE: tuple[Effect, ...] = (
    Effect("create", "new", 2, mode=0o644),
    Effect("write", "new", 2, 0, b"new"),
    Effect("rename", "new", 1, to="a"),
)
FLUSHED: tuple[Effect, ...] = (
    *REPLACE[:2],
    Effect("fsync", "new", 2),
    REPLACE[2],
    Effect("fsyncdir", ""),
)

Shown = tuple[tuple[str, bytes], ...]
"""The names and what is under them."""


def left(
    effects: Sequence[Effect], model: Model, last: int | None = None
) -> set[tuple[tuple[str, bytes], ...]]:
    """The folders that may be left, after one moment or any."""
    return {
        tuple((path, bytes(folder.files[inode].content)) for path, inode in sorted(folder.names.items()))
        for outage, folder in outages(START, effects, model)
        if last is None or outage.last == last
    }


OLD, NEW = (("a", b"old"),), (("a", b"new"),)


def test_a_journal_keeps_names_in_order_and_flushes_what_is_renamed_over_another_file() -> None:
    assert left(REPLACE, "ordered") == {OLD, NEW, (*OLD, ("new", b"")), (*OLD, ("new", b"new"))}


def test_posix_promises_nothing_of_what_was_not_flushed() -> None:
    every = left(REPLACE, "strict")
    assert (("a", b""),) in every, "the name without its data"
    assert OLD in left(REPLACE, "strict", len(REPLACE))


@pytest.mark.parametrize("model", ["ordered", "strict"])
def test_what_was_flushed_is_there(model: Model) -> None:
    assert left(FLUSHED, model, len(FLUSHED)) == {NEW}
    assert all(folder in (OLD, NEW) for folder in left(FLUSHED, model, 4) - {(*OLD, ("new", b"new"))})


def test_a_name_in_a_folder_that_is_lost_is_lost() -> None:
    effects = [
        Effect("mkdir", "d", mode=0o755),
        Effect("create", "d/b", 3),
        Effect("write", "d/b", 3, 0, b"b"),
    ]
    whole = (("a", b"old"), ("d/b", b"b"))
    assert left(effects, "ordered", 3) == {OLD, whole, (("a", b"old"), ("d/b", b""))}
    assert left(effects, "strict", 3) == left(effects, "ordered", 3)


def test_an_fsync_of_one_file_says_nothing_of_another_one() -> None:
    effects = [
        Effect("create", "b", 3), Effect("write", "b", 3, 0, b"b"), Effect("create", "c", 4),
        Effect("write", "c", 4, 0, b"c"), Effect("fsync", "c", 4),
    ]  # fmt: skip
    assert left(effects, "ordered", 5) == {(("a", b"old"), ("b", held), ("c", b"c")) for held in (b"b", b"")}
    assert OLD in left(effects, "strict", 5), "an fsync of a file does not keep its name"


def test_torn_writes_are_cut_at_each_page() -> None:
    effects = [Effect("write", "a", 1, 0, b"x" * 10_000)]
    cut = [
        (outage.torn, bytes(folder.files[1].content))
        for outage, folder in outages(START, effects, "strict", tear=True)
        if outage.torn is not None
    ]
    assert cut == [(4096, b"x" * 4096), (8192, b"x" * 8192)]
