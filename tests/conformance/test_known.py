"""Known deviations: which file a run is judged with, and that those which come with snaptree can be read."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

import pytest

from snaptree.conformance.known import KnownDeviationsError, read_known, shipped_known
from snaptree.conformance.request import NO_DEVIATIONS, Heading, listed
from snaptree.spec.profiles import load_profile, shipped_profiles
from snaptree.spec.rules import rule

SHIPPED = sorted(
    path
    for path in Path(str(files("snaptree.conformance") / "known_deviations")).iterdir()
    if path.suffix == ".toml"
)
PAGES = Path(__file__).resolve().parents[2]


def heading(asked: str, profile: str, version: str = "9.0.0") -> Heading:
    return Heading(asked, asked, version, load_profile(profile), "0", 1, 1)


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_a_shipped_file_is_named_after_a_profile_and_every_entry_has_its_page(path: Path) -> None:
    assert path.stem in shipped_profiles()
    for version in ("9.0.0", "11.3.0", "7.2.22", "0.24.2"):
        for entry in read_known(path, version):
            assert rule(entry.rule)
            assert (PAGES / entry.link).is_file(), entry


def test_a_hypervisor_of_others_is_judged_with_what_comes_with_snaptree() -> None:
    found = listed(None, heading("libvirt:test:///default", "libvirt-test"))
    assert found.path == shipped_known("libvirt-test")
    assert found.entries
    assert listed(None, heading("libvirt:test:///default", "libvirt-test", "99.0")).entries == ()


def test_nothing_is_known_of_a_driver_that_somebody_else_wrote() -> None:
    assert listed(None, heading("mine:Driver", "libvirt-test")).entries == ()
    assert listed(None, heading("simulator", "libvirt-test")).entries == ()


def test_none_is_no_file() -> None:
    assert listed(NO_DEVIATIONS, heading("libvirt:test:///default", "libvirt-test")).entries == ()


def test_a_named_file_takes_the_place_of_the_shipped_one(tmp_path: Path) -> None:
    mine = tmp_path / "mine.toml"
    mine.write_text('[[deviation]]\nrule = "POWER-1"\noperation = "start"\nreason = "so it is"\n')
    found = listed(str(mine), heading("libvirt:test:///default", "libvirt-test"))
    assert [entry.reason for entry in found.entries] == ["so it is"]
    with pytest.raises(KnownDeviationsError, match="No such file"):
        listed(str(tmp_path / "other.toml"), heading("simulator", "rfc"))


@pytest.mark.parametrize("name", ["../libvirt", "libvirt/../x", "", "no-such"])
def test_a_name_never_becomes_a_path(name: str) -> None:
    assert shipped_known(name) is None
