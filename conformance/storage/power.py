"""Loss of power: what a folder may hold after it, by two named models of what had reached the disk.

In both, what was there before the first effect has reached it. ``ordered`` is a file system with an ordered
journal, such as ext4: names change in the order in which they were changed, and the disk has a beginning of
these changes, at least up to the last fsync of anything. Of each file it has what was written before its own
last fsync, and before a rename of the file over another one that the disk has; what came later may miss.
``strict`` is what POSIX promises: each write is there after an fsync of its file, each change of a name after
an fsync of its folder, and every other effect may be missing by itself. In neither does a write become a
part of itself, unless torn writes are asked for.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from snaptree.conformance.storage.effects import SYNCS, Effect
from snaptree.conformance.storage.replay import File, Folder, change_file, torn

Model = Literal["ordered", "strict"]

_DATA: Final = frozenset(["write", "truncate", "allocate"])
_NAMES: Final = ("names", "folders", "links")

_Choice = frozenset[int]
"""The effects that are lost, by place."""


@dataclass(frozen=True)
class Outage:
    """Power fails after effect ``last``; the effects ``lost`` had not reached the disk; numbers from 1.

    ``torn`` is how many bytes of the last write had, None where it is whole.
    """

    last: int
    of: int
    lost: tuple[int, ...]
    torn: int | None = None


def outages(
    start: Folder, effects: Sequence[Effect], model: Model, *, tear: bool = False
) -> Iterator[tuple[Outage, Folder]]:
    """What may be left, for every moment; among equals of one moment the first is given."""
    history = _History(start, effects)
    choices = history.ordered if model == "ordered" else history.strict
    for last in range(len(effects) + 1):
        for lost in dict.fromkeys(choices(last)):
            numbers = tuple(sorted(place + 1 for place in lost))
            yield Outage(last, len(effects), numbers), history.folder(last, lost)
        if tear and last and effects[last - 1].kind == "write":
            for part in torn(effects[last - 1]):
                yield (
                    Outage(last, len(effects), (), len(part.data)),
                    history.folder(last, frozenset(), {last - 1: part}),
                )


class _History:
    """The effects, apart by what they change: names, or the content of a file."""

    def __init__(self, start: Folder, effects: Sequence[Effect]) -> None:
        self._start = start
        self._effects = effects
        self._changes: list[dict[tuple[str, str], int | str | None]] = []
        self._files: dict[tuple[int, tuple[int, ...]], File] = {}
        self._over: set[int] = set()
        now = start.copy()
        for place, effect in enumerate(effects):
            if effect.kind in _DATA | SYNCS:
                self._changes.append({})
                continue
            before = {kind: dict(getattr(now, kind)) for kind in _NAMES}
            if effect.kind == "rename" and effect.to in now.names:
                self._over.add(place)
            now.apply(effect)
            self._changes.append(
                {
                    (kind, path): getattr(now, kind).get(path)
                    for kind in _NAMES
                    for path in before[kind].keys() | getattr(now, kind).keys()
                    if before[kind].get(path) != getattr(now, kind).get(path)
                }
            )
        self._modes = {inode: file.mode for inode, file in now.files.items()}

    # --- what may be lost -------------------------------------------------------------

    def ordered(self, last: int) -> Iterator[_Choice]:
        """A beginning of the changes of names, and each file as old or as new as it may be."""
        least = max((n + 1 for n in range(last) if self._effects[n].kind in SYNCS), default=0)
        ends = [least, *(n + 1 for n in range(least, last) if self._changes[n])]
        for end in ends:
            names = frozenset(n for n in range(end, last) if self._changes[n])
            old = self._unsynced(last, end)
            yield from (names | data for data in _few(old))

    def strict(self, last: int) -> Iterator[_Choice]:
        """Everything that no fsync kept, and each of it alone lost, or alone there."""
        data = [n for places in self._unsynced(last, 0).values() for n in places]
        names = [n for n in range(last) if self._changes[n] and not self._name_synced(n, last)]
        every = frozenset((*data, *names))
        yield frozenset()
        yield every
        yield frozenset(data)
        yield frozenset(names)
        for place in sorted(every):
            yield frozenset([place])
            yield every - {place}

    def _unsynced(self, last: int, end: int) -> dict[int, list[int]]:
        """The effects on each file that may be missing, where the disk has the renames before ``end``."""
        found: dict[int, list[int]] = {}
        for place in range(last):
            effect = self._effects[place]
            if effect.kind in _DATA and not self._kept(place, last, end):
                found.setdefault(effect.inode, []).append(place)
        return found

    def _kept(self, place: int, last: int, end: int) -> bool:
        """Whether an fsync of the file keeps an effect, or a rename over another file, which the disk has."""
        inode = self._effects[place].inode
        synced = any(one.kind == "fsync" and one.inode == inode for one in self._effects[place + 1 : last])
        renamed = (
            n in self._over and inode in self._changes[n].values() for n in range(place + 1, min(end, last))
        )
        return synced or any(renamed)

    def _name_synced(self, place: int, last: int) -> bool:
        parents = {path.rpartition("/")[0] for _, path in self._changes[place]}
        synced = {one.path for one in self._effects[place + 1 : last] if one.kind == "fsyncdir"}
        return parents <= synced

    # --- what is left -----------------------------------------------------------------

    def folder(self, last: int, lost: _Choice, torn_at: dict[int, Effect] | None = None) -> Folder:
        """The folder without the effects that are lost."""
        left = Folder(dict(self._start.names), {}, dict(self._start.folders), dict(self._start.links))
        for place in range(last):
            if place not in lost:
                for (kind, path), value in self._changes[place].items():
                    held = getattr(left, kind)
                    if value is None:
                        held.pop(path, None)
                    else:
                        held[path] = value
        _drop_orphans(left)
        for inode in set(left.names.values()):
            places = tuple(
                n
                for n in range(last)
                if n not in lost and self._effects[n].kind in _DATA and self._effects[n].inode == inode
            )
            left.files[inode] = self._file(inode, places, torn_at or {})
        return left

    def _file(self, inode: int, places: tuple[int, ...], torn_at: dict[int, Effect]) -> File:
        key = inode, places
        if not torn_at and key in self._files:
            return self._files[key]
        first = self._start.files.get(inode)
        made = File(bytearray(first.content) if first else bytearray(), self._modes.get(inode, 0o644))
        for place in places:
            change_file(made, torn_at.get(place, self._effects[place]))
        if not torn_at:
            self._files[key] = made
        return made


def _few(old: dict[int, list[int]]) -> Iterator[_Choice]:
    """All files as new as they may be, all as old, one old among new ones, one new among old ones."""
    every = frozenset(place for places in old.values() for place in places)
    yield frozenset()
    yield every
    for places in old.values():
        yield frozenset(places)
        yield every - frozenset(places)


def _drop_orphans(left: Folder) -> None:
    """Take out what lies in a folder that is not there."""
    for kind in _NAMES:
        held = getattr(left, kind)
        for path in list(held):
            parts = path.split("/")
            above = ("/".join(parts[:n]) for n in range(1, len(parts)))
            if any(one not in left.folders for one in above):
                del held[path]
