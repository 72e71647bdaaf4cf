"""Hypervisors that do not come through a kill."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path
from typing import ClassVar

from snaptree.conformance.drivers.kit.kept_tree import KeptTree, layer_changes, tree_from_json
from snaptree.conformance.mutants.stored.shelf import STATE, Blocks, Shelf


class CommitBeforeData(Shelf):
    """The tree is committed before the layers that it names are written."""

    breaks = ("DURABLE-3",)

    def change(self, after: KeptTree) -> None:
        needed = layer_changes(self.kept, after)
        self.commit(after)
        if needed.new is not None:
            for disk in self.sizes:
                self.copy_layer(disk, needed.source, needed.new)
        self.kept = after
        self.tidy()


class UnlinkBeforeCommit(Shelf):
    """The layers of what is deleted go before the tree without them is committed."""

    breaks = ("DURABLE-3",)

    def change(self, after: KeptTree) -> None:
        needed = layer_changes(self.kept, after)
        if needed.new is not None:
            for disk in self.sizes:
                self.copy_layer(disk, needed.source, needed.new)
        for layer in needed.gone:
            for disk in self.sizes:
                self.remove(self.path(disk, layer))
        self.commit(after)
        self.kept = after


class StateInPlace(Shelf):
    """The state file is cut and written again in its place."""

    breaks = ("DURABLE-3",)

    def commit(self, tree: KeptTree) -> None:
        (self.folder / STATE).write_text(self.record(tree), encoding="utf-8")


class LayerInPlace(Shelf):
    """A write to a disk cuts its file and writes it again in its place."""

    breaks = ("DURABLE-3",)

    def put(self, path: Path, blocks: Blocks) -> None:
        self.write_layer(path, blocks)


class OneDiskOfTwo(Shelf):
    """The first disk of a new layer is written before the commit, the others after it."""

    breaks = ("DURABLE-3",)

    def change(self, after: KeptTree) -> None:
        needed = layer_changes(self.kept, after)
        first, *others = self.sizes
        if needed.new is not None:
            self.copy_layer(first, needed.source, needed.new)
            for disk in others:
                self.write_layer(self.path(disk, needed.new), {})
        self.commit(after)
        if needed.new is not None:
            for disk in others:
                blocks = self.read_layer(self.path(disk, needed.source))
                self.put(self.path(disk, needed.new), blocks)
        self.kept = after
        self.tidy()


class CurrentInTwoFiles(Shelf):
    """Which snapshot is current is kept in a file of its own, written after the tree."""

    breaks = ("DURABLE-3",)

    def commit(self, tree: KeptTree) -> None:
        super().commit(tree)
        new = self.folder / "current.new"
        new.write_text(json.dumps(tree.current), encoding="utf-8")
        os.replace(new, self.folder / "current")

    def load(self) -> None:
        super().load()
        current = json.loads((self.folder / "current").read_text(encoding="utf-8"))
        self.kept = replace(self.kept, current=current if current in self.kept.snapshots else None)

    def tidy(self) -> None:
        current = (self.folder / "current").read_text(encoding="utf-8")
        super().tidy()
        (self.folder / "current").write_text(current, encoding="utf-8")


class NewestLostOnRecovery(Shelf):
    """A recovery that finds a state file half written takes the newest snapshot for half made."""

    breaks = ("DURABLE-3",)

    def load(self) -> None:
        super().load()
        if (self.folder / "state.new").exists() and self.kept.snapshots:
            newest = list(self.kept.snapshots)[-1]
            self.kept = self.kept.without([newest])


class RenamedBeforeWritten(Shelf):
    """The new state file gets its name before it gets its content."""

    breaks = ("DURABLE-3",)

    def commit(self, tree: KeptTree) -> None:
        new = self.folder / "state.new"
        with open(new, "wb", buffering=0) as file:
            os.replace(new, self.folder / STATE)
            file.write(self.record(tree).encode())


class LockFileStays(Shelf):
    """A file locks the domain during a call, and a killed call leaves it."""

    breaks = ("DURABLE-3",)

    def change(self, after: KeptTree) -> None:
        lock = self.folder / "lock"
        lock.write_text("locked", encoding="utf-8")
        super().change(after)
        lock.unlink()

    def load(self) -> None:
        if (self.folder / "lock").exists():
            raise OSError("the domain is locked by another process")
        super().load()


class BrokenAtNextWrite(Shelf):
    """What an interrupted write leaves gets in the way of the next write, though everything looks right."""

    breaks = ("DURABLE-3",)

    def tidy(self) -> None:
        """Everything goes but what is left of a write."""
        left = self.folder / "layer.new"
        kept = left.read_bytes() if left.exists() else None
        super().tidy()
        if kept is not None:
            left.write_bytes(kept[:0])

    def put(self, path: Path, blocks: Blocks) -> None:
        if (self.folder / "layer.new").exists():
            blocks = {block + 1: value for block, value in blocks.items()}
        super().put(path, blocks)


class BrokenBySameCall(Shelf):
    """A call that was cut off before cannot be made again, because its files are already there."""

    breaks = ("DURABLE-3",)

    def tidy(self) -> None:
        """Nothing goes, so that more can be found later."""
        for path in self.folder.glob("*.new"):
            path.unlink()
        for path in self.folder.iterdir():
            if path.name != STATE and int(path.name.rpartition("-")[2]) not in self.kept.layers():
                path.write_bytes(b"")

    def copy_layer(self, disk: str, source: int, new: int) -> None:
        blocks = self.read_layer(self.path(disk, source))
        with open(self.path(disk, new), "x", encoding="utf-8"):
            pass
        self.write_layer(self.path(disk, new), blocks)


class LeftAfterRecovery(Shelf):
    """A recovery leaves the files of the call that was cut off, which no call can remove."""

    breaks = ("RECLAIM-1",)

    def tidy(self) -> None:
        """Only what has a name of a moment goes."""
        for path in self.folder.glob("*.new"):
            path.unlink()


class SuccessBeforeCommit(Shelf):
    """The tree is kept in memory, and committed by the next call."""

    breaks = ("DURABLE-1",)
    waiting: KeptTree | None = None

    def change(self, after: KeptTree) -> None:
        needed = layer_changes(self.kept, after)
        if needed.new is not None:
            for disk in self.sizes:
                self.copy_layer(disk, needed.source, needed.new)
        if self.waiting is not None:
            super().commit(self.waiting)
        self.kept = self.waiting = after


class WritesInMemory(Shelf):
    """Writes to a disk stay in memory until a snapshot is made."""

    breaks = ("DURABLE-1",)

    def put(self, path: Path, blocks: Blocks) -> None:
        self._waiting = {**getattr(self, "_waiting", {}), path: blocks}

    def read_layer(self, path: Path) -> Blocks:
        waiting: dict[Path, Blocks] = getattr(self, "_waiting", {})
        return waiting[path] if path in waiting else super().read_layer(path)

    def change(self, after: KeptTree) -> None:
        waiting: dict[Path, Blocks] = getattr(self, "_waiting", {})
        for path, blocks in waiting.items():
            super().put(path, blocks)
        self._waiting = {}
        super().change(after)


class RecoveryGoesTooFar(Shelf):
    """A recovery removes the layers that were written last, whether or not they are named."""

    breaks = ("DURABLE-1",)

    def tidy(self) -> None:
        """The newest layer is taken for unfinished."""
        super().tidy()
        for disk in self.sizes:
            if self.kept.snapshots:
                self.write_layer(self.path(disk, self.kept.active), {})


class KeptOutside(Shelf):
    """What was committed last is known to something that lives on outside of the folder."""

    breaks = ("DURABLE-3",)
    newer: ClassVar[dict[str, str]] = {}

    def commit(self, tree: KeptTree) -> None:
        state = self.folder / STATE
        old = state.read_text(encoding="utf-8") if state.exists() else ""
        super().commit(tree)
        new = self.record(tree)
        if old and old != new and json.loads(old)["tree"]["active"] == tree.active:
            self.newer[old] = new

    def load(self) -> None:
        super().load()
        text = (self.folder / STATE).read_text(encoding="utf-8")
        if text in self.newer:
            self.kept = tree_from_json(json.loads(self.newer[text])["tree"])
