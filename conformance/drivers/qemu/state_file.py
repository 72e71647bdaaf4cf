"""The state file: the only file that gives the images their meaning.

It is the commit point. It is written beside its place and renamed, so a reader finds the tree before or the
tree after. Any other file in the folder that the tree does not name was left by an interrupted operation.

Nothing is flushed to the medium. The claim holds when processes are killed, not when the power fails: a
state file that survives the images it names would be worse than none.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Mapping
from pathlib import Path
from time import monotonic, sleep
from typing import Final

from snaptree.conformance.drivers.kit.kept_tree import KeptTree, tree_from_json

STATE: Final = "state.json"
STATE_NEW: Final = "state.new"
"""The state file while it is written."""

WITHIN: Final = 5.0
"""Seconds for the tools of a runner that was killed to end."""

_FORMAT: Final = "snaptree-qemu-1"


def commit(folder: Path, tree: KeptTree, disks: Mapping[str, int]) -> None:
    """Commit this tree of the domain in a folder, atomically."""
    record = {"format": _FORMAT, "disks": dict(disks), "tree": tree.to_json()}
    written = folder / STATE_NEW
    written.write_text(json.dumps(record), encoding="utf-8")
    os.replace(written, folder / STATE)


def read_state(folder: Path) -> tuple[KeptTree, dict[str, int]]:
    """The tree, and the sizes of the disks. Raises ValueError if the file is not a state file of this
    driver.
    """
    path = folder / STATE
    record = json.loads(path.read_text(encoding="utf-8"))
    found = record.get("format") if isinstance(record, dict) else None
    if found != _FORMAT:
        raise ValueError(f"{path} has the format {found!r}, not {_FORMAT!r}")
    return tree_from_json(record["tree"]), record["disks"]


class FolderInUse(OSError):
    """The folder of a domain that another driver has open."""


class FolderLock:
    """The lock of a domain's folder, held from opening the domain to closing it: it has one writer.

    The tools hold it too (``lock`` of ``run``). When their runner is killed they run on for a moment, and
    nothing may be removed before they have ended; the next one waits for them. Raises FolderInUse if the
    lock is not released until then, and OSError if there is no such folder.
    """

    def __init__(self, folder: Path) -> None:
        self.descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            self._wait(folder, monotonic() + WITHIN)
        except BaseException:
            self.release()
            raise

    def _wait(self, folder: Path, give_up: float) -> None:
        while True:
            try:
                fcntl.flock(self.descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return
            except BlockingIOError:
                if monotonic() > give_up:
                    raise FolderInUse(
                        f"{folder} is in use by another driver; close its domain there first"
                    ) from None
                sleep(0.005)

    def release(self) -> None:
        """Let another driver in."""
        descriptor, self.descriptor = self.descriptor, -1
        if descriptor >= 0:
            os.close(descriptor)

    def __del__(self) -> None:
        if hasattr(self, "descriptor"):
            self.release()
