"""The ``snaptree`` command."""

from snaptree.conformance.cli.command import main

__all__ = ["main"]
