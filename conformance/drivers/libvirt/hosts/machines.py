"""Domains of libvirt's QEMU driver that boot nothing, whoever holds the connection."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from itertools import count
from pathlib import Path
from typing import Any, Final

from snaptree.conformance.driver import DriverUnavailable
from snaptree.conformance.drivers.kit.qemu_images.tools import Tools
from snaptree.conformance.drivers.libvirt import documents
from snaptree.conformance.drivers.libvirt.calls.guest import Guest, qtest_element
from snaptree.conformance.drivers.libvirt.calls.imaged import ImagedDomain
from snaptree.conformance.drivers.libvirt.calls.thin import thin
from snaptree.conformance.drivers.libvirt.disks import Disks, Images
from snaptree.conformance.drivers.libvirt.hosts.address import Address, Kind
from snaptree.conformance.drivers.libvirt.library import LibvirtError
from snaptree.spec.profiles import Profile

INSTALL: Final = (
    "apt-get install --no-install-recommends "
    "libvirt-daemon libvirt-daemon-driver-qemu qemu-system-x86 qemu-utils"
)

EMULATOR: Final = "qemu-system-x86_64"

_REVERTS_EXTERNAL: Final = 9_009_000
"""The version from which a revert to an external snapshot is more than an error."""

_BOOTS_NOTHING: Final = """\
<domain type='qemu'><name>{name}</name><memory unit='MiB'>4</memory><vcpu>1</vcpu>
<os><type arch='x86_64' machine='pc'>hvm</type></os><devices>{disks}
<controller type='scsi' model='virtio-scsi'/>
<controller type='usb' model='none'/><memballoon model='none'/></devices>{socket}</domain>"""


def profile_for(kind: Kind, version: int) -> str:
    """The profile of a kind of snapshots in a version of libvirt's, as ``virGetVersion`` counts."""
    no_revert = kind == "external" and version < _REVERTS_EXTERNAL
    return f"libvirt-qemu-{kind}{'-no-revert' if no_revert else ''}"


def need_emulator() -> None:
    """Raises DriverUnavailable where there is no QEMU."""
    if shutil.which(EMULATOR) is None:
        raise DriverUnavailable(f"{EMULATOR} is missing", install=INSTALL)


class Machines:
    """Makes domains on one connection; ``prefix`` is what their names begin with, a number follows.

    Their images lie in ``folder``, what these are copied from in ``models``. ``shown`` is the folder in which
    all that is persistent lies, as a domain names it; None if there is none.
    """

    def __init__(  # noqa: PLR0913 - each host has all of it
        self,
        libvirt: Any,
        connection: Any,
        folder: Path,
        tools: Tools,
        *,
        prefix: str,
        address: Address,
        keep: bool,
        models: Path | None = None,
        shown: Path | None = None,
    ) -> None:
        self._libvirt = libvirt
        self._connection = connection
        self._prefix = prefix
        self._kind = address.kind
        self._domain_class = thin(ImagedDomain) if address.thin else ImagedDomain
        self._keep = keep
        self._numbers = count(1)
        self._disks = Disks(tools, folder, models or folder)
        self._shown = shown

    def open(self, profile: Profile, disks: Mapping[str, int]) -> ImagedDomain:
        """A domain with an image for each disk."""
        number = next(self._numbers)
        images = self._disks.fresh(f"d{number}", disks)
        rows = "".join(
            documents.disk_document(disk, images.path(disk), unit) for unit, disk in enumerate(disks)
        )
        socket = images.folder / "qtest"
        document = _BOOTS_NOTHING.format(
            name=f"{self._prefix}{number}", disks=rows, socket=qtest_element(socket)
        )
        handle = self._connection.defineXML(document)
        return self._domain(handle, profile, images)

    def reopen(self, profile: Profile) -> ImagedDomain:
        """The one domain that the connection has. Raises LibvirtError if it has none, or several."""
        found = self._connection.listAllDomains(0)
        if len(found) != 1:
            raise LibvirtError(f"libvirt finds {len(found)} domains where there was one")
        [handle] = found
        attached = documents.domain_disks(handle.XMLDesc(0))
        folder = next(one.image.parent for one in attached.values())
        images = self._disks.again(folder, dict.fromkeys(attached, 0))
        domain = self._domain(handle, profile, images)
        domain.take_over()
        return domain

    def _domain(self, handle: Any, profile: Profile, images: Images) -> ImagedDomain:
        guest = Guest(handle, images.folder / "qtest")
        domain = self._domain_class(
            self._libvirt, handle, profile, images, guest, kind=self._kind, keep=self._keep
        )
        if self._shown is not None:
            domain.folder = self._shown
        return domain

    def close(self) -> None:
        """End what reads and writes images; domains that are left are somebody else's to remove."""
        self._disks.close()
