"""The marks of the suite's tests: every chapter is one."""

from __future__ import annotations

import pytest

from snaptree.spec.rules import chapters


def pytest_configure(config: pytest.Config) -> None:
    """Register a mark for each chapter."""
    for chapter in chapters():
        if chapter.rules:
            config.addinivalue_line("markers", f"{chapter.name.replace('-', '_')}: {chapter.title}")
