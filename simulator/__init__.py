"""An in-memory hypervisor made of copy-on-write layers and a journal.

It shares the vocabulary of the specification (calls, refusals, profiles) but not the computation of the
model. The model knows content and no storage; the simulator knows storage and derives content from it.
Their agreement is therefore evidence.
"""

from snaptree.simulator.machine import Machine

__all__ = ["Machine"]
