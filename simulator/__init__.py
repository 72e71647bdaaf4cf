"""An in-memory hypervisor made of copy-on-write layers and a journal.

It shares the vocabulary of the specification (calls, refusals, profiles) and
nothing of how the model computes: the model knows content and no storage, this
knows storage and derives content from it. That the two agree is evidence.
"""

from snaptree.simulator.machine import Machine

__all__ = ["Machine"]
