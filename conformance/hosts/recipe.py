"""The content of a private tree, as a value."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from snaptree.conformance.hosts.tree import Tree

FORM: Final = 1
"""Counts changes of how a tree is made from its recipe; an older tree is then not used any more."""


@dataclass(frozen=True)
class Recipe:
    """A tree of packages of one Debian suite.

    ``packages`` are installed with their dependencies, but without recommended packages. ``provided`` are
    names that a dummy package provides, such as an unwanted kernel module. ``excluded`` are glob patterns
    of packages that are neither downloaded nor unpacked although something depends on them. ``left_out``
    are patterns, as in tar's ``--exclude``, of files that are not unpacked. ``version_of`` is the package
    whose version is the version of the system.

    ``finish`` is called with the unpacked tree before it takes its place, for example to compile something
    in it. ``finishing`` names that work; a changed name makes a new tree.
    """

    name: str
    about: str
    suite: str
    packages: tuple[str, ...]
    version_of: str
    components: tuple[str, ...] = ("main",)
    provided: tuple[str, ...] = ()
    excluded: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ("./usr/share/doc/*", "./usr/share/man/*", "./usr/share/locale/*")
    finishing: str = ""
    finish: Callable[[Tree], None] | None = field(default=None, compare=False)

    @property
    def digest(self) -> str:
        """Eight hex digits that change with the content of the recipe."""
        made_of = {
            one.name: getattr(self, one.name) for one in fields(self) if one.name not in ("about", "finish")
        }
        return hashlib.sha256(json.dumps([FORM, made_of]).encode()).hexdigest()[:8]
