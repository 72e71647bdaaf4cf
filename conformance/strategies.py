"""Hypothesis strategies under their public name; see ``snaptree.conformance.sequences.strategies``."""

from snaptree.conformance.sequences.strategies import domains, operations, sequences

__all__ = ["domains", "operations", "sequences"]
