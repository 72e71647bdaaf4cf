"""Hypervisors that are wrong in one thing each: what the suite has to catch.

A suite that never fails proves nothing. Each entry of the catalogue breaks one
rule, in a way that real systems have broken it, and says which; the suite has to
find it and to name that rule. Some entries are only different, and the suite has
to leave them alone.
"""

from snaptree.conformance.mutants.catalogue import MUTANTS
from snaptree.conformance.mutants.driver import DRIVER, MutantDriver, options_for
from snaptree.conformance.mutants.hunt import Caught, hunt
from snaptree.conformance.mutants.mutant import Mutant

__all__ = ["DRIVER", "MUTANTS", "Caught", "Mutant", "MutantDriver", "hunt", "options_for"]
