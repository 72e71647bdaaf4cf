"""vcsim: a small main program over govmomi's simulator, compiled in a tree that has Go and govmomi.

Debian has the simulator as a library only. The program is linked statically, so it runs on the host. The
tree is reduced to little more than the program.
"""

from __future__ import annotations

import hashlib
import shutil
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Final

from snaptree.conformance.driver import DriverUnavailable
from snaptree.conformance.hosts.installing import find_tree
from snaptree.conformance.hosts.recipe import Recipe
from snaptree.conformance.hosts.tree import Bind, Tree

_SOURCE: Final = files("snaptree.conformance.hosts").joinpath("vcsim.go").read_bytes()

_LIBRARY: Final = "golang-github-vmware-govmomi-dev"

_COMPILING: Final = 900.0
"""Seconds; seen: 22 on two idle cores."""

_BULK: Final = ("usr/lib/go-*", "usr/share/go-*", "usr/share/gocode")
"""What nobody needs once the program is compiled: nearly half a gigabyte."""


def _compile(tree: Tree) -> None:
    """Compile the program into the top of the tree, and remove the compiler."""
    build = tree.path / "build"
    build.mkdir()
    (build / "main.go").write_bytes(_SOURCE)
    environment = {
        "GO111MODULE": "off",
        "GOPATH": "/usr/share/gocode",
        "GOCACHE": "/build/cache",
        "GOTMPDIR": "/build",
        "CGO_ENABLED": "0",
    }
    ran = tree.run(
        ["/usr/bin/go", "build", "-trimpath", "-ldflags", "-s -w", "-o", "/build/vcsim", "/build/main.go"],
        binds=[Bind(build, "/build")],
        environment=environment,
        folder="/build",
        timeout=_COMPILING,
    )
    if ran.returncode != 0:
        raise DriverUnavailable(f"vcsim cannot be compiled: {ran.stderr.strip()[-1000:]}")
    (build / "vcsim").rename(tree.path / "vcsim")
    shutil.rmtree(build)
    for pattern in _BULK:
        for bulk in tree.path.glob(pattern):
            shutil.rmtree(bulk)


VCSIM: Final = Recipe(
    name="vcsim",
    about="the simulator of ESX and vCenter that the govmomi project makes",
    # Seen: Debian 12, 13 and unstable have the same version of govmomi, 0.24.2.
    suite="bookworm",
    packages=("golang-go", _LIBRARY, "coreutils"),
    version_of=_LIBRARY,
    finishing=f"compiling vcsim ({hashlib.sha256(_SOURCE).hexdigest()[:8]})",
    finish=_compile,
)


@dataclass(frozen=True)
class Vcsim:
    """The compiled program, and its version of govmomi."""

    path: Path
    version: str


def vcsim() -> Vcsim:
    """The program. Raises DriverUnavailable, with the command that makes it, if it is missing."""
    tree = find_tree(VCSIM)
    if tree is None:
        raise DriverUnavailable("vcsim is not installed", install="snaptree drivers --install vcsim")
    # Debian's own revision says nothing about what the program does.
    return Vcsim(tree.path / "vcsim", str(tree.read_mark()["version"]).partition("-")[0])
