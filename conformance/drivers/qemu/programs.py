"""Which QEMU a driver judges: the host's, a build of the user's own, or that of a private tree.

A build is run where it was made. The programs of a tree are run by the loader of that tree, with its
libraries, in the file system of the host: they need no root folder of their own.
"""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from snaptree.conformance.driver import DriverUnavailable
from snaptree.conformance.hosts import SYSTEMS, Tree, find_tree

SETTINGS: Final[Mapping[str, str]] = {
    "build": "the folder in which you built QEMU, run in place",
    "tree": "a private tree with QEMU, such as libvirt-trixie",
}
"""Settings of the drivers that judge QEMU; the reports name version and commit where one of them is given."""

PROGRAMS: Final = ("qemu-img", "qemu-io", "qemu-system-x86_64")

_BIN: Final = "bin"


def programs_of(settings: Mapping[str, str], work: Path) -> Mapping[str, str]:
    """The settings with ``qemu-bin`` as ``build`` or ``tree`` asks; scripts for a tree are made in ``work``.

    Raises DriverUnavailable for a folder without qemu-img, for a tree that is unknown, missing or without
    QEMU, and where two of the three are given.
    """
    given = [name for name in (*SETTINGS, "qemu-bin") if name in settings]
    if len(given) > 1:
        raise DriverUnavailable(f"{' and '.join(given)} both say which QEMU to use; give one of them")
    if "build" in settings:
        return {**settings, "qemu-bin": str(_build(Path(settings["build"]).absolute()))}
    if "tree" in settings:
        return {**settings, "qemu-bin": str(_within(_tree(settings["tree"]), work / _BIN))}
    return settings


def _build(folder: Path) -> Path:
    """The folder itself, or ``build`` in it if it is the top of QEMU's sources."""
    for place in (folder, folder / "build"):
        if (place / PROGRAMS[0]).is_file():
            return place
    raise DriverUnavailable(
        f"build={str(folder)!r:.200} has no {PROGRAMS[0]}: name the folder QEMU was built in"
    )


def _tree(name: str) -> Tree:
    recipe = SYSTEMS.get(name)
    if recipe is None or "qemu-utils" not in recipe.packages:
        known = ", ".join(one.name for one in SYSTEMS.values() if "qemu-utils" in one.packages)
        raise DriverUnavailable(f"tree={name!r:.50} is none that has QEMU; there is {known}")
    tree = find_tree(recipe)
    if tree is None:
        raise DriverUnavailable(
            f"the private tree {name} is not installed", install=f"snaptree drivers --install {name}"
        )
    return tree


def _within(tree: Tree, folder: Path) -> Path:
    """A folder of scripts, each of which becomes a program of the tree."""
    loader = next(tree.path.glob("usr/lib/*/ld-linux*.so.*"), None)
    if loader is None:
        raise DriverUnavailable(f"the private tree {tree.path} has no loader for its programs")
    folder.mkdir()
    for name in PROGRAMS:
        words = [str(loader), "--library-path", str(loader.parent), str(tree.path / "usr/bin" / name)]
        script = folder / name
        modules = shlex.quote(str(loader.parent / "qemu"))
        script.write_text(f'#!/bin/sh\nQEMU_MODULE_DIR={modules} exec {shlex.join(words)} "$@"\n', "utf-8")
        script.chmod(0o700)
    return folder
