"""The catalogue: all entries of the modules of this package."""

from __future__ import annotations

from typing import Final

from snaptree.conformance.mutants import (
    answering,
    capturing,
    confusing,
    counting,
    deciding,
    deleting,
    different,
    identifying,
    looking,
    meeting,
    merging,
    misplacing,
    misspeaking,
    naming,
    powering,
    redefining,
    refusing,
    remembering,
    rephrasing,
    reusing,
    running,
    sharing,
    showing,
    speaking,
)
from snaptree.conformance.mutants.mutant import Mutant, mutants_of

_MODULES: Final = (
    answering, capturing, confusing, counting, deciding, deleting, different, identifying, looking,
    meeting, merging, misplacing, misspeaking, naming, powering, redefining, refusing, remembering,
    rephrasing, reusing, running, sharing, showing, speaking,
)  # fmt: skip

MUTANTS: Final[tuple[Mutant, ...]] = tuple(
    sorted((one for module in _MODULES for one in mutants_of(module)), key=lambda mutant: mutant.correct)
)
"""Faulty hypervisors first, then those that are odd and right."""
