"""The systems that can be installed in a private tree."""

from __future__ import annotations

from typing import Final

from snaptree.conformance.hosts.recipe import Recipe
from snaptree.conformance.hosts.vcsim import VCSIM

VIRTUALBOX: Final = Recipe(
    name="virtualbox",
    about="VirtualBox without its kernel module: machines that are off",
    # In no stable suite, for want of security support.
    suite="sid",
    components=("main", "contrib"),
    packages=(
        "virtualbox", "coreutils", "bash", "dash", "libc-bin", "base-files", "util-linux",
        "systemd-standalone-sysusers",
    ),
    version_of="virtualbox",
    # The module would be built for the host's kernel. No guest is started.
    provided=("virtualbox-modules",),
    # What draws windows, and what runs when a package is configured.
    excluded=("libllvm*", "libz3-*", "mesa-*", "libgl1-mesa-dri", "perl*", "libperl*"),
)  # fmt: skip

SYSTEMS: Final[dict[str, Recipe]] = {recipe.name: recipe for recipe in (VIRTUALBOX, VCSIM)}
"""Recipes by the name that ``snaptree drivers --install`` takes."""
