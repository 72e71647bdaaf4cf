"""The number of optional arguments that a witness still has."""

from __future__ import annotations

from snaptree.conformance.sequences.wishes import options_in
from snaptree.spec import operations as ops


def test_only_what_differs_from_its_default_counts() -> None:
    assert options_in([ops.Create("a"), ops.WriteDisk("vda", 3, 7), ops.Revert("s1")]) == 0
    assert options_in([ops.Create("a", "text", memory=True), ops.Revert("s1", "paused")]) == 3
