"""A simulated host for the tests of the ESX driver; they skip where there is none, unless it is required."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from snaptree.conformance.driver import DriverOptions, DriverUnavailable
from snaptree.conformance.drivers.esx import EsxDriver
from snaptree.conformance.drivers.esx.credentials import PASSWORD, USER
from snaptree.conformance.drivers.esx.library import load
from snaptree.conformance.drivers.esx.serving import ServedEsx
from snaptree.conformance.drivers.esx.session import Session
from snaptree.conformance.drivers.esx.simulated import Simulated

from ..conftest import BringUp
from ..hypervisors import skip_without

Opening = Callable[[str], EsxDriver]


@pytest.fixture
def opening(bring_up: BringUp, tmp_path: Path) -> Opening:
    """Brings the driver up behind the process boundary."""
    return lambda target: bring_up("esx", EsxDriver, DriverOptions(target=target, work=tmp_path))


@pytest.fixture
def host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Simulated]:
    """A simulated ESX host that the driver is not told to be one; its credentials are in the environment."""
    try:
        load()
        simulated = Simulated("esx", tmp_path)
    except DriverUnavailable as error:
        skip_without("esx", error)
    monkeypatch.setenv(USER, simulated.credentials.user)
    monkeypatch.setenv(PASSWORD, simulated.credentials.password)
    yield simulated
    simulated.close()


@pytest.fixture
def ca_file(host: Simulated, tmp_path: Path) -> Path:
    """The host's certificate, in a file."""
    path = tmp_path / "ca.pem"
    path.write_text(host.certificate)
    return path


@pytest.fixture
def owner(host: Simulated) -> Iterator[Session]:
    """Somebody else's session on the host."""
    session = Session(load(), host.address, host.credentials, host.trust, 20)
    yield session
    session.close()


Serving = Callable[..., ServedEsx]


@pytest.fixture
def serving(host: Simulated, ca_file: Path, tmp_path: Path) -> Iterator[Serving]:
    """Brings the driver up in this process, on the host as a real one: by its address and certificate."""
    served: list[ServedEsx] = []

    def brought_up(target: str = f"https://{host.address}", **settings: str) -> ServedEsx:
        asked = {"ca_file": str(ca_file), **settings}
        given = {name.replace("_", "-"): value for name, value in asked.items() if value}
        served.append(ServedEsx(DriverOptions(target=target, work=tmp_path, settings=given)))
        return served[-1]

    yield brought_up
    for driver in served:
        driver.close()
