"""Replay: the recorded folder after any number of its effects, in memory and written out again.

What is covered is every prefix of the one order in which the effects were recorded. Where two processes that
one parent started work side by side, another order could have been: there a state without the last effect of
one of them is a moment as well.
"""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from fnmatch import fnmatch
from hashlib import blake2b
from pathlib import Path
from typing import Final

from snaptree.conformance.driver import DriverUnavailable
from snaptree.conformance.storage.effects import Effect

KEEP_SIZE: Final = 0x01
ZEROES: Final = 0x02 | 0x10
"""Modes of fallocate: punch a hole, zero a range."""


class ReplayFault(RuntimeError):
    """A replay that is not the folder that it was recorded from: a fault of snaptree, never of a driver."""


@dataclass
class File:
    """What an inode holds; the digest is found again only after a change."""

    content: bytearray
    mode: int = 0o644
    digest: bytes | None = None

    def summed(self) -> bytes:
        """The digest of its content."""
        if self.digest is None:
            self.digest = blake2b(self.content, digest_size=16).digest()
        return self.digest


@dataclass
class Folder:
    """A folder in memory: names of files with their inodes, folders and symbolic links, by path."""

    names: dict[str, int] = field(default_factory=dict)
    files: dict[int, File] = field(default_factory=dict)
    folders: dict[str, int] = field(default_factory=dict)
    links: dict[str, str] = field(default_factory=dict)

    @classmethod
    def read(cls, top: Path) -> Folder:
        """What lies in a folder; sockets and pipes are no state."""
        read = cls()
        for where, folders, files in os.walk(top):
            for name in (*folders, *files):
                path = os.path.join(where, name)
                shown = os.path.relpath(path, top)
                found = os.lstat(path)
                if stat.S_ISLNK(found.st_mode):
                    read.links[shown] = os.readlink(path)
                elif stat.S_ISDIR(found.st_mode):
                    read.folders[shown] = stat.S_IMODE(found.st_mode)
                elif stat.S_ISREG(found.st_mode):
                    read.names[shown] = found.st_ino
                    if found.st_ino not in read.files:
                        with open(path, "rb") as content:
                            held = bytearray(content.read())
                        read.files[found.st_ino] = File(held, stat.S_IMODE(found.st_mode))
        return read

    def put(self, inode: int, names: Iterable[str], content: bytes, mode: int) -> None:
        """Add a file under some names."""
        self.files[inode] = File(bytearray(content), mode)
        self.names.update(dict.fromkeys(names, inode))

    def copy(self) -> Folder:
        """Another folder with the same content."""
        files = {
            inode: File(bytearray(one.content), one.mode, one.digest) for inode, one in self.files.items()
        }
        return Folder(dict(self.names), files, dict(self.folders), dict(self.links))

    def digest(self, volatile: Sequence[str] = ()) -> bytes:
        """The same for two folders with the same names and content, but for what matches ``volatile``."""
        sums = blake2b(digest_size=16)
        for path, inode in sorted(self.names.items()):
            if not matches(path, volatile):
                sums.update(f"f{path}\0".encode("utf-8", "surrogateescape") + self.files[inode].summed())
        for path in sorted(self.folders):
            if not matches(path, volatile):
                sums.update(f"d{path}\0".encode("utf-8", "surrogateescape"))
        for path, target in sorted(self.links.items()):
            sums.update(f"l{path}\0{target}\0".encode("utf-8", "surrogateescape"))
        return sums.digest()

    def differing(self, other: Folder) -> list[str]:
        """The paths under which two folders hold something else."""
        paths = {*self.names, *other.names, *self.folders, *other.folders, *self.links, *other.links}
        return sorted(path for path in paths if self._at(path) != other._at(path))

    def _at(self, path: str) -> object:
        if path in self.names:
            return self.files[self.names[path]].summed()
        return self.links.get(path, path in self.folders)

    def sizes(self) -> dict[str, int]:
        """The length of every file by its path."""
        return {path: len(self.files[inode].content) for path, inode in self.names.items()}

    def write_out(self, top: Path) -> None:
        """Write everything to a folder that is empty, or not there. Raises DriverUnavailable."""
        try:
            self._write_out(top)
        except OSError as error:
            raise DriverUnavailable(f"no copy of a recorded folder can be made: {error}") from None

    def _write_out(self, top: Path) -> None:
        top.mkdir(exist_ok=True)
        for path in sorted(self.folders):
            (top / path).mkdir()
        written: dict[int, Path] = {}
        for path, inode in self.names.items():
            there = top / path
            if inode in written:
                os.link(written[inode], there)
                continue
            written[inode] = there
            held = self.files[inode]
            there.write_bytes(held.content)
            if held.mode != 0o644:
                there.chmod(held.mode)
        for path, target in self.links.items():
            (top / path).symlink_to(target)
        for path, mode in self.folders.items():
            (top / path).chmod(mode)

    def apply(self, effect: Effect) -> None:
        """Let one effect happen. Raises ReplayFault for one that cannot."""
        try:
            self._apply(effect)
        except KeyError as error:
            raise ReplayFault(f"{effect.text}: nothing is known of {error}") from None

    def _apply(self, effect: Effect) -> None:
        path = effect.path
        match effect.kind:
            case "create":
                self.names[path] = effect.inode
                self.files[effect.inode] = File(bytearray(), stat.S_IMODE(effect.mode))
            case "write" | "truncate" | "allocate":
                change_file(self.files[effect.inode], effect)
            case "unlink":
                if self.links.pop(path, None) is None:
                    del self.names[path]
            case "rename":
                self._rename(path, effect.to)
            case "link":
                self.names[effect.to] = self.names[path]
            case "symlink":
                self.links[path] = effect.to
            case "mkdir":
                self.folders[path] = stat.S_IMODE(effect.mode)
            case "rmdir":
                del self.folders[path]
            case "mode":
                self._set_mode(path, stat.S_IMODE(effect.mode))
            case "fsync" | "fsyncdir":
                pass

    def _rename(self, old: str, new: str) -> None:
        if old in self.folders:
            for held in (self.names, self.folders, self.links):
                _move(held, old, new)
        elif old in self.links:
            self.names.pop(new, None)
            self.links[new] = self.links.pop(old)
        elif self.names.get(new) != self.names[old] or old not in self.names:
            # Two names of one file: rename does nothing.
            self.links.pop(new, None)
            self.names[new] = self.names.pop(old)

    def _set_mode(self, path: str, mode: int) -> None:
        if path in self.names:
            self.files[self.names[path]].mode = mode
        elif path in self.folders:
            self.folders[path] = mode


def change_file(file: File, effect: Effect) -> None:
    """Let an effect on the content of a file happen."""
    content = file.content
    file.digest = None
    if effect.kind == "truncate":
        del content[effect.size :]
        content.extend(bytes(effect.size - len(content)))
        return
    end = effect.offset + (len(effect.data) if effect.kind == "write" else effect.size)
    if end > len(content) and not (effect.kind == "allocate" and effect.mode & KEEP_SIZE):
        content.extend(bytes(end - len(content)))
    if effect.kind == "write":
        content[effect.offset : end] = effect.data
    elif effect.mode & ZEROES:
        end = min(end, len(content))
        content[effect.offset : end] = bytes(max(0, end - effect.offset))


def _move(held: dict[str, int] | dict[str, str], old: str, new: str) -> None:
    for path in [one for one in held if one == old or one.startswith(f"{old}/")]:
        held[new + path[len(old) :]] = held.pop(path)  # type: ignore[assignment]


def matches(path: str, patterns: Iterable[str]) -> bool:
    """Whether a path, or its last part, is like one of the patterns."""
    return any(fnmatch(path, one) or fnmatch(os.path.basename(path), one) for one in patterns)


@dataclass(frozen=True)
class Moment:
    """A moment at which everything was killed: ``done`` are the effects that had happened, by number from 1.

    ``reordered`` says that it is a moment of another order than the recorded one.
    """

    done: tuple[int, ...]
    of: int
    reordered: bool = False

    @property
    def last(self) -> int:
        """The number of the last effect that had happened."""
        return self.done[-1] if self.done else 0


def moments(effects: Sequence[Effect]) -> Iterator[Moment]:
    """Every prefix of the log, and where two siblings overlap the last effect of the other one alone."""
    total = len(effects)
    for number in range(total + 1):
        yield Moment(tuple(range(1, number + 1)), total)
        if number >= 2 and _side_by_side(effects, number - 2):
            yield Moment((*range(1, number - 1), number), total, reordered=True)


def _side_by_side(effects: Sequence[Effect], place: int) -> bool:
    """Whether an effect and the next one could have happened in the other order.

    Two processes of one parent are at work: the second one before the first effect, the first one after the
    second. What one of them waits for the other with is not seen, so nothing else is taken for side by side.
    """
    first, second = effects[place], effects[place + 1]
    if first.process == second.process or first.parent != second.parent or not first.parent:
        return False
    if {first.path, first.to} & {second.path, second.to} - {""}:
        return False
    before = any(one.process == second.process for one in effects[:place])
    return before and any(one.process == first.process for one in effects[place + 2 :])


def torn(effect: Effect, page: int = 4096) -> Iterator[Effect]:
    """The beginnings of a write that end with a page: a kill does not tear, a loss of power does."""
    if effect.kind == "write":
        first = page - effect.offset % page
        for length in range(first, len(effect.data), page):
            yield Effect("write", effect.path, effect.inode, effect.offset, effect.data[:length])


def states(start: Folder, effects: Sequence[Effect]) -> Iterator[tuple[Moment, Folder]]:
    """Every moment with the folder at it, which the next one changes: use it before going on."""
    now = start.copy()
    earlier: dict[int, Folder] = {}
    happened = 0
    for moment in moments(effects):
        if moment.reordered:
            without = earlier.pop(moment.last - 1)
            # Some effects need the one that is left out: that order could not have been.
            with suppress(ReplayFault):
                without.apply(effects[moment.last - 1])
                yield moment, without
            continue
        while happened < moment.last:
            if happened + 1 < len(effects) and _side_by_side(effects, happened):
                earlier[happened + 1] = now.copy()
            now.apply(effects[happened])
            happened += 1
        yield moment, now


def check_replay(start: Folder, effects: Sequence[Effect], end: Folder) -> None:
    """Raise ReplayFault unless the effects make the one folder of the other, byte for byte."""
    replayed = start.copy()
    for effect in effects:
        replayed.apply(effect)
    wrong = replayed.differing(end)
    if wrong:
        paths = ", ".join(wrong[:5])
        raise ReplayFault(
            f"after {len(effects)} recorded effects the replay differs from the folder in {paths}"
        )


def empty(top: Path) -> None:
    """Remove everything in a folder, but not the folder. Raises OSError."""
    for entry in os.scandir(top):
        if entry.is_dir(follow_symlinks=False):
            shutil.rmtree(entry.path)
        else:
            os.unlink(entry.path)
