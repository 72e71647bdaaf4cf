"""What is committed: the state file, the one file that says what the images mean.

It is the commit point: it is written beside and renamed, so whoever reads it
finds the tree before or the tree after. Whatever else lies in the folder and
is not named by the tree was left by an operation that was cut off.

Nothing is flushed to the medium: what is claimed holds when processes are
killed, not when the power fails, and a state file that outlives the images it
names would be worse than none.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from time import monotonic, sleep
from typing import Final

from snaptree.conformance.drivers.qemu.tools import PATIENCE
from snaptree.conformance.drivers.qemu.tree import Tree, tree_from_json

STATE: Final = "state.json"
STATE_NEW: Final = "state.new"
"""The state file while it is written."""

_FORMAT: Final = "snaptree-qemu-1"


def commit(folder: Path, tree: Tree, disks: Mapping[str, int]) -> None:
    """Make this the tree of the domain in a folder, at one instant."""
    record = {"format": _FORMAT, "disks": dict(disks), "tree": tree.to_json()}
    written = folder / STATE_NEW
    written.write_text(json.dumps(record), encoding="utf-8")
    os.replace(written, folder / STATE)


def committed(folder: Path) -> tuple[Tree, dict[str, int]]:
    """The tree, and the sizes of the disks. Raises ValueError if that is no state file of ours."""
    path = folder / STATE
    record = json.loads(path.read_text(encoding="utf-8"))
    found = record.get("format") if isinstance(record, dict) else None
    if found != _FORMAT:
        raise ValueError(f"{path} has the format {found!r}, not {_FORMAT!r}")
    return tree_from_json(record["tree"]), record["disks"]


@contextmanager
def locked(folder: Path) -> Iterator[int]:
    """Hold the lock of a domain's folder; the descriptor that it hangs on.

    The tools hold it too (``lock`` of ``run``). When their runner is killed they
    go on for a moment, and nobody must tidy up behind them before they have
    ended. Raises TimeoutError when the lock is not given up.
    """
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        give_up = monotonic() + PATIENCE
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if monotonic() > give_up:
                    raise TimeoutError(f"{folder} is in use by another process") from None
                sleep(0.005)
        yield descriptor
    finally:
        os.close(descriptor)
