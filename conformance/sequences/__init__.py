"""A list of steps: run it, shrink it, store it, play it back."""

from snaptree.conformance.sequences.running import run_sequence

__all__ = ["run_sequence"]
