"""The register of drivers, and how any driver is named and opened.

A driver is named ``simulator``, ``qemu``, or ``package.module:Class`` for one
that somebody else wrote. What stands behind the colon of a shipped driver's
name is its target.
"""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass, replace
from typing import Final

from snaptree.conformance.driver import (
    Driver,
    DriverOptions,
    DriverUnavailable,
    domain_lacks,
    error_text,
    lacks,
    opens_transient,
)
from snaptree.conformance.drivers.declared import (
    RUNNERS,
    UnknownDriver,
    check_settings,
    declared_settings,
)
from snaptree.spec.profiles import Profile, ProfileError, load_profile
from snaptree.spec.text import did_you_mean


@dataclass(frozen=True)
class Shipped:
    """A driver that comes with snaptree: where its class is, and what it needs.

    ``probe`` is the name under which ``snaptree drivers`` tries it, None where only
    its user can say what stands behind the colon. ``parallel`` says that several of
    them may work side by side on one host. ``foreign`` says that it drives a
    hypervisor which answers for itself: what that is known to do otherwise comes
    with snaptree. ``targets`` says that something may stand behind the colon of its name.
    """

    name: str
    module: str
    class_name: str
    about: str
    install: str
    probe: str | None
    parallel: bool = False
    foreign: bool = False
    targets: bool = False


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
            "qemu:in-place",
            "snaptree.conformance.drivers.qemu.in_place",
            "InPlaceDriver",
            "the same images changed in place by qemu-img commit, rebase and resize, as its manual says",
            "apt-get install --no-install-recommends qemu-utils",
            "qemu:in-place",
            parallel=True,
            foreign=True,
        ),
        Shipped(
            "qemu:internal",
            "snaptree.conformance.drivers.qemu.internal",
            "InternalDriver",
            "snapshots inside qcow2 images, by qemu-img snapshot",
            "apt-get install --no-install-recommends qemu-utils",
            "qemu:internal",
            parallel=True,
            foreign=True,
        ),
        Shipped(
            "qemu:live",
            "snaptree.conformance.drivers.qemu.live",
            "LiveDriver",
            "a running QEMU: snapshots, block jobs and migration over QMP; qemu-img while it is off",
            "apt-get install --no-install-recommends qemu-system-x86 qemu-utils && pip install"
            " 'snaptree[qemu]'",
            "qemu:live",
            parallel=True,
            foreign=True,
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
            targets=True,
        ),
        Shipped(
            "esx",
            "snaptree.conformance.drivers.esx",
            "EsxDriver",
            "ESX or vCenter: esx:https://HOST; esx:vcsim and esx:vcsim-vcenter bring a simulated one up",
            "pip install 'snaptree[esx]' && snaptree drivers --install vcsim",
            "esx:vcsim",
            foreign=True,
            targets=True,
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
            "snaptree.conformance.drivers.remote.exec",
            "ExecDriver",
            "a driver in any language: exec:COMMAND answers JSON-RPC over stdio",
            "nothing: bring the command",
            None,
            parallel=True,
            targets=True,
        ),
        Shipped(
            "remote",
            "snaptree.conformance.drivers.remote",
            "RemoteDriver",
            "any other driver in a process of its own: remote:NAME",
            "nothing: it is part of snaptree",
            None,
            parallel=True,
            targets=True,
        ),
    )
}


def shipped_driver(name: str) -> Shipped | None:
    """The shipped driver that a driver's name means, such as ``qemu:in-place`` or ``libvirt:test:///default``."""
    return SHIPPED.get(name) or SHIPPED.get(name.partition(":")[0])


def open_driver(name: str, options: DriverOptions) -> Driver:
    """Bring up the driver of that name.

    A profile in the options takes the place of the driver's own: a driver whose constructor has loaded
    it keeps what it made of it, which bears the same name; any other is given it as its ``profile``.
    A driver whose ``open`` does not take ``persistent`` has no transient domains: that claim is taken back.
    A driver of the user's is looked for
    in the current folder first, as with ``python -m``, while it is imported and constructed; afterwards
    ``sys.path`` is as it was, so that a file there can shadow nothing of snaptree or of a library.

    Raises UnknownDriver when nothing has that name, UnknownSetting for a setting that it does not have,
    DriverUnavailable when the driver or its host cannot be brought up, and ProfileError for a profile that
    cannot be used.
    """
    asked = None if options.profile is None else load_profile(options.profile)
    with nullcontext() if shipped_driver(name) else _current_folder_first():
        driver_class, options = _find(name, options)
        if not hasattr(driver_class, "open") and not domain_lacks(driver_class):
            raise DriverUnavailable(
                f"{name} is a domain: name the driver, the class whose open() returns such domains"
            )
        check_settings(name, options.settings, declared_settings(driver_class))
        try:
            driver = driver_class(options)
        except (DriverUnavailable, ProfileError, UnknownDriver):
            raise
        except (Exception, SystemExit) as error:
            raise DriverUnavailable(f"{name} could not be brought up: {error_text(error)}") from error
    if asked is not None and not _has_taken(driver, asked):
        _give(name, driver, asked)
    missing = lacks(driver)
    if missing:
        raise DriverUnavailable(
            f"{name} is no driver, it lacks {', '.join(missing)}; see Driver in snaptree.conformance.driver"
        )
    profile = driver.profile
    if isinstance(profile, Profile) and profile.offers("transient") and not opens_transient(driver):
        kept = {feature: claim for feature, claim in profile.features.items() if feature != "transient"}
        _give(name, driver, replace(profile, features=kept))
    return driver


def _give(name: str, driver: Driver, profile: Profile) -> None:
    try:
        driver.profile = profile
    except AttributeError as error:
        raise DriverUnavailable(f"{name} cannot be given the profile {profile.name}: {error}") from None


def _has_taken(driver: Driver, asked: Profile) -> bool:
    """Whether the constructor gave the driver the profile that was asked for, as it is or adapted.

    A profile that stands in the class was there before anybody asked.
    """
    own = getattr(driver, "profile", None)
    in_class = own is getattr(type(driver), "profile", None)
    return isinstance(own, Profile) and not in_class and own.name == asked.name


def share_settings(names: Sequence[str], options: DriverOptions) -> list[DriverOptions]:
    """The options for each of several drivers: a setting goes to those that declare it, or declare none.

    Raises UnknownSetting for one that no driver has, and UnknownDriver.
    """
    declared: list[Collection[str] | None] = []
    for name in names:
        with nullcontext() if shipped_driver(name) else _current_folder_first():
            declared.append(declared_settings(_find(name, options)[0]))
    for setting in options.settings:
        if not any(known is None or setting in known for known in declared):
            check_settings(names[0], [setting], declared[0])
    return [
        replace(
            options,
            settings={
                setting: value
                for setting, value in options.settings.items()
                if known is None or setting in known or setting in RUNNERS
            },
        )
        for known in declared
    ]


@contextmanager
def _current_folder_first() -> Iterator[None]:
    folder = os.getcwd()
    if folder in sys.path:
        yield
        return
    sys.path.insert(0, folder)
    try:
        yield
    finally:
        with suppress(ValueError):  # the driver's module may have changed the path itself
            sys.path.remove(folder)


def _find(name: str, options: DriverOptions) -> tuple[type[Driver], DriverOptions]:
    prefix, _, target = name.partition(":")
    shipped = shipped_driver(name)
    if shipped is not None:
        if name != shipped.name and target and not shipped.targets:
            variants = ", ".join(one for one in SHIPPED if one.partition(":")[0] == prefix)
            raise UnknownDriver(f"no driver {name!r}; there is {variants}")
        target = name.removeprefix(shipped.name).removeprefix(":")
        return _load(shipped.module, shipped.class_name), replace(options, target=target)
    if not target:
        known = ", ".join(SHIPPED)
        raise UnknownDriver(
            f"no driver {name!r}; shipped are {known}; your own is package.module:Class"
            f"{did_you_mean(prefix, SHIPPED)}"
        )
    return _load(prefix, target), options


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
