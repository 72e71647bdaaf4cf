"""How a driver is named and opened, and what that leaves behind in the process."""

from __future__ import annotations

import sys
from pathlib import Path
from textwrap import dedent

import pytest

from snaptree.conformance.driver import DriverOptions, DriverUnavailable
from snaptree.conformance.drivers import SHIPPED, UnknownDriver, open_driver

DRIVER = """
    from snaptree.conformance.drivers.simulator import SimulatorDriver
    from {sibling} import SAID

    class Mine(SimulatorDriver):
        name = SAID

        def __init__(self, options=None):
            super().__init__(options)
            from {late} import LATE
            self.name = LATE
"""


@pytest.fixture
def in_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "registry_sibling.py").write_text("SAID = 'beside'\n", encoding="utf-8")
    (tmp_path / "registry_late.py").write_text("LATE = 'late'\n", encoding="utf-8")
    source = dedent(DRIVER).format(sibling="registry_sibling", late="registry_late")
    (tmp_path / "registry_mine.py").write_text(source, encoding="utf-8")
    return tmp_path


@pytest.mark.usefixtures("in_folder")
def test_a_driver_in_the_current_folder_is_found_with_its_siblings() -> None:
    assert open_driver("registry_mine:Mine", DriverOptions()).name == "late"


@pytest.mark.parametrize("name", ["registry_mine:Mine", "simulator"])
def test_opening_a_driver_leaves_the_import_path_as_it_was(in_folder: Path, name: str) -> None:
    before = list(sys.path)
    open_driver(name, DriverOptions()).close()
    assert sys.path == before
    assert str(in_folder) not in sys.path


@pytest.mark.usefixtures("in_folder")
@pytest.mark.parametrize("name", ["registry_mine:Absent", "registry_no:Mine"])
def test_a_driver_that_is_not_there_leaves_the_import_path_as_it_was(name: str) -> None:
    before = list(sys.path)
    with pytest.raises(UnknownDriver, match=name.split(":")[0]):
        open_driver(name, DriverOptions())
    assert sys.path == before


def test_a_driver_that_cannot_be_brought_up_leaves_the_import_path_as_it_was(in_folder: Path) -> None:
    (in_folder / "registry_fails.py").write_text("class Fails:\n    def __init__(self, options): 1 / 0\n")
    before = list(sys.path)
    with pytest.raises(DriverUnavailable, match="ZeroDivisionError"):
        open_driver("registry_fails:Fails", DriverOptions())
    assert sys.path == before


def test_a_name_that_nothing_has_says_which_there_are() -> None:
    with pytest.raises(UnknownDriver) as error:
        open_driver("quemu", DriverOptions())
    assert all(name in str(error.value) for name in SHIPPED)
