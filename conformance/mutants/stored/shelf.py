"""A correct hypervisor that keeps a domain in a folder: a file for each layer and disk, and the state.

New files are written first. Renaming the state file into its place commits. Files without a meaning go then.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

from snaptree.conformance.driver import Json
from snaptree.conformance.drivers.kit.blocks import check_write, disk_entry
from snaptree.conformance.drivers.kit.kept_tree import KeptDomain, KeptTree, layer_changes, tree_from_json
from snaptree.spec.profiles import Profile

STATE = "state"
PAD = " " * 600
"""Real images are large: a layer is at least that long."""

Blocks = dict[int, int]


class Shelf(KeptDomain):
    """A domain in a folder. A subclass changes how files are written; ``breaks`` are the rules against it."""

    breaks: ClassVar[tuple[str, ...]]
    pending = False
    """Whether an error left something to recover, which the next call does."""

    def __init__(self, profile: Profile, folder: Path, sizes: Mapping[str, int] | None = None) -> None:
        self.profile = profile
        self.folder = folder
        # A hypervisor that is killed does not unlock; the kernel does.
        self._lock = os.open(folder, os.O_RDONLY)
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if sizes is not None:
                self.sizes = dict(sizes)
                self.kept = KeptTree()
                for layer in self.kept.layers():
                    for disk in sizes:
                        self.write_layer(self.path(disk, layer), {})
                self.commit(self.kept)
            else:
                self.reopen()
        except BaseException:
            self.release()
            raise

    # --- what subclasses change -------------------------------------------------------

    def reopen(self) -> None:
        """Read what is committed, and remove what has no meaning."""
        self.load()
        self.tidy()

    def load(self) -> None:
        """Read the committed state."""
        record = json.loads((self.folder / STATE).read_text(encoding="utf-8"))
        self.sizes, self.kept = record["sizes"], tree_from_json(record["tree"])

    def tidy(self) -> None:
        """Remove every file that the state does not name."""
        named = {STATE, *(self.path(disk, layer).name for disk in self.sizes for layer in self.kept.layers())}
        for path in self.folder.iterdir():
            if path.name not in named:
                path.unlink()

    def change(self, after: KeptTree) -> None:
        """Make the files fit the tree, and commit it."""
        needed = layer_changes(self.kept, after)
        try:
            if needed.new is not None:
                for disk in self.sizes:
                    self.copy_layer(disk, needed.source, needed.new)
            self.commit(after)
        except OSError:
            # Whatever was committed holds.
            self.reopen()
            raise
        self.kept = after
        for layer in sorted(needed.gone):
            for disk in self.sizes:
                self.remove(self.path(disk, layer))

    def commit(self, tree: KeptTree) -> None:
        """Put a new state file in the place of the old one."""
        new = self.folder / "state.new"
        new.write_text(self.record(tree), encoding="utf-8")
        os.replace(new, self.folder / STATE)

    def put(self, path: Path, blocks: Blocks) -> None:
        """Replace a layer that is in use."""
        new = path.with_name("layer.new")
        try:
            self.write_layer(new, blocks)
            os.replace(new, path)
        except OSError:
            new.unlink(missing_ok=True)
            raise

    def remove(self, path: Path) -> None:
        """Remove a file that has no meaning any more: an error leaves it to the next recovery."""
        path.unlink()

    # --- the files --------------------------------------------------------------------

    def path(self, disk: str, layer: int) -> Path:
        """The file of a layer."""
        return self.folder / f"{disk}-{layer}"

    def record(self, tree: KeptTree) -> str:
        """The content of the state file."""
        return json.dumps({"sizes": self.sizes, "tree": tree.to_json()})

    def copy_layer(self, disk: str, source: int, new: int) -> None:
        """Make a layer with the content of another one."""
        self.write_layer(self.path(disk, new), self.read_layer(self.path(disk, source)))

    def write_layer(self, path: Path, blocks: Blocks) -> None:
        """Write a file in two steps, as large files are."""
        text = json.dumps({str(block): value for block, value in blocks.items()}) + PAD
        with open(path, "wb", buffering=0) as file:
            half = len(text) // 100
            file.write(text[:half].encode())
            file.write(text[half:].encode())

    def read_layer(self, path: Path) -> Blocks:
        """The blocks in a file."""
        return {int(block): value for block, value in json.loads(path.read_text(encoding="utf-8")).items()}

    # --- the calls --------------------------------------------------------------------

    def tree(self) -> KeptTree:
        """The tree as it is committed."""
        if self.pending:
            self.reopen()
            self.pending = False
        return self.kept

    def point(self, layer: int) -> dict[str, Json]:
        """The content of a layer."""
        disks = {
            disk: disk_entry(size, self.read_layer(self.path(disk, layer)))
            for disk, size in self.sizes.items()
        }
        return {"disks": disks, "memory": None, "power": "off", "configuration": {}}

    def write_disk(self, disk: str, block: int, value: int) -> None:
        """Set block k to one value."""
        self.tree()
        check_write(self.sizes, disk, block, value)
        path = self.path(disk, self.kept.active)
        self.put(path, {**self.read_layer(path), block: value})

    def release(self) -> None:
        """Let the folder go."""
        if self._lock >= 0:
            os.close(self._lock)
        self._lock = -1

    def close(self) -> None:
        """Remove the domain."""
        self.release()
        shutil.rmtree(self.folder, ignore_errors=True)

    def __getstate__(self) -> Any:
        raise TypeError("a domain is of one process")
