"""Makes the arguments of a failing sequence plain: short names, first disk, first block, small values.

A reader takes each odd name or number for a hint. What stays odd in a witness has to be so for it to fail.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from string import ascii_lowercase
from typing import Any, Final

from snaptree.conformance.driver import DEFAULT_DISKS
from snaptree.conformance.sequences.running import Recorded
from snaptree.spec.operations import Configure, Operation, WriteDisk, WriteMemory

MOST_RUNS: Final = 60
"""Runs in search of plainer arguments."""

_PLAIN: Final = re.compile("[a-z]")

Change = Callable[[Operation], Operation]


def with_plain_arguments(
    sequence: Sequence[Recorded], still_fails: Callable[[Sequence[Recorded]], bool]
) -> list[Recorded]:
    """The sequence with each argument plain that it still fails with.

    All are tried together first, then one after the other. A name is changed wherever it occurs.
    """
    kept = list(sequence)
    runs = 0
    together = kept
    for change in _changes(kept):
        together = _changed(together, change)
    for tried in (together,) if together != kept else ():
        runs += 1
        if still_fails(tried):
            return tried
    for change in _changes(kept):
        tried = _changed(kept, change)
        if tried != kept and runs < MOST_RUNS:
            runs += 1
            kept = tried if still_fails(tried) else kept
    return kept


def _changed(sequence: Sequence[Recorded], change: Change) -> list[Recorded]:
    return [replace(one, operation=change(one.operation)) for one in sequence]


def _changes(sequence: Sequence[Recorded]) -> list[Change]:
    """What makes a sequence plainer, one change for each odd name and each odd argument."""
    changes = [_renaming(old, new) for old, new in _names(sequence).items()]
    for one in dict.fromkeys(recorded.operation for recorded in sequence):
        changes += [_replacing(one, arguments) for arguments in _plainer(one)]
    return changes


def _names(sequence: Sequence[Recorded]) -> Mapping[str, str]:
    """A letter for each name that is none, in the order in which they occur."""
    given = (getattr(one.operation, "name", None) for one in sequence)
    names = list(dict.fromkeys(name for name in given if isinstance(name, str)))
    free = iter(letter for letter in ascii_lowercase if letter not in names)
    return {name: letter for name in names if not _PLAIN.fullmatch(name) for letter in (next(free, name),)}


def _renaming(old: str, new: str) -> Change:
    def change(operation: Operation) -> Operation:
        named: Any = operation
        return replace(named, name=new) if getattr(operation, "name", None) == old else operation

    return change


def _replacing(one: Operation, arguments: Mapping[str, Any]) -> Change:
    """The change of one operation, which an earlier change has not reached."""

    def change(operation: Operation) -> Operation:
        return replace(operation, **arguments) if operation == one else operation

    return change


def _plainer(operation: Operation) -> Iterator[Mapping[str, Any]]:
    if isinstance(operation, WriteDisk):
        first = min(DEFAULT_DISKS)
        yield {"disk": first, "block": 0, "value": 1}
        yield {"disk": first, "block": 0}
        yield {"block": 0, "value": 1}
        yield {"block": 0}
        yield {"value": 1}
    elif isinstance(operation, WriteMemory):
        yield {"value": 1}
    elif isinstance(operation, Configure) and operation.value:
        yield {"key": "key", "value": "value"}
        yield {"value": "value"}
