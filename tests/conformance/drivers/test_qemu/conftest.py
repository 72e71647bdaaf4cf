"""A QEMU to test with, or a reason why there is none."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from snaptree.conformance.driver import DriverOptions
from snaptree.conformance.drivers.qemu import QemuDriver

from ..hypervisors import skip_without
from .grown_domain import Template


@pytest.fixture(scope="session")
def real_qemu() -> str:
    """The folder of the qemu-img on PATH; skips where there is none, unless it is required."""
    found = shutil.which("qemu-img")
    if found is None or shutil.which("qemu-io") is None:
        skip_without("qemu", "qemu-img and qemu-io are not installed (apt-get install qemu-utils)")
    return os.path.dirname(found)


@pytest.fixture
def driver(real_qemu: str, tmp_path: Path) -> Iterator[QemuDriver]:  # noqa: ARG001 - skips without QEMU
    """A driver that works in the test's own folder."""
    driver = QemuDriver(DriverOptions(work=tmp_path))
    yield driver
    driver.close()


@pytest.fixture(scope="session")
def shared_driver(real_qemu: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[QemuDriver]:  # noqa: ARG001 - skips
    """A driver for tests that only want domains from it."""
    driver = QemuDriver(DriverOptions(work=tmp_path_factory.mktemp("work")))
    yield driver
    driver.close()


@pytest.fixture(scope="session")
def template(shared_driver: QemuDriver) -> Template:
    """Grown domains, as many as a test wants."""
    return Template(shared_driver)
