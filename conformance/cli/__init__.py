"""The ``snaptree`` command."""

from __future__ import annotations

import gc
import sys

__all__ = ["main"]


def main() -> None:
    """Run the command and exit; being interrupted while everything is loaded is no traceback either."""
    # What is loaded stays: to look through it for garbage every 700 objects is a tenth of a short command.
    gc.set_threshold(20_000)
    try:
        from snaptree.conformance.cli.command import main as command
    except KeyboardInterrupt:
        sys.stderr.write("snaptree: interrupted\n")
        sys.exit(130)
    command()
