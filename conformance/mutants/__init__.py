"""Hypervisors with one fault each, which the suite has to catch.

A suite that never fails proves nothing. Each entry of the catalogue breaks one rule, in a way that real
systems have broken it, and names that rule. The suite has to find the fault and to name the rule. Some
entries are only unusual, and the suite must not blame them.
"""

from snaptree.conformance.mutants.catalogue import MUTANTS
from snaptree.conformance.mutants.driver import DRIVER, MutantDriver, options_for
from snaptree.conformance.mutants.hunt import Caught, hunt
from snaptree.conformance.mutants.mutant import Mutant

__all__ = ["DRIVER", "MUTANTS", "Caught", "Mutant", "MutantDriver", "hunt", "options_for"]
