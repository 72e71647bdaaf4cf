"""The engine under its public name; see ``snaptree.conformance.engine.lockstep``."""

from snaptree.conformance.engine.lockstep import Lockstep

__all__ = ["Lockstep"]
