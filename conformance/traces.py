"""Traces under their public name; see ``snaptree.conformance.sequences.traces``."""

from snaptree.conformance.sequences.traces import Header, read_trace, write_trace

__all__ = ["Header", "read_trace", "write_trace"]
