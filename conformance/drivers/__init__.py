"""The drivers that come with snaptree, and how any driver is named and opened.

A driver is named ``simulator``, ``qemu``, or ``package.module:Class`` for one
that somebody else wrote. What stands behind the colon of a shipped driver's
name is its target.
"""

from __future__ import annotations

import importlib
import os
import sys
from dataclasses import dataclass, replace
from typing import Final

from snaptree.conformance.driver import Driver, DriverOptions, DriverUnavailable
from snaptree.spec.profiles import ProfileError, load_profile


class UnknownDriver(ValueError):
    """No driver has that name; the text says which there are."""


@dataclass(frozen=True)
class Shipped:
    """A driver that comes with snaptree: where its class is, and what it needs.

    ``probe`` is the name under which ``snaptree drivers`` tries it, None where only
    its user can say what stands behind the colon. ``parallel`` says that several of
    them may work side by side on one host. ``foreign`` says that it drives a
    hypervisor which answers for itself: what that is known to do otherwise comes
    with snaptree.
    """

    name: str
    module: str
    class_name: str
    about: str
    install: str
    probe: str | None
    parallel: bool = False
    foreign: bool = False


SHIPPED: Final[dict[str, Shipped]] = {
    driver.name: driver
    for driver in (
        Shipped(
            "simulator",
            "snaptree.conformance.drivers.simulator",
            "SimulatorDriver",
            "the embedded hypervisor, in memory",
            "nothing: it is part of snaptree",
            "simulator",
        ),
        Shipped(
            "qemu",
            "snaptree.conformance.drivers.qemu",
            "QemuDriver",
            "real qcow2 images, worked on by qemu-img and qemu-io",
            "apt-get install --no-install-recommends qemu-utils",
            "qemu",
            parallel=True,
        ),
        Shipped(
            "libvirt",
            "snaptree.conformance.drivers.libvirt",
            "LibvirtDriver",
            "any libvirt driver with snapshots, by URI: libvirt:test:///default, libvirt:qemu:///embed",
            "apt-get install --no-install-recommends libvirt-dev libvirt-daemon libvirt-daemon-driver-qemu"
            " qemu-system-x86 qemu-utils pkg-config gcc python3-dev && pip install 'snaptree[libvirt]'",
            "libvirt:test:///default",
            parallel=True,
            foreign=True,
        ),
        Shipped(
            "esx",
            "snaptree.conformance.drivers.esx",
            "EsxDriver",
            "ESX or vCenter: esx:https://HOST; esx:vcsim and esx:vcsim-vcenter bring a simulated one up",
            "pip install 'snaptree[esx]' && snaptree drivers --install vcsim",
            "esx:vcsim",
            foreign=True,
        ),
        Shipped(
            "virtualbox",
            "snaptree.conformance.drivers.virtualbox",
            "VirtualBoxDriver",
            "a real VirtualBox, machines that are off; what needs its kernel module is not observed:"
            " memory, power, managed save",
            "pip install 'snaptree[virtualbox]' && snaptree drivers --install virtualbox",
            "virtualbox",
            parallel=True,
            foreign=True,
        ),
        Shipped(
            "exec",
            "snaptree.conformance.drivers.exec",
            "ExecDriver",
            "a driver in any language: exec:COMMAND answers JSON-RPC over stdio",
            "nothing: bring the command",
            None,
            parallel=True,
        ),
        Shipped(
            "remote",
            "snaptree.conformance.remote",
            "RemoteDriver",
            "any other driver in a process of its own: remote:NAME",
            "nothing: it is part of snaptree",
            None,
            parallel=True,
        ),
    )
}


_PARTS: Final = ("name", "version", "profile", "open", "close")


def open_driver(name: str, options: DriverOptions) -> Driver:
    """Bring up the driver of that name.

    A profile in the options takes the place of the driver's own. Raises
    UnknownDriver when nothing has that name, DriverUnavailable when the driver or
    its host cannot be brought up, and ProfileError for a profile that cannot be used.
    """
    found, options = _found(name, options)
    try:
        driver = found(options)
    except (DriverUnavailable, ProfileError, UnknownDriver):
        raise
    except (Exception, SystemExit) as error:
        raise DriverUnavailable(f"{name} could not be brought up: {type(error).__name__}: {error}") from error
    missing = [part for part in _PARTS if not hasattr(driver, part)]
    if missing:
        raise DriverUnavailable(
            f"{name} is no driver, it lacks {', '.join(missing)}; see Driver in snaptree.conformance.driver"
        )
    if options.profile is not None:
        driver.profile = load_profile(options.profile)
    return driver


def _found(name: str, options: DriverOptions) -> tuple[type[Driver], DriverOptions]:
    shipped_name, _, target = name.partition(":")
    shipped = SHIPPED.get(shipped_name)
    if shipped is not None:
        return _load(shipped.module, shipped.class_name), replace(options, target=target)
    if not target:
        known = ", ".join(SHIPPED)
        raise UnknownDriver(f"no driver {name!r}; shipped are {known}; your own is package.module:Class")
    # As with ``python -m``: a driver that lies in the current folder is found.
    if os.getcwd() not in sys.path:
        sys.path.insert(0, os.getcwd())
    return _load(shipped_name, target), options


def _load(module: str, class_name: str) -> type[Driver]:
    try:
        found = getattr(importlib.import_module(module), class_name, None)
    except ModuleNotFoundError as error:
        if error.name is not None and module.startswith(error.name):
            raise UnknownDriver(f"no module {module!r}: {error}") from None
        raise DriverUnavailable(
            f"{module} needs the Python package {error.name!r}", install=f"pip install {error.name}"
        ) from None
    except (Exception, SystemExit) as error:  # noqa: BLE001 - a module may raise anything while it is imported
        raise DriverUnavailable(f"{module} cannot be imported: {type(error).__name__}: {error}") from None
    if not isinstance(found, type):
        raise UnknownDriver(f"module {module!r} has no class {class_name!r}")
    driver: type[Driver] = found
    return driver
