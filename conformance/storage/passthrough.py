"""The file system that records: a folder seen through FUSE. It is run as a process of its own.

Every call goes to the folder behind it, one at a time, so the order of the effects is one order. The process
ends when the other end of its socket is gone, however that happened, and unmounts first.
"""

from __future__ import annotations

import ctypes
import errno
import os
import signal
import stat
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from fnmatch import fnmatch
from itertools import filterfalse
from multiprocessing.connection import Connection
from pathlib import Path
from time import monotonic_ns
from typing import Any, Final

from snaptree.conformance.storage.effects import Effect, Fault, Kind

os.environ.setdefault("FUSE_LIBRARY_NAME", "fuse3")

import mfusepy

SAME_LEVEL: Final = ("st_atime", "st_ctime", "st_mtime", "st_gid", "st_mode", "st_nlink", "st_size", "st_uid")

KEEP_SIZE: Final = 0x01
PUNCH_HOLE: Final = 0x02
ZERO_RANGE: Final = 0x10

OF_STORAGE: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EIO})
"""Errors that no call of a driver causes."""

_OUR_CLEANERS: Final = (b"/conformance/processes/reaper.py", b"/conformance/processes/guard.py")

_libc: Final = ctypes.CDLL(None, use_errno=True)


class Log:
    """Counts the effects, holds them, and puts a fault in."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._effects: list[Effect] = []
        self._owners: dict[int, tuple[int, int]] = {}
        self._fault: Fault | None = None
        self._counted = 0
        self._struck = 0
        self._dead = False
        self._gave_out = ""

    def begin(self, fault: Fault | None) -> None:
        """Forget everything, and wait for the fault, if there is one."""
        with self._lock:
            self._effects = []
            self._owners = {}
            self._fault, self._counted, self._struck, self._dead = fault, 0, 0, False

    def take(self) -> tuple[list[Effect], int, str]:
        """The effects since ``begin``, how often the fault struck, and why the storage below gave out."""
        with self._lock:
            return list(self._effects), self._struck, self._gave_out

    def give_out(self, path: str, error: OSError) -> None:
        """The storage below failed, which is nobody's call: all that follows would be judged wrongly."""
        with self._lock:
            self._gave_out = self._gave_out or f"{path}: {error.strerror}"

    def admit(self, kind: str, path: str) -> None:
        """Raise the error that is put in at this effect, if it is this one."""
        with self._lock:
            if self._dead:
                raise OSError(errno.EIO, "the process was killed")
            fault = self._fault
            if fault is None or kind not in fault.kinds or not fnmatch(path, fault.files):
                return
            self._counted += 1
            if self._counted < fault.number or (self._counted > fault.number and not fault.for_ever):
                return
            self._struck += 1
            if not fault.error:
                self._dead = True
                for process in filterfalse(_cleans_up, _family(fault.process)):
                    with suppress(ProcessLookupError):
                        os.kill(process, signal.SIGKILL)
            raise OSError(fault.error or errno.EIO, "put in")

    def add(self, kind: Kind, path: str, begun: int, **rest: Any) -> None:
        """Record an effect that happened."""
        task = int(mfusepy.fuse_get_context()[2])
        with self._lock:
            if task not in self._owners:
                # The kernel names the thread. It waits for this effect, so it is there.
                process = _status(task, "Tgid") or task
                self._owners[task] = process, _parent(process)
            process, parent = self._owners[task]
            self._effects.append(
                Effect(kind, path, process=process, parent=parent, begun=begun, ended=monotonic_ns(), **rest)
            )


def _parent(process: int) -> int:
    return _status(process, "PPid")


def _status(task: int, key: str) -> int:
    """A number from what the kernel says of a thread; 0 if it is gone."""
    try:
        status = Path(f"/proc/{task}/status").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in status.splitlines() if line.startswith(f"{key}:")), 0)


def _family(process: int) -> Iterator[int]:
    """A process and everything that it started, the youngest generation last."""
    parents = {int(one): _parent(int(one)) for one in os.listdir("/proc") if one.isdigit()}
    found = [process]
    for one in found:
        yield one
        found += [child for child, parent in parents.items() if parent == one and child not in found]


def _cleans_up(process: int) -> bool:
    """Whether a process is one of ours that only removes what others leave: it outlives them."""
    try:
        words = Path(f"/proc/{process}/cmdline").read_bytes().split(b"\0")
    except OSError:
        return False
    return any(word.endswith(one) for word in words for one in _OUR_CLEANERS)


class Passthrough(mfusepy.Operations):
    """The calls of the kernel, carried out on the folder ``store``."""

    use_ns = True

    def __init__(self, store: str, log: Log) -> None:
        self._store = store
        self._log = log

    def init_with_config(self, connection: Any, config: Any) -> None:  # noqa: ARG002 - as libfuse calls it
        """Settings that no option has."""
        if config is not None:
            # A file that has lost its name is still written to. Calls on open files come without a path.
            config.nullpath_ok = 1

    def _real(self, path: str) -> str:
        return self._store + path

    def _name(self, fh: int) -> str:
        """The path of an open file as it is now."""
        return os.readlink(f"/proc/self/fd/{fh}").removeprefix(self._store).removesuffix(" (deleted)")

    def _did(
        self,
        kind: Kind,
        path: str,
        effect: Callable[[], Any],
        told: Callable[[Any], dict[str, Any]] | None = None,
    ) -> Any:
        shown = path.lstrip("/")
        self._log.admit(kind, shown)
        begun = monotonic_ns()
        try:
            done = effect()
        except OSError as error:
            if error.errno in OF_STORAGE:
                self._log.give_out(shown, error)
            raise
        self._log.add(kind, shown, begun, **({} if told is None else told(done)))
        return done

    def getattr(self, path: str | None, fh: int | None = None) -> dict[str, Any]:
        """The attributes of a file."""
        found = os.fstat(fh) if fh is not None else os.lstat(self._real(path or "/"))
        times = {f"st_{one}time": getattr(found, f"st_{one}time_ns") for one in "acm"}
        return {key: getattr(found, key) for key in (*SAME_LEVEL, "st_ino", "st_blocks")} | times

    def readdir(self, path: str | None, fh: int) -> Any:  # noqa: ARG002 - no path comes
        """The names in a folder, with their inodes: a name that has none is shown to nobody."""
        shown = [(name, os.lstat(name, dir_fd=fh)) for name in os.listdir(fh)]
        here = os.fstat(fh)
        return [
            (name, {"st_ino": found.st_ino, "st_mode": found.st_mode}, 0)
            for name, found in ((".", here), ("..", here), *shown)
        ]

    def opendir(self, path: str) -> int:
        """A descriptor of a folder."""
        return os.open(self._real(path), os.O_RDONLY | os.O_DIRECTORY)

    def releasedir(self, path: str | None, fh: int) -> int:  # noqa: ARG002 - the descriptor says which
        """Close a folder."""
        os.close(fh)
        return 0

    def readlink(self, path: str) -> str:
        """The target of a symbolic link."""
        return os.readlink(self._real(path))

    def statfs(self, path: str) -> dict[str, int]:
        """The space on the file system behind."""
        found = os.statvfs(self._real(path))
        keys = ("bavail", "bfree", "blocks", "bsize", "favail", "ffree", "files", "frsize", "namemax")
        return {f"f_{key}": getattr(found, f"f_{key}") for key in keys}

    def open(self, path: str, flags: int) -> int:
        """A descriptor; O_TRUNC arrives here as well."""
        self._log.admit("open", path.lstrip("/"))
        if flags & os.O_TRUNC and stat.S_ISREG(os.lstat(self._real(path)).st_mode):
            self.truncate(path, 0)
        # O_APPEND: the kernel says where to write. O_DIRECT: its alignment is not ours.
        return os.open(self._real(path), flags & ~(os.O_TRUNC | os.O_APPEND | os.O_DIRECT))

    def create(self, path: str, mode: int, fi: Any = None) -> int:
        """A new file, open."""
        flags = (fi if isinstance(fi, int) else os.O_RDWR) & ~(os.O_APPEND | os.O_DIRECT)

        def make() -> int:
            return os.open(self._real(path), flags | os.O_CREAT | os.O_EXCL, mode)

        return int(self._did("create", path, make, lambda fd: {"inode": os.fstat(fd).st_ino, "mode": mode}))

    def mknod(self, path: str, mode: int, dev: int) -> int:
        """A file that is no folder."""

        def make() -> int:
            os.mknod(self._real(path), mode, dev)
            return os.lstat(self._real(path)).st_ino

        if stat.S_ISREG(mode):
            self._did("create", path, make, lambda inode: {"inode": inode, "mode": stat.S_IMODE(mode)})
        else:
            make()  # sockets and pipes are no state
        return 0

    def read(self, path: str | None, size: int, offset: int, fh: int) -> bytes:  # noqa: ARG002 - no path comes
        """What a file holds."""
        self._log.admit("read", self._name(fh).lstrip("/"))
        return os.pread(fh, size, offset)

    def write(self, path: str | None, data: bytes, offset: int, fh: int) -> int:  # noqa: ARG002 - no path comes
        """Write, in the pieces that the kernel cuts."""

        def put() -> int:
            return os.pwrite(fh, data, offset)

        def told(written: int) -> dict[str, Any]:
            return {"inode": os.fstat(fh).st_ino, "offset": offset, "data": data[:written]}

        return int(self._did("write", self._name(fh), put, told))

    def truncate(self, path: str | None, length: int, fh: int | None = None) -> int:
        """Cut or grow a file."""
        where: int | str = self._real(path or "/") if fh is None else fh

        def cut() -> int:
            os.truncate(where, length)
            return os.stat(where).st_ino

        self._did(
            "truncate",
            self._name(fh) if fh is not None else path or "",
            cut,
            lambda inode: {"inode": inode, "size": length},
        )
        return 0

    def fallocate(self, path: str | None, mode: int, offset: int, size: int, fh: int) -> int:  # noqa: ARG002 - no path comes
        """Grow a file, or make a part of it read zero."""
        if mode & ~(KEEP_SIZE | PUNCH_HOLE | ZERO_RANGE):
            raise OSError(errno.EOPNOTSUPP, "no such fallocate")

        def allocate() -> None:
            done = _libc.fallocate(fh, mode, ctypes.c_long(offset), ctypes.c_long(size))
            if done:
                raise OSError(ctypes.get_errno(), "fallocate")

        def told(_: None) -> dict[str, Any]:
            return {"inode": os.fstat(fh).st_ino, "offset": offset, "size": size, "mode": mode}

        self._did("allocate", self._name(fh), allocate, told)
        return 0

    def mkdir(self, path: str, mode: int) -> int:
        """A new folder."""
        self._did("mkdir", path, lambda: os.mkdir(self._real(path), mode), lambda _: {"mode": mode})
        return 0

    def rmdir(self, path: str) -> int:
        """Remove an empty folder."""
        self._did("rmdir", path, lambda: os.rmdir(self._real(path)))
        return 0

    def unlink(self, path: str) -> int:
        """Remove a name."""
        self._did("unlink", path, lambda: os.unlink(self._real(path)))
        return 0

    def symlink(self, target: str, source: str) -> int:
        """A symbolic link called ``target``."""
        self._did("symlink", target, lambda: os.symlink(source, self._real(target)), lambda _: {"to": source})
        return 0

    def link(self, target: str, source: str) -> int:
        """A second name of a file."""
        there = target.lstrip("/")
        self._did(
            "link", source, lambda: os.link(self._real(source), self._real(target)), lambda _: {"to": there}
        )
        return 0

    def rename(self, old: str, new: str) -> int:
        """Another name; one that is there goes."""
        there = new.lstrip("/")
        self._did("rename", old, lambda: os.rename(self._real(old), self._real(new)), lambda _: {"to": there})
        return 0

    def chmod(self, path: str | None, mode: int, fh: int | None = None) -> int:
        """Permissions."""
        where: int | str = self._real(path or "/") if fh is None else fh
        name = path or "" if fh is None else self._name(fh)
        self._did("mode", name, lambda: os.chmod(where, mode), lambda _: {"mode": mode})
        return 0

    def chown(self, path: str | None, uid: int, gid: int) -> int:
        """An owner, which no crash changes."""
        if path is not None:
            os.chown(self._real(path), uid, gid, follow_symlinks=False)
        return 0

    def utimens(self, path: str | None, times: tuple[int, int] | None = None) -> int:
        """Times, which are no state."""
        if path is not None and times is not None:
            os.utime(self._real(path), ns=times, follow_symlinks=False)
        return 0

    def fsync(self, path: str | None, datasync: int, fh: int) -> int:  # noqa: ARG002 - both make the data last
        """Make a file last."""
        self._did("fsync", self._name(fh), lambda: os.fstat(fh).st_ino, lambda inode: {"inode": inode})
        return 0

    def fsyncdir(self, path: str | None, datasync: int, fh: int) -> int:  # noqa: ARG002 - no path comes
        """Make the names in a folder last."""
        self._did("fsyncdir", self._name(fh), lambda: None)
        return 0

    def release(self, path: str | None, fh: int) -> int:  # noqa: ARG002 - the descriptor says which
        """Close a file."""
        os.close(fh)
        return 0


class Fuse(mfusepy.FUSE):
    """mfusepy drops what matters here: flags of a rename, and which open file is cut."""

    def rename_fuse_3(self, old: bytes, new: bytes, flags: int) -> Any:
        """Without flags only: an exchange that is done as a rename loses one of two files."""
        return -errno.EINVAL if flags else self.rename_fuse_2(old, new)

    def truncate_fuse_3(self, path: bytes | None, length: int, fip: Any) -> Any:
        """With the open file, if it is one."""
        return self.operations.truncate(_text(path), length, fip.contents.fh if fip else None)

    def chmod_fuse_3(self, path: bytes | None, mode: int, fip: Any) -> Any:
        """With the open file, if it is one."""
        return self.operations.chmod(_text(path), mode, fip.contents.fh if fip else None)


def _text(path: bytes | None) -> str | None:
    return None if path is None else path.decode("utf-8", "surrogateescape")


def _serve(pipe: Connection, log: Log, mount: str) -> None:
    """Answer the runner until it is gone, then unmount."""
    try:
        while True:
            kind, given = pipe.recv()
            if kind == "end":
                break
            if kind == "begin":
                log.begin(given)
            pipe.send(log.take())
    except (EOFError, OSError):
        pass
    finally:
        for command in (["fusermount3", "-u", "-z", mount], ["umount", "-l", mount]):
            with suppress(OSError):
                if subprocess.run(command, capture_output=True, check=False).returncode == 0:
                    break
        # What still has a file open there must not keep this process.
        os._exit(0)


def main(store: str, mount: str, socket: int) -> None:
    """Mount, and serve the kernel and the runner."""
    for stop in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(stop, signal.SIG_IGN)
    os.umask(0)
    log = Log()
    pipe = Connection(socket)
    threading.Thread(target=_serve, args=(pipe, log, mount), daemon=True).start()
    Fuse(
        Passthrough(store, log), mount, foreground=True, nothreads=True, fsname=FSNAME, subtype="snaptree",
        hard_remove=True, use_ino=True, attr_timeout=0, entry_timeout=0, negative_timeout=0,
    )  # fmt: skip


FSNAME: Final = f"snaptree-{os.getpid()}"

if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
