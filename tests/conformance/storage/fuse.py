"""Skips tests where no file system in user space can be mounted, or fails them where that is required."""

from __future__ import annotations

import os

import pytest

from snaptree.conformance.storage.recorder import why_not


def need_fuse() -> None:
    """Skip the test, or fail it where SNAPTREE_REQUIRE names crash."""
    reason = why_not()
    if reason and "crash" in os.environ.get("SNAPTREE_REQUIRE", "").replace(",", " ").split():
        pytest.fail(f"SNAPTREE_REQUIRE names crash, but {reason}")
    if reason:
        pytest.skip(reason)
