"""What runs behind the boundary: libvirt is brought up for the URI, and opens domains."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from platform import machine
from shutil import which
from typing import Any, Final, Protocol

from snaptree.conformance.driver import DEFAULT_DISKS, DriverOptions, DriverUnavailable
from snaptree.conformance.drivers.components import loaded_libraries
from snaptree.conformance.drivers.libvirt.calls.domain import LibvirtDomain
from snaptree.conformance.drivers.libvirt.hosts.address import Address, read_address
from snaptree.conformance.drivers.libvirt.hosts.daemon import WithDaemon
from snaptree.conformance.drivers.libvirt.hosts.embedded import Embedded
from snaptree.conformance.drivers.libvirt.hosts.in_memory import InMemory
from snaptree.conformance.drivers.libvirt.hosts.successor import Succession
from snaptree.conformance.drivers.libvirt.library import load
from snaptree.spec.profiles import Profile, load_profile

VOLATILE: Final = (
    "*/r/log/*", "*/r/cache/*", "*/r/run/libvirt/*", "*/r/run/qemu/driver.pid", "*/r/lib/qemu/domain-*",
)  # fmt: skip
"""Logs, what libvirt found out about QEMU, its sockets and its own process: no state of a domain."""

URIS: Final = "test:///default, test:///FILE.xml, qemu:///embed, qemu:///session, qemu:///system"


class Host(Protocol):
    """Where domains are made."""

    profile: str
    kept_at: Path | None

    def open(self, profile: Profile, disks: Mapping[str, int]) -> LibvirtDomain:
        """A fresh domain that is off."""

    def succession(self, profile: Profile) -> Succession | None:
        """What opens the folder of a domain again, None where that cannot be."""

    def close(self) -> None:
        """Remove everything that was made."""


class ServedLibvirt:
    """The libvirt driver that a URI names.

    Raises DriverUnavailable for a URI that is none of those it knows, and where
    libvirt or what it needs is missing.
    """

    name: str = "libvirt"

    def __init__(self, options: DriverOptions) -> None:
        libvirt = load()
        address = read_address(options.target)
        self._host = _host(libvirt, address, options)
        self.name = f"libvirt {address.plain}{', thin' if address.thin else ''}"
        self.profile = _without_transient(load_profile(options.profile or self._host.profile))
        self.version = _dotted(libvirt.getVersion())
        self.artifacts = [*loaded_libraries("libvirt"), *_emulators(address.uri)]
        self.kept_at = self._host.kept_at
        self.fast = isinstance(self._host, InMemory)
        self._succession = self._host.succession(self.profile)
        if self._succession is not None:
            # Only a driver that says so has these: see ``Recovers``.
            self.volatile = VOLATILE
            self.reopen = self._succession.reopen
            self.quiesce = self._succession.end
            self.wake = _nothing

    def open(self, disks: Mapping[str, int] = DEFAULT_DISKS, *, persistent: bool = True) -> LibvirtDomain:
        """A fresh, powered-off domain. A transient one is never off, so there is none to be opened."""
        if not persistent:
            raise DriverUnavailable("a transient domain of libvirt's is never off")
        return self._host.open(self.profile, disks)

    def close(self) -> None:
        """Remove everything that was made."""
        if self._succession is not None:
            self._succession.close()
        self._host.close()


def _nothing() -> None:
    """libvirt starts with the folder that it opens."""


def _host(libvirt: Any, address: Address, options: DriverOptions) -> Host:
    uri = address.uri
    if uri.startswith("test:///"):
        return InMemory(libvirt, address, options)
    if uri.startswith("qemu:///embed"):
        return Embedded(libvirt, address, options)
    if uri.startswith(("qemu:///session", "qemu:///system")):
        return WithDaemon(libvirt, address, options)
    if "://" not in uri:
        # libvirt would take its own default for none at all.
        raise DriverUnavailable(f"{uri or 'no URI'!r} is none of {URIS}")
    try:
        libvirt.open(uri).close()
    except libvirt.libvirtError as error:
        raise DriverUnavailable(
            f"{uri or 'no URI'!r} is none of {URIS}, and cannot be opened: {error}"
        ) from None
    raise DriverUnavailable(f"libvirt opens {uri}, but snaptree can make domains only under {URIS}")


def _emulators(uri: str) -> list[Path]:
    """The programs of QEMU that libvirt starts, where it starts any."""
    names = ("qemu-img", f"qemu-system-{machine()}") if uri.startswith("qemu:") else ()
    return [Path(found) for name in names if (found := which(name)) is not None]


def _without_transient(profile: Profile) -> Profile:
    # The specification's transient domain begins off; libvirt's begins running, and is gone when off.
    features = {name: claim for name, claim in profile.features.items() if name != "transient"}
    return replace(profile, features=features)


def _dotted(version: int) -> str:
    return f"{version // 1_000_000}.{version // 1000 % 1000}.{version % 1000}"
