"""Versions of drivers: prefixes as before, and ranges by number."""

from __future__ import annotations

import pytest

from snaptree.conformance.judging.versions import range_fault, version_fits


@pytest.mark.parametrize(
    ("version", "wanted", "fits"),
    [
        ("7.2.22", "", True),
        ("7.2.22", "7.2", True),
        ("7.20", "7.2", True),  # a prefix is a text
        ("7.20", ">=7.2, <7.3", False),
        ("7.2.22 (Debian 1:7.2+dfsg-7)", ">=7.2, <9", True),
        ("10.0.0", ">=7.2, <9", False),
        ("9.0.0", ">9", False),
        ("9.0.0", ">=9,<=9.0.0", True),
        ("9.0.1", "!=9", True),
        ("9", "==9.0", True),
        ("vcsim 0.24.2, VMware ESXi 6.5.0", "<0.25", True),
        ("0", ">=0", True),
        ("unreleased", ">=0", False),
        ("", ">=0", False),
    ],
)
def test_a_version_fits_a_prefix_or_a_range(version: str, wanted: str, fits: bool) -> None:
    assert version_fits(version, wanted) is fits


@pytest.mark.parametrize("text", [">", ">=7.2,", ">=x", ">=7 <9", "=7", ">=٧", ">=7.2.", ">=" + "9" * 20])
def test_a_range_that_cannot_be_read_is_told(text: str) -> None:
    assert "is no bound of a range; write >=7.2, <9" in str(range_fault(text))
