"""qemu:///embed, libvirt's QEMU driver in this process, without a daemon and without a place on the host.

Everything lies in one folder: the state of libvirt under ``r`` (its sockets want
a short path), the images of each domain beside it. Nothing is confined, counted
or owned by anybody else: these domains boot nothing.
"""

from __future__ import annotations

import os
import re
import threading
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from snaptree.conformance.driver import DriverOptions, DriverUnavailable
from snaptree.conformance.drivers.kit.qemu_images.tools import Tools, find_tools
from snaptree.conformance.drivers.kit.qemu_images.turnstile import put_first
from snaptree.conformance.drivers.kit.work_folder import DriverFolder
from snaptree.conformance.drivers.libvirt.calls.domain import LibvirtDomain
from snaptree.conformance.drivers.libvirt.hosts import mounts
from snaptree.conformance.drivers.libvirt.hosts.account import have_account
from snaptree.conformance.drivers.libvirt.hosts.address import Address
from snaptree.conformance.drivers.libvirt.hosts.machines import INSTALL, Machines, need_emulator, profile_for
from snaptree.conformance.drivers.libvirt.hosts.place import AT, show, why_not
from snaptree.conformance.drivers.libvirt.hosts.successor import Succession
from snaptree.conformance.drivers.libvirt.library import load
from snaptree.spec.profiles import Profile, profile_from, record_of

_HELPERS: Final = (Path("/usr/lib/libvirt"), Path("/usr/libexec"))
"""Where distributions keep the program that libvirt writes memory images with."""

_CONF: Final = """\
stdio_handler = "file"
user = "root"
group = "root"
security_driver = "none"
namespaces = []
cgroup_controllers = []
remember_owner = 0
"""

_LONGEST_ROOT: Final = 60
"""Bytes; a socket's path has 107, and libvirt adds its own."""


class Embedded:
    """One connection, and the domains on it."""

    def __init__(self, libvirt: Any, address: Address, options: DriverOptions) -> None:
        need_emulator()
        if not any((folder / "libvirt_iohelper").exists() for folder in _HELPERS):
            raise DriverUnavailable(
                "libvirt_iohelper is missing, without which no state is saved", install=INSTALL
            )
        tools = find_tools(options.settings)
        self._libvirt = libvirt
        self.profile = profile_for(address.kind, libvirt.getVersion())
        self._work = DriverFolder(options, "snaptree-libvirt-")
        self.kept_at = self._work.kept_at
        self._address = address
        self._tools = tools
        self._mounts: int | None = None
        try:
            shown = self._shown(address)
            folder = self._work.path if shown is None else AT
            with suppress(OSError):  # what comes of it, libvirt says better
                have_account(self._work.path)
            # Before libvirt looks for it, once.
            put_first(self._work.path / "bin", tools.qemu_img)
            self._connection = _connected(libvirt, _root(address.root, folder))
        except BaseException:
            self._work.abandon()
            raise
        self._machines = Machines(
            libvirt, self._connection, folder, tools, prefix="snaptree", address=address,
            keep=self.kept_at is not None, models=self._work.path, shown=shown,
        )  # fmt: skip

    def _shown(self, address: Address) -> Path | None:
        """The folder that is shown at one place, so that it can be opened again; None if it cannot be."""
        if address.root is not None or address.tree is not None or self.kept_at is not None:
            return None
        if why_not(self._work.path):
            return None
        folder = self._work.path / "0"
        folder.mkdir()
        found = mounts.namespace()
        try:
            show(folder)
        except OSError:  # a container that may not mount
            os.close(found)
            folder.rmdir()
            return None
        self._mounts = found
        return folder

    def succession(self, profile: Profile) -> Succession | None:
        """What opens a folder of a domain again; None where it would lie at another path."""
        if self._mounts is None:
            return None
        opening = {
            "work": os.fspath(self._work.path), "profile": record_of(profile),
            "tools": asdict(self._tools), "address": asdict(self._address),
        }  # fmt: skip
        return Succession(self._mounts, opening)

    def open(self, profile: Profile, disks: Mapping[str, int]) -> LibvirtDomain:
        """A domain with an image for each disk."""
        domain = self._machines.open(profile, disks)
        domain.let_hold()
        return domain

    def close(self) -> None:
        """Close the connection, which ends what still runs, and remove the folder."""
        self._machines.close()
        if self.kept_at is None:
            for handle in self._connection.listAllDomains(self._libvirt.VIR_CONNECT_LIST_DOMAINS_ACTIVE):
                handle.destroy()
        self._connection.close()
        self._work.close()
        if self._mounts is not None:
            os.close(self._mounts)
            self._mounts = None


def open_again(folder: Path, opening: Mapping[str, Any]) -> LibvirtDomain:
    """The domain in a folder, in a process that has opened nothing; ``opening`` is that of ``Succession``."""
    libvirt = load()
    show(folder)
    with suppress(OSError):
        have_account(Path(opening["work"]))
    connection = _connected(libvirt, AT / "r")
    tools = Tools(**opening["tools"])
    address = Address(**opening["address"])
    machines = Machines(libvirt, connection, AT, tools, prefix="snaptree", address=address, keep=True)
    return machines.reopen(profile_from(opening["profile"], "the driver"))


def _root(asked: str | None, work: Path) -> Path:
    """The folder that libvirt gets, with its settings. Raises DriverUnavailable."""
    root = Path(asked) if asked is not None else work / "r"
    if not root.is_absolute() or len(str(root)) > _LONGEST_ROOT or re.search("[<>&'\"]", str(root)):
        raise DriverUnavailable(
            f"the root {root} has to be absolute, without quotes, and of at most {_LONGEST_ROOT} bytes; "
            "--work names a folder with a shorter path"
        )
    conf = root / "etc" / "qemu.conf"
    try:
        conf.parent.mkdir(parents=True, exist_ok=True)
        if not conf.exists():
            conf.write_text(_CONF, encoding="utf-8")
    except OSError as error:
        raise DriverUnavailable(f"the root {root} cannot be made: {error}") from None
    return root


def _connected(libvirt: Any, root: Path) -> Any:
    """A connection with the event loop that it needs."""
    try:
        libvirt.virEventRegisterDefaultImpl()
        threading.Thread(target=_loop, args=(libvirt,), daemon=True).start()
        return libvirt.open(f"qemu:///embed?root={quote(str(root))}")
    except libvirt.libvirtError as error:
        raise DriverUnavailable(f"qemu:///embed cannot be opened: {error}", install=INSTALL) from None


def _loop(libvirt: Any) -> None:
    while True:
        libvirt.virEventRunDefaultImpl()
