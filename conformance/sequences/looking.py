"""The same calls with other looks between them: a look that heals or harms is a deviation of its own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from snaptree.conformance.driver import Driver
from snaptree.conformance.engine.differences import OTHER_LOOKS, Difference, of_domain
from snaptree.conformance.sequences.beside import NoSecondDomain, run_beside
from snaptree.conformance.sequences.running import BESIDE, Looks, Recorded, Run, run_sequence
from snaptree.spec.operations import Operation


def run_with(driver: Driver, operations: Sequence[Operation | Recorded], looks: Looks, **rest: Any) -> Run:
    """Run a sequence and look at it in one of these ways; the rest is that of ``run_sequence``.

    A driver that has one domain at a time runs it alone where a second one should stand beside it.
    """
    if looks == BESIDE:
        try:
            return run_beside(driver, operations, **rest)
        except NoSecondDomain:
            return run_sequence(driver, operations, **rest)
    if looks != "both ways":
        return run_sequence(driver, operations, looks=looks, **rest)
    unseen = run_sequence(driver, operations, looks="none", **rest)
    return compared(run_sequence(driver, operations, **rest), unseen)


def run_unseen(driver: Driver, operations: Sequence[Operation | Recorded], **rest: Any) -> Run:
    """Run a sequence without a look before its last call; where that deviates, with looks as well."""
    unseen = run_sequence(driver, operations, looks="none", **rest)
    if not unseen.differences:
        return unseen
    return compared(run_sequence(driver, operations, **rest), unseen)


def compared(seen: Run, unseen: Run) -> Run:
    """Of two runs of the same calls, the one with looks, unless one of them alone deviates."""
    if bool(seen.differences) == bool(unseen.differences):
        return seen
    if unseen.differences:
        between = _between("with a look after each call", "without a look before it", unseen.differences)
        return replace(unseen, differences=(between,), looks="both ways")
    between = _between("without a look before the last call", "with a look after each call", seen.differences)
    return replace(seen, differences=(between,), looks="both ways")


def _between(right: str, wrong: str, differences: Sequence[Difference]) -> Difference:
    first = differences[0]
    told = f"{first.part} of {first.where}: {first.observed}, instead of {' or '.join(first.expected)}"
    return of_domain(OTHER_LOOKS, f"the same as {right}", f"{wrong}: {told}")
