"""Fixtures of the tests of real drivers: a work folder, and drivers that are brought up and closed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from snaptree.conformance.driver import DriverOptions, DriverUnavailable
from snaptree.conformance.drivers.libvirt import LibvirtDriver

from .hypervisors import skip_without

BringUp = Callable[..., Any]
Opening = Callable[[str], LibvirtDriver]


@pytest.fixture
def work() -> Iterator[Path]:
    """A folder with a short path: libvirt puts sockets below it. A driver leaves it empty."""
    with TemporaryDirectory(prefix="st-", dir="/tmp") as folder:
        yield Path(folder)


@pytest.fixture
def bring_up(monkeypatch: pytest.MonkeyPatch) -> Iterator[BringUp]:
    """``bring_up(system, driver_class, options)``: the driver, with every message checked, closed at the end.

    Skips where the hypervisor is missing, or fails where it is required. A private tree is made by who wants
    one: a driver in a tree is never required, so that no test downloads half a system.
    """
    monkeypatch.setenv("SNAPTREE_CHECK_MESSAGES", "1")
    opened: list[Any] = []

    def bring(system: str, driver_class: Callable[[DriverOptions], Any], options: DriverOptions) -> Any:
        try:
            opened.append(driver_class(options))
        except DriverUnavailable as error:
            if "tree=" in options.target:
                pytest.skip(f"{error}; {error.install}")
            skip_without(system, error)
        return opened[-1]

    yield bring
    for driver in opened:
        driver.close()


@pytest.fixture
def opening(bring_up: BringUp, work: Path) -> Opening:
    """Brings a libvirt driver up by its URI."""
    return lambda uri: bring_up("libvirt", LibvirtDriver, DriverOptions(target=uri, work=work))


@pytest.fixture
def in_memory(opening: Opening) -> LibvirtDriver:
    """libvirt's test driver."""
    return opening("test:///default")


@pytest.fixture
def embedded(opening: Opening) -> LibvirtDriver:
    """libvirt's QEMU driver without a daemon."""
    return opening("qemu:///embed")
