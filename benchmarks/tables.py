"""Plain tables, the same ones for every benchmark."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterable, Sequence


def print_title(title: str) -> None:
    """Print the title of a benchmark, and the machine and versions that it ran on."""
    print(f"{title}\n{'=' * len(title)}")
    print(f"Python {platform.python_version()}, {platform.machine()}, {os.cpu_count()} cores\n")


def print_table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """A table with the first column to the left and figures to the right."""
    lines = [tuple(head), *(tuple(row) for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(head))]
    for number, line in enumerate(lines):
        first, *rest = (
            cell.rjust(width) if column else cell.ljust(width)
            for column, (cell, width) in enumerate(zip(line, widths, strict=True))
        )
        print("  ".join([first, *rest]).rstrip())
        if number == 0:
            print("  ".join("-" * width for width in widths))
    print()
