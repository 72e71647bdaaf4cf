"""A folder in memory after any number of effects; no mount is needed."""

from __future__ import annotations

from pathlib import Path

import pytest

from snaptree.conformance.storage.effects import Effect
from snaptree.conformance.storage.replay import Folder, ReplayFault, check_replay, moments, states, torn


def effects() -> list[Effect]:
    return [
        Effect("create", "a", inode=1, process=10, parent=1),
        Effect("write", "a", inode=1, data=b"aa", process=10, parent=1),
        Effect("create", "b", inode=2, process=11, parent=1),
        Effect("write", "a", inode=1, offset=2, data=b"AA", process=10, parent=1),
        Effect("write", "b", inode=2, data=b"bb", process=11, parent=1),
        Effect("rename", "a", to="c", process=10, parent=1),
    ]


def content(folder: Folder) -> dict[str, bytes]:
    return {path: bytes(folder.files[inode].content) for path, inode in folder.names.items()}


def test_every_prefix_is_a_state_in_order() -> None:
    seen = [content(folder) for moment, folder in states(Folder(), effects()) if not moment.reordered]
    assert seen == [
        {},
        {"a": b""},
        {"a": b"aa"},
        {"a": b"aa", "b": b""},
        {"a": b"aaAA", "b": b""},
        {"a": b"aaAA", "b": b"bb"},
        {"c": b"aaAA", "b": b"bb"},
    ]


def test_the_last_effects_of_two_siblings_at_work_are_also_a_state_without_the_first_of_them() -> None:
    swapped = [
        (moment.done, content(folder)) for moment, folder in states(Folder(), effects()) if moment.reordered
    ]
    assert swapped == [((1, 2, 4), {"a": b"aaAA"}), ((1, 2, 3, 5), {"a": b"aa", "b": b"bb"})]


@pytest.mark.parametrize("parents", [(1, 10), (0, 0)])
def test_a_process_and_its_child_are_in_one_order(parents: tuple[int, int]) -> None:
    """A parent waits for its child, and a parent that is not known may be one."""
    log = [
        Effect(
            one.kind, one.path, one.inode, process=one.process, parent=parents[one.process == 11], to=one.to
        )
        for one in effects()
    ]
    assert not any(moment.reordered for moment in moments(log))


def test_a_folder_reads_and_writes_as_it_was(tmp_path: Path) -> None:
    top = tmp_path / "one"
    (top / "d").mkdir(parents=True)
    (top / "d/a").write_bytes(b"a" * 5000)
    (top / "b").hardlink_to(top / "d/a")
    (top / "s").symlink_to("b")
    read = Folder.read(top)
    read.write_out(tmp_path / "two")
    again = Folder.read(tmp_path / "two")
    assert again.digest() == read.digest()
    assert again.differing(read) == []
    assert (tmp_path / "two/b").stat().st_ino == (tmp_path / "two/d/a").stat().st_ino


def test_volatile_files_are_no_state() -> None:
    folder, other = Folder(), Folder()
    folder.apply(Effect("create", "d/x.log", inode=1))
    assert folder.digest() != other.digest()
    assert folder.digest(["*.log"]) == other.digest(["*.log"])


def test_a_replay_that_is_not_what_happened_is_a_fault_of_ours() -> None:
    end = Folder()
    for effect in effects()[:-1]:
        end.apply(effect)
    with pytest.raises(ReplayFault, match="differs from the folder in a, c"):
        check_replay(Folder(), effects(), end)
    with pytest.raises(ReplayFault, match="nothing is known of"):
        Folder().apply(Effect("unlink", "a"))


def test_a_rename_onto_another_name_of_the_same_file_does_nothing() -> None:
    folder = Folder()
    for effect in (
        Effect("create", "a", inode=1),
        Effect("link", "a", to="b"),
        Effect("rename", "a", to="b"),
    ):
        folder.apply(effect)
    assert sorted(folder.names) == ["a", "b"]


def test_a_write_is_torn_at_each_page() -> None:
    write = Effect("write", "a", inode=1, offset=4000, data=b"x" * 5000)
    assert [len(one.data) for one in torn(write)] == [96, 4192]
    assert list(torn(Effect("unlink", "a"))) == []
