"""The driver's process inside a private tree: another libvirt and another QEMU, with their own Python.

snaptree is seen inside where it lies on this host; what else its server imports, the
tree has as packages. Files are made in the tree's own ``tmp``, in memory, and go with the process.
"""

from __future__ import annotations

from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from snaptree.conformance.driver import DriverOptions, DriverUnavailable
from snaptree.conformance.hosts import SYSTEMS, Bind, require_tree

PACKAGES: Final = ("snaptree.spec", "snaptree.schemas", "snaptree.conformance", "snaptree.simulator")

_INSIDE: Final = "/mnt/snaptree"
"""Where snaptree lies inside."""

_READ_BY_LIBVIRT: Final = (Path("/sys/devices/system/cpu"),)
"""Without it libvirt starts no domain, and does not say why."""

_PYTHON: Final = "/usr/bin/python3"


def command_within(name: str, served: str, options: DriverOptions) -> list[str]:
    """The command that serves a driver inside the tree of that name.

    Raises DriverUnavailable for a name that there is not, with the command that installs one
    that there is.
    """
    recipe = SYSTEMS.get(name)
    if recipe is None or "python3-libvirt" not in recipe.packages:
        known = ", ".join(one.name for one in SYSTEMS.values() if "python3-libvirt" in one.packages)
        raise DriverUnavailable(f"tree={name!r:.50} is none that has libvirt: {known}")
    if options.keep:
        raise DriverUnavailable("--keep is of no use inside a tree: what is made there goes with the process")
    tree = require_tree(recipe)
    binds: list[Bind | Path] = [*_sources(), *(path for path in _READ_BY_LIBVIRT if path.exists())]
    if options.work is not None:
        binds.append(options.work)
    return tree.command(
        [_PYTHON, "-m", "snaptree.conformance.drivers.remote.server", served],
        binds=binds,
        environment={"PYTHONPATH": _INSIDE, "PYTHONDONTWRITEBYTECODE": "1"},
    )


def _sources() -> Iterator[Bind]:
    """The folder of every package of snaptree's; an editable installation has links to them."""
    for package in PACKAGES:
        spec = find_spec(package)
        assert spec is not None, "it is part of this installation"
        folder = Path(spec.origin or "").resolve().parent
        yield Bind(folder, f"{_INSIDE}/snaptree/{package.rpartition('.')[2]}")
