"""The ``snaptree`` command."""

from __future__ import annotations

import sys

__all__ = ["main"]


def main() -> None:
    """Run the command and exit; being interrupted while everything is loaded is no traceback either."""
    try:
        from snaptree.conformance.cli.command import main as command  # loads all of it
    except KeyboardInterrupt:
        sys.stderr.write("snaptree: interrupted\n")
        sys.exit(130)
    command()
