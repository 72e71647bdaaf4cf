"""An installed tree, and running programs inside it.

A program inside sees a root folder of its own, in memory, that is removed with it: ``usr``, ``etc``,
``var`` and ``opt`` of the tree, read-only; ``proc``; a few devices of the host; empty ``tmp`` and ``run``;
and bound folders of the host, at the same path or at another. A program therefore never changes the tree,
and many can run at once. Network and processes are the host's.
"""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from snaptree.conformance.driver import DriverUnavailable

MARKER: Final = "snaptree-tree.json"
"""Written last, in the top of a tree: it is complete, and these are the versions of its packages."""

_ENVIRONMENT: Final = {"PATH": "/usr/local/bin:/usr/bin:/usr/sbin", "HOME": "/root", "LC_ALL": "C.UTF-8"}

# The mount points are in a mount namespace that ends with its last process: nothing is to be unmounted.
_ENTER: Final = """
tree=$1 root=$1/mnt folder=$2; shift 2
mount -t tmpfs -o mode=755 snaptree "$root"
cd "$root"
mkdir usr etc var opt proc dev dev/shm tmp run root
chmod 1777 tmp dev/shm
for name in usr etc var opt; do
    mount --bind "$tree/$name" "$name"
    mount -o remount,bind,ro "$name"
done
for name in bin sbin lib lib64; do ln -s "usr/$name" "$name"; done
mount -t proc proc proc
for name in null zero full random urandom; do
    : > "dev/$name"
    mount --bind "/dev/$name" "dev/$name"
done
ln -s /proc/self/fd dev/fd
while [ "$1" != -- ]; do
    if [ -d "$1" ]; then mkdir -p ".$2"; else mkdir -p ".${2%/*}"; [ -e ".$2" ] || : > ".$2"; fi
    mount --bind "$1" ".$2"
    shift 2
done
shift
exec chroot . /usr/bin/env -i -C "$folder" "$@"
"""


@dataclass(frozen=True)
class Bind:
    """A file or folder of the host that is visible inside, writable; ``target`` if not at its own path."""

    source: Path
    target: str | None = None


@dataclass(frozen=True)
class Tree:
    """A complete tree. ``path`` is its folder on the host."""

    path: Path

    @property
    def versions(self) -> dict[str, str]:
        """The versions of its packages, by name."""
        found: dict[str, str] = self.read_mark()["versions"]
        return found

    def read_mark(self) -> dict[str, Any]:
        """What was written when it was made. Raises OSError or ValueError for a tree that is none."""
        record: dict[str, Any] = json.loads((self.path / MARKER).read_text(encoding="utf-8"))
        return record

    def command(
        self,
        argv: Sequence[str],
        *,
        binds: Iterable[Bind | Path] = (),
        environment: Mapping[str, str] | None = None,
        folder: str = "/",
    ) -> list[str]:
        """The command that runs ``argv`` inside, for callers that start processes themselves.

        Of the caller's environment only ``environment`` is passed. The started process becomes ``argv`` by
        exec: its id, exit code and streams are those of ``argv``. Only root can run it. ``tmp`` is in
        memory: bind a folder for large files.
        """
        pairs: list[str] = []
        for one in binds:
            bind = one if isinstance(one, Bind) else Bind(one)
            source = os.fspath(bind.source.absolute())
            pairs += [source, bind.target or source]
        settings = [f"{key}={value}" for key, value in {**_ENVIRONMENT, **(environment or {})}.items()]
        return [
            "unshare", "--mount", "--propagation", "private", "--",
            "/bin/sh", "-eu", "-c", _ENTER, "snaptree",
            os.fspath(self.path), folder, *pairs, "--", *settings, *argv,
        ]  # fmt: skip

    def run(
        self,
        argv: Sequence[str],
        *,
        binds: Iterable[Bind | Path] = (),
        environment: Mapping[str, str] | None = None,
        folder: str = "/",
        timeout: float | None = None,
    ) -> subprocess.CompletedProcess[str]:
        """Run ``argv`` inside to its end and return its output. Raises subprocess.TimeoutExpired."""
        return subprocess.run(
            self.command(argv, binds=binds, environment=environment, folder=folder),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=timeout,
            check=False,
        )

    def check(self) -> None:
        """Raise DriverUnavailable if nothing can be run inside, for example in a container that may not
        mount.
        """
        if os.geteuid() != 0:
            raise DriverUnavailable(f"the private tree {self.path} is entered by root only")
        try:
            ran = self.run(["/usr/bin/true"], timeout=60)
        except (OSError, subprocess.TimeoutExpired) as error:
            raise DriverUnavailable(f"the private tree {self.path} cannot be entered: {error}") from None
        if ran.returncode != 0:
            raise DriverUnavailable(
                f"the private tree {self.path} cannot be entered, which takes leave to mount:"
                f" {ran.stderr.strip()}"
            )
