"""test:///, libvirt's own driver in memory.

A URI that names a file gives each connection a state of its own, so every domain
gets a connection. ``test:///default`` is shared inside a process; a file that
says no more than a node takes its place.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from snaptree.conformance.driver import DriverOptions, DriverUnavailable
from snaptree.conformance.drivers.kit.work_folder import make_folder
from snaptree.conformance.drivers.libvirt.calls.domain import LibvirtDomain
from snaptree.conformance.drivers.libvirt.calls.thin import thin
from snaptree.conformance.drivers.libvirt.hosts.address import Address
from snaptree.conformance.processes.reaper import WorkFolder
from snaptree.spec.profiles import Profile

PREFIX: Final = "snaptree-libvirt-"

_NODE: Final = "<node><cpu><mhz>1000</mhz></cpu></node>\n"


class InMemory:
    """Connections to the test driver."""

    profile = "libvirt-test"
    kept_at: Path | None = None
    """Nowhere: what is in memory goes with the process."""

    def __init__(self, libvirt: Any, address: Address, options: DriverOptions) -> None:
        uri = address.uri
        self._domain_class = thin(_InMemoryDomain) if address.thin else _InMemoryDomain
        self._libvirt = libvirt
        libvirt.virEventRegisterDefaultImpl()
        self._work: WorkFolder | None = None
        named = uri.removeprefix("test://")
        if named == "/default":
            self._work = make_folder(options.work, PREFIX)
            node = self._work.path / "node.xml"
            try:
                node.write_text(_NODE, encoding="utf-8")
            except OSError as error:
                self._work.remove()
                raise DriverUnavailable(f"cannot make a file to work with: {error}") from None
            named = str(node)
        elif not Path(named).is_file():
            raise DriverUnavailable(f"{uri}: there is no file {named}")
        self._uri = f"test://{named}"
        try:
            libvirt.open(self._uri).close()
        except libvirt.libvirtError as error:
            self.close()
            raise DriverUnavailable(f"{uri} cannot be opened: {error}") from None

    def open(self, profile: Profile, disks: Mapping[str, int]) -> LibvirtDomain:
        """A domain in a state of its own, whose disks are names only."""
        connection = self._libvirt.open(self._uri)
        handle = connection.defineXML(_document("snaptree", disks))
        return self._domain_class(self._libvirt, handle, profile, connection)

    def succession(self, profile: Profile) -> None:
        """Nothing opens a domain again: it lies in no folder of its own."""

    def close(self) -> None:
        """Remove the file."""
        if self._work is not None:
            self._work.remove()


class _InMemoryDomain(LibvirtDomain):
    pumped = True

    def __init__(self, libvirt: Any, handle: Any, profile: Profile, connection: Any) -> None:
        super().__init__(libvirt, handle, profile)
        self._connection = connection

    def close(self) -> None:
        """Remove the domain, and the state that it was alone in."""
        try:
            super().close()
        finally:
            self._connection.close()


def _document(name: str, disks: Mapping[str, int]) -> str:
    rows = "".join(
        f"<disk type='file' device='disk'><source file='/nowhere/{disk}'/>"
        f"<target dev='{disk}' bus='virtio'/></disk>"
        for disk in disks
    )
    return (
        f"<domain type='test'><name>{name}</name><memory unit='MiB'>4</memory>"
        f"<os><type>hvm</type></os><devices>{rows}</devices></domain>"
    )
