"""Hypervisors that come through every kill in another way: none is to be blamed."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from snaptree.conformance.drivers.kit.kept_tree import KeptTree, layer_changes, tree_from_json
from snaptree.conformance.mutants.stored.shelf import STATE, Blocks, Shelf


class NewFiles(Shelf):
    """New files first, then the commit, then what goes."""

    breaks = ()


class WriteAhead(Shelf):
    """A journal says what is going to be true, and is carried out in place, again after a kill."""

    breaks = ()

    def change(self, after: KeptTree) -> None:
        needed = layer_changes(self.kept, after)
        layers: dict[str, Blocks] = {}
        if needed.new is not None:
            for disk in self.sizes:
                layers[self.path(disk, needed.new).name] = self.read_layer(self.path(disk, needed.source))
        self._intend({"tree": after.to_json(), "layers": layers})

    def put(self, path: Path, blocks: Blocks) -> None:
        self._intend({"tree": self.kept.to_json(), "layers": {path.name: blocks}})

    def reopen(self) -> None:
        if (self.folder / "journal").exists():
            record = json.loads((self.folder / "journal").read_text(encoding="utf-8"))
            self.sizes = record["sizes"]
            self._carry_out(record)
        self.load()
        self.tidy()

    def _intend(self, record: dict[str, object]) -> None:
        new, journal = self.folder / "journal.new", self.folder / "journal"
        try:
            new.write_text(json.dumps({"sizes": self.sizes, **record}), encoding="utf-8")
            os.replace(new, journal)
        except OSError:
            new.unlink(missing_ok=True)
            raise
        # What is in the journal is true from here on, whether or not it can be carried out now.
        self.pending = True
        self._carry_out(json.loads(journal.read_text(encoding="utf-8")))
        self.pending = False

    def _carry_out(self, record: dict[str, dict[str, dict[str, int]]]) -> None:
        for name, blocks in record["layers"].items():
            self.write_layer(self.folder / name, {int(block): value for block, value in blocks.items()})
        self.kept = tree_from_json(record["tree"])
        (self.folder / STATE).write_text(self.record(self.kept), encoding="utf-8")
        named = {self.path(disk, layer).name for disk in self.sizes for layer in self.kept.layers()}
        for path in self.folder.iterdir():
            if path.name not in named | {STATE, "journal"}:
                path.unlink()
        (self.folder / "journal").unlink()


class UndoLog(Shelf):
    """Everything is copied aside before it is changed in place, and copied back after a kill."""

    breaks = ()

    def change(self, after: KeptTree) -> None:
        self._aside()
        try:
            needed = layer_changes(self.kept, after)
            if needed.new is not None:
                for disk in self.sizes:
                    self.copy_layer(disk, needed.source, needed.new)
            for layer in needed.gone:
                for disk in self.sizes:
                    self.remove(self.path(disk, layer))
            (self.folder / STATE).write_text(self.record(after), encoding="utf-8")
            self._forget()
        except OSError:
            self.pending = True
            raise
        self.kept = after

    def put(self, path: Path, blocks: Blocks) -> None:
        self._aside()
        try:
            self.write_layer(path, blocks)
            self._forget()
        except OSError:
            self.pending = True
            raise

    def reopen(self) -> None:
        undo = self.folder / "undo"
        if undo.exists():
            for path in self.folder.iterdir():
                if path.is_file():
                    path.unlink()
            for path in undo.iterdir():
                shutil.copyfile(path, self.folder / path.name)
        self._forget()
        self.load()

    def _aside(self) -> None:
        new = self.folder / "undo.new"
        try:
            new.mkdir()
            for path in self.folder.iterdir():
                if path.is_file():
                    shutil.copyfile(path, new / path.name)
            os.rename(new, self.folder / "undo")
        except OSError:
            shutil.rmtree(new, ignore_errors=True)
            raise

    def _forget(self) -> None:
        """The rename commits; what is renamed is removed file by file."""
        undo, done = self.folder / "undo", self.folder / "undo.new"
        shutil.rmtree(done, ignore_errors=True)
        if undo.exists():
            os.rename(undo, done)
            shutil.rmtree(done)


class OneFile(Shelf):
    """The whole domain is one file, which is replaced as a whole."""

    breaks = ()

    _layers: Mapping[str, Blocks] = MappingProxyType({})

    def write_layer(self, path: Path, blocks: Blocks) -> None:
        self._layers = {**self._layers, path.name: blocks}

    def read_layer(self, path: Path) -> Blocks:
        return self._layers[path.name]

    def put(self, path: Path, blocks: Blocks) -> None:
        before = self._layers
        self.write_layer(path, blocks)
        try:
            self.commit(self.kept)
        except OSError:
            self._layers = before
            raise

    def remove(self, path: Path) -> None:
        self._layers = {name: blocks for name, blocks in self._layers.items() if name != path.name}

    def change(self, after: KeptTree) -> None:
        before = self._layers
        needed = layer_changes(self.kept, after)
        if needed.new is not None:
            for disk in self.sizes:
                self.copy_layer(disk, needed.source, needed.new)
        gone = {self.path(disk, layer).name for disk in self.sizes for layer in needed.gone}
        self._layers = {name: blocks for name, blocks in self._layers.items() if name not in gone}
        try:
            self.commit(after)
        except OSError:
            self._layers = before
            raise
        self.kept = after

    def record(self, tree: KeptTree) -> str:
        return json.dumps({**json.loads(super().record(tree)), "layers": self._layers})

    def commit(self, tree: KeptTree) -> None:
        try:
            super().commit(tree)
        except OSError:
            (self.folder / "state.new").unlink(missing_ok=True)
            raise

    def load(self) -> None:
        super().load()
        record = json.loads((self.folder / STATE).read_text(encoding="utf-8"))
        self._layers = {
            name: {int(block): value for block, value in blocks.items()}
            for name, blocks in record["layers"].items()
        }
