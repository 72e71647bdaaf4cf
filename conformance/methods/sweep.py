"""A sweep: every look-up on every snapshot, and on every identifier that is no longer in use.

Sequences ask for little between their changes, and hardly ever for what is gone. A sweep at the end asks for
all of it. Only the answers are compared: a look-up changes nothing, and the state was compared before.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from snaptree.conformance.driver import CallBarred
from snaptree.conformance.engine.lockstep import Lockstep, StepResult
from snaptree.spec import operations as ops
from snaptree.spec.domains.history import History
from snaptree.spec.operations import Operation
from snaptree.spec.profiles import Profile
from snaptree.spec.state import Domain

LOOK_UPS: Final = frozenset(
    {"list", "count", "current", "children", "parent", "lookup_by_id", "lookup_by_name"}
)
"""The calls of a sweep."""


def sweep_of(domain: Domain, history: History, profile: Profile) -> Iterator[Operation]:
    """Every look-up that is claimed, first of what is there, then of what was."""
    asked: list[Operation] = [ops.ListSnapshots(), ops.Count(), ops.Current(), ops.Children()]
    for snapshot in domain.in_order():
        asked += [*_by_id(snapshot.id), ops.LookupByName(snapshot.name)]
    for gone in sorted(history.snapshots, key=_number):
        asked += _by_id(gone)
    asked += [ops.LookupByName(name) for name in sorted({*history.names} - {*domain.names})]
    yield from (one for one in asked if profile.claims(one.call))


def _by_id(snapshot: str) -> list[Operation]:
    return [ops.LookupById(snapshot), ops.Parent(snapshot), ops.Children(snapshot)]


def _number(snapshot: str) -> int:
    return int(snapshot[1:])


def sweep(lockstep: Lockstep, steps: list[StepResult]) -> None:
    """Ask everything of a domain that is in step, up to the first difference, which is the last step then.

    Answers that are right are not kept among the steps: no later difference is about them.
    """
    if lockstep.broken or not lockstep.model.defined:
        return
    for operation in sweep_of(lockstep.model, lockstep.history, lockstep.profile):
        try:
            result = lockstep.do(operation, look=False)
        except CallBarred:
            continue
        if result.differences:
            steps.append(result)
            return
