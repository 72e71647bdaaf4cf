"""Hypervisors that do not come through an error of their storage."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from snaptree.conformance.drivers.kit.kept_tree import KeptTree, layer_changes
from snaptree.conformance.mutants.stored.shelf import STATE, Blocks, Shelf


class ErrorSwallowed(Shelf):
    """A write to a disk that fails is answered with success."""

    breaks = ("DURABLE-2",)

    def put(self, path: Path, blocks: Blocks) -> None:
        with suppress(OSError):
            super().put(path, blocks)


class TreeInMemoryMoves(Shelf):
    """After a commit that failed the running process shows the tree that was not committed."""

    breaks = ("DURABLE-2",)

    def change(self, after: KeptTree) -> None:
        needed = layer_changes(self.kept, after)
        if needed.new is not None:
            for disk in self.sizes:
                self.copy_layer(disk, needed.source, needed.new)
        self.kept = after
        self.commit(after)
        self.tidy()


class ErrorDuringCopyLeavesHalf(Shelf):
    """A full disk in the middle of a write leaves the file of the disk half written."""

    breaks = ("DURABLE-2",)

    def put(self, path: Path, blocks: Blocks) -> None:
        before = self.read_layer(path)
        try:
            super().put(path, blocks)
        except OSError:
            path.write_bytes(b"")
            self.write_layer(path, {**before, **dict.fromkeys(blocks, 0)})
            raise


class CleansUpTooMuch(Shelf):
    """After an error every file goes that the new tree does not name."""

    breaks = ("DURABLE-2",)

    def change(self, after: KeptTree) -> None:
        before = self.kept
        try:
            super().change(after)
        except OSError:
            self.kept = after
            self.tidy()
            self.kept = before
            raise


class LeftAfterError(Shelf):
    """A call that failed leaves what it had written, until the domain is opened again."""

    breaks = ("RECLAIM-1",)

    def change(self, after: KeptTree) -> None:
        needed = layer_changes(self.kept, after)
        if needed.new is not None:
            for disk in self.sizes:
                self.copy_layer(disk, needed.source, needed.new)
        self.commit(after)
        self.kept = after
        for layer in needed.gone:
            for disk in self.sizes:
                self.remove(self.path(disk, layer))


class StateGoneWhenFull(Shelf):
    """The old state file goes to make room for the new one."""

    breaks = ("DURABLE-2", "DURABLE-3")

    def commit(self, tree: KeptTree) -> None:
        (self.folder / STATE).unlink(missing_ok=True)
        super().commit(tree)
