"""Hypervisors under a loss of power: some flush too little or too late, some flush what they claim to."""

from __future__ import annotations

import json
import os
from contextlib import suppress
from pathlib import Path
from typing import ClassVar, Literal

from snaptree.conformance.drivers.kit.kept_tree import KeptTree, layer_changes
from snaptree.conformance.mutants.stored.shelf import PAD, STATE, Blocks, Shelf


def flush(path: Path) -> None:
    """Make a file, or the names in a folder, last."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


class Lossy(Shelf):
    """Flushes each file after it was written, and the folder before and after each rename that commits."""

    power: ClassVar[Literal["ordered", "strict"]]

    def write_layer(self, path: Path, blocks: Blocks) -> None:
        super().write_layer(path, blocks)
        self.flush_layer(path)

    def flush_layer(self, path: Path) -> None:
        """After a layer was written."""
        flush(path)

    def put(self, path: Path, blocks: Blocks) -> None:
        super().put(path, blocks)
        flush(self.folder)

    def replace_state(self, tree: KeptTree) -> None:
        """Put a new state file, which is flushed, in the place of the old one."""
        new = self.folder / "state.new"
        new.write_text(self.record(tree), encoding="utf-8")
        flush(new)
        os.replace(new, self.folder / STATE)

    def commit(self, tree: KeptTree) -> None:
        flush(self.folder)
        self.replace_state(tree)
        # An error here is no error of the call: the new state is in its place.
        with suppress(OSError):
            flush(self.folder)


class FlushesEverything(Lossy):
    """Each file is flushed, then the folder, then the state, then the folder again."""

    breaks = ()
    power = "strict"


class NamesUnflushed(Lossy):
    """Flushes layers alone: names and the state are committed as by one that flushes nothing."""

    def commit(self, tree: KeptTree) -> None:
        Shelf.commit(self, tree)

    def put(self, path: Path, blocks: Blocks) -> None:
        Shelf.put(self, path, blocks)


class TrustsTheJournal(NamesUnflushed):
    """Layers are flushed; names are left to the journal of the file system, and so is the state."""

    breaks = ()
    power = "ordered"


class FlushesNothing(NamesUnflushed):
    """New files first, then the commit, and nothing is flushed."""

    breaks = ("DURABLE-4",)
    power = "ordered"

    def flush_layer(self, path: Path) -> None:
        pass


class FlushesOneDiskOfTwo(Lossy):
    """The layers of the first disk are flushed."""

    breaks = ("DURABLE-4",)
    power = "ordered"

    def flush_layer(self, path: Path) -> None:
        if path.name.startswith("vda"):
            flush(path)

    def commit(self, tree: KeptTree) -> None:
        Shelf.commit(self, tree)


class StateNotFlushed(Lossy):
    """The state is renamed into its place before its content is flushed."""

    breaks = ("DURABLE-4",)
    power = "strict"

    def commit(self, tree: KeptTree) -> None:
        flush(self.folder)
        Shelf.commit(self, tree)
        with suppress(OSError):
            flush(self.folder)


class FolderNotFlushed(Lossy):
    """The names of new layers are not flushed before a state that needs them."""

    breaks = ("DURABLE-4",)
    power = "strict"

    def commit(self, tree: KeptTree) -> None:
        self.replace_state(tree)
        with suppress(OSError):
            flush(self.folder)


class SuccessBeforeFlush(Lossy):
    """A call returns when the new state has its name, before the folder is flushed."""

    breaks = ("DURABLE-4",)
    power = "strict"

    def commit(self, tree: KeptTree) -> None:
        flush(self.folder)
        self.replace_state(tree)


class OldGoesBeforeFlush(Lossy):
    """What goes is removed after the rename that commits, and the folder is flushed after both."""

    breaks = ("DURABLE-4",)
    power = "strict"

    def change(self, after: KeptTree) -> None:
        needed = layer_changes(self.kept, after)
        try:
            if needed.new is not None:
                for disk in self.sizes:
                    self.copy_layer(disk, needed.source, needed.new)
            flush(self.folder)
            self.replace_state(after)
        except OSError:
            self.reopen()
            raise
        self.kept = after
        for layer in sorted(needed.gone):
            for disk in self.sizes:
                self.remove(self.path(disk, layer))
        with suppress(OSError):
            flush(self.folder)


class OneLargeWrite(Lossy):
    """The state is overwritten in place by one write of several pages, and flushed; a part is none."""

    breaks = ("DURABLE-4",)
    power = "strict"

    def commit(self, tree: KeptTree) -> None:
        flush(self.folder)
        number = str(len(tree.to_json()["snapshots"]) + 10 * tree.active)
        text = json.dumps({"first": number, **json.loads(self.record(tree)), "pad": PAD * 10, "last": number})
        with suppress(FileExistsError), open(self.folder / STATE, "x", encoding="utf-8"):
            pass
        with open(self.folder / STATE, "r+b", buffering=0) as file:
            file.write(text.ljust(16384).encode())
        flush(self.folder / STATE)

    def load(self) -> None:
        record = json.loads((self.folder / STATE).read_text(encoding="utf-8"))
        if record["first"] != record["last"]:
            raise OSError("the state is of two writes")
        super().load()
