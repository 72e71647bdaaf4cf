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

LIBVIRT_TRIXIE: Final = Recipe(
    name="libvirt-trixie",
    about="Debian 13's libvirt and QEMU, and a Python to drive them with: libvirt:qemu:///embed?tree=libvirt-trixie",
    suite="trixie",
    packages=(
        "python3", "python3-libvirt", "python3-jsonschema", "python3-rpds-py", "python3-lxml",
        "libvirt-daemon-common", "libvirt-daemon-driver-qemu", "qemu-system-x86", "qemu-utils",
        "coreutils", "dash", "libc-bin", "base-files", "util-linux",
    ),
    version_of="libvirt0",
    # What runs when a package is configured, and what draws or plays: nothing is shown.
    excluded=("perl*", "libperl*", "libllvm*", "mesa-*", "libgl1-mesa-dri", "systemd", "dbus*", "polkitd*"),
)  # fmt: skip

SYSTEMS: Final[dict[str, Recipe]] = {recipe.name: recipe for recipe in (VIRTUALBOX, VCSIM, LIBVIRT_TRIXIE)}
"""Recipes by the name that ``snaptree drivers --install`` takes."""
