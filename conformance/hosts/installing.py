"""Makes a tree: beside its place first, and renamed into it when it is complete.

There is never a half tree, however the process ends: the unfinished one is removed with the process, ``kill
-9`` included. Two processes that install the same tree wait for each other.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from snaptree.conformance.driver import DriverUnavailable
from snaptree.conformance.hosts.apt import Package, PrivateApt, check_host
from snaptree.conformance.hosts.cache import cache_folder
from snaptree.conformance.hosts.progress import CommandFailed, Progress, no_progress
from snaptree.conformance.hosts.recipe import Recipe
from snaptree.conformance.hosts.tree import MARKER, Tree
from snaptree.conformance.hosts.unpacking import unpack
from snaptree.conformance.processes.reaper import WorkFolder


def place_of(recipe: Recipe) -> Path:
    """The folder of the tree of a recipe, whether or not it exists."""
    return cache_folder(make=False) / "trees" / f"{recipe.name}-{recipe.digest}"


def find_tree(recipe: Recipe) -> Tree | None:
    """The tree, if it is complete."""
    tree = Tree(place_of(recipe))
    return tree if (tree.path / MARKER).is_file() else None


def require_tree(recipe: Recipe) -> Tree:
    """The tree. Raises DriverUnavailable, with the command that makes it, if it is missing or unusable."""
    tree = find_tree(recipe)
    if tree is None:
        raise DriverUnavailable(
            f"{recipe.name} is not installed, neither on this host nor in a private tree",
            install=f"snaptree drivers --install {recipe.name}",
        )
    tree.check()
    return tree


def install(recipe: Recipe, progress: Progress = no_progress) -> Tree:
    """Make the tree, unless it exists. Removes the unfinished tree when it raises DriverUnavailable."""
    found = find_tree(recipe)
    if found is not None:
        found.check()
        return found
    check_host()
    place = place_of(recipe)
    cache_folder()
    try:
        place.parent.mkdir(exist_ok=True)
        with _alone(place.with_suffix(".lock"), progress):
            if find_tree(recipe) is None:
                _made(recipe, place, progress)
    except CommandFailed as error:
        raise DriverUnavailable(f"{recipe.name} cannot be installed: {error}") from None
    except OSError as error:
        raise DriverUnavailable(f"{recipe.name} cannot be installed in {place.parent}: {error}") from None
    tree = Tree(place)
    tree.check()
    return tree


def _made(recipe: Recipe, place: Path, progress: Progress) -> None:
    work = WorkFolder(place.parent, f"{recipe.name}.partial-")
    try:
        apt = PrivateApt(work.path / "apt", recipe)
        mirror = apt.update(progress)
        packages = apt.chosen()
        debs = apt.fetch(packages, progress)
        tree = Tree(work.path / "tree")
        unpack(debs, tree.path, recipe.left_out, progress)
        if recipe.finish is not None:
            progress(recipe.finishing, 0, 0)
            recipe.finish(tree)
        _mark(tree, recipe, packages, mirror)
        os.sync()
        tree.path.rename(place)
    finally:
        work.remove()


def _mark(tree: Tree, recipe: Recipe, packages: list[Package], mirror: str) -> None:
    versions = {one.name: one.version for one in packages}
    record = {
        "name": recipe.name,
        "version": versions.get(recipe.version_of, ""),
        "suite": recipe.suite,
        "mirror": mirror,
        "versions": versions,
    }
    (tree.path / MARKER).write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")


@contextmanager
def _alone(lock: Path, progress: Progress) -> Iterator[None]:
    """Hold the lock; it is released when the process ends."""
    with lock.open("w") as held:
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            progress("another process installs the same; waiting for it", 0, 0)
            fcntl.flock(held, fcntl.LOCK_EX)
        yield
