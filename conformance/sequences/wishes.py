"""Leaves out what a failing sequence asks for beyond need: a report speaks of the case that went wrong."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from typing import Final

from snaptree.conformance.sequences.running import Recorded
from snaptree.spec.operations import Operation

WISHES: Final = {"memory": False, "quiesce": False, "resume_as": None, "uuid": None, "description": ""}
"""Arguments that can be left out, and what they are then."""


def options_in(sequence: Sequence[Operation]) -> int:
    """The number of optional arguments of a sequence that are not at their default."""
    return sum(
        getattr(operation, one.name) != one.default
        for operation in sequence
        for one in dataclasses.fields(operation)
        if one.default is not dataclasses.MISSING
    )


def with_fewer_wishes(
    sequence: Sequence[Recorded], still_fails: Callable[[Sequence[Recorded]], bool]
) -> list[Recorded]:
    """The sequence without each wish that it still fails without."""
    kept = list(sequence)
    for place in range(len(kept)):
        for wish, without in WISHES.items():
            one = kept[place]
            if getattr(one.operation, wish, without) == without:
                continue
            plainer = dataclasses.replace(one.operation, **{wish: without})
            tried = [*kept[:place], dataclasses.replace(one, operation=plainer), *kept[place + 1 :]]
            if still_fails(tried):
                kept = tried
    return kept
