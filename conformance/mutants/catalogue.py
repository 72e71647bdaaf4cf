"""The catalogue: what the modules of this package have entered."""

from __future__ import annotations

from typing import Final

# Importing a module enters its hypervisors.
from snaptree.conformance.mutants import (  # noqa: F401 - imported for what they enter
    capturing,
    deleting,
    different,
    merging,
    naming,
    powering,
    speaking,
)
from snaptree.conformance.mutants.mutant import Mutant, entered

MUTANTS: Final[tuple[Mutant, ...]] = tuple(sorted(entered(), key=lambda mutant: mutant.correct))
"""Faulty hypervisors first, then those that are odd and right."""
