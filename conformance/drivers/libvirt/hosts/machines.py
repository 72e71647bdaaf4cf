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
from snaptree.conformance.drivers.libvirt.disks import Disks
from snaptree.conformance.drivers.libvirt.hosts.address import Address, Kind
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
    """Makes domains on one connection; ``prefix`` is what their names begin with, a number follows."""

    def __init__(
        self,
        libvirt: Any,
        connection: Any,
        folder: Path,
        tools: Tools,
        *,
        prefix: str,
        address: Address,
        keep: bool,
    ) -> None:
        self._libvirt = libvirt
        self._connection = connection
        self._prefix = prefix
        self._kind = address.kind
        self._domain_class = thin(ImagedDomain) if address.thin else ImagedDomain
        self._keep = keep
        self._numbers = count(1)
        self._disks = Disks(tools, folder)

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
        guest = Guest(handle, socket)
        return self._domain_class(
            self._libvirt, handle, profile, images, guest, kind=self._kind, keep=self._keep
        )

    def close(self) -> None:
        """End what reads and writes images; domains that are left are somebody else's to remove."""
        self._disks.close()
