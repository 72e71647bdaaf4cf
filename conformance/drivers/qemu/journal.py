"""What is committed: the state file, and the journal of the operation under way.

The state file is the commit point: it is written beside and renamed, so whoever
reads it finds the tree before or the tree after. The journal is written first.
It names every file that an operation makes or removes, so that whoever finds it
knows which files to remove where the tree does not name them.

Nothing is flushed to the medium: what is claimed holds when processes are
killed, not when the power fails, and a state file that outlives the images it
names would be worse than none.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from snaptree.conformance.drivers.qemu.tree import Tree, tree_from_json

_FORMAT: Final = "snaptree-qemu-1"


@dataclass(frozen=True)
class Pending:
    """An operation that was begun: which one, and the files that it makes or removes."""

    operation: str
    files: tuple[str, ...]


class Journal:
    """The two files of one domain's folder."""

    def __init__(self, folder: Path) -> None:
        self._state = folder / "state.json"
        self._journal = folder / "journal.json"

    def commit(self, tree: Tree, disks: Mapping[str, int]) -> None:
        """Make this the tree, at one instant."""
        _replace(self._state, {"format": _FORMAT, "disks": dict(disks), "tree": tree.to_json()})

    def committed(self) -> tuple[Tree, dict[str, int]]:
        """The tree, and the sizes of the disks. Raises ValueError if that is no state file of ours."""
        record = json.loads(self._state.read_text(encoding="utf-8"))
        if record.get("format") != _FORMAT:
            raise ValueError(f"{self._state} has the format {record.get('format')!r}, not {_FORMAT!r}")
        return tree_from_json(record["tree"]), record["disks"]

    def begin(self, operation: str, files: Iterable[str]) -> None:
        """Say what is about to be done."""
        _replace(self._journal, {"operation": operation, "files": list(files)})

    def pending(self) -> Pending | None:
        """What was begun and not ended."""
        try:
            record = json.loads(self._journal.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return None
        return Pending(record["operation"], tuple(record["files"]))

    def end(self) -> None:
        """Everything is done and tidied."""
        self._journal.unlink(missing_ok=True)


def _replace(path: Path, record: dict[str, Any]) -> None:
    written = path.with_suffix(".new")
    try:
        written.write_text(json.dumps(record), encoding="utf-8")
        os.replace(written, path)
    except BaseException:
        written.unlink(missing_ok=True)
        raise
