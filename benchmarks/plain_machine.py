"""The peer: model and simulator as a plain Hypothesis state machine.

Rules as the documentation of Hypothesis teaches them: arguments are drawn from
strategies, snapshots come from a bundle or from what is listed now. Engine,
model, simulator and comparison are those of the sampled method; only the way in
which operations are found differs. Calls are as frequent as there: a rule is
there several times, because rules have no weights, and with one rule a call
nine steps in ten would not touch any snapshot.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    multiple,
    precondition,
    rule,
    run_state_machine_as_test,
)

from snaptree.conformance.driver import DEFAULT_DISKS
from snaptree.conformance.drivers.simulator import SimulatorDriver
from snaptree.conformance.engine.coverage import Tally
from snaptree.conformance.engine.lockstep import Lockstep
from snaptree.conformance.methods.sampled import MOST_SNAPSHOTS, WEIGHTS
from snaptree.spec import operations as ops
from snaptree.spec.operations import KINDS, Operation
from snaptree.spec.outcomes import Accepted
from snaptree.spec.state import BLOCK_STRIDE

Strategy = st.SearchStrategy[Any]

_BYTE: Final = st.integers(0, 255)
_DISK: Final = st.sampled_from(("vda", "vdb", "vdc"))
_SIZE: Final = st.integers(1, 24).map(lambda blocks: blocks * BLOCK_STRIDE)
_RESUME: Final = st.sampled_from((None, *ops.RESUME_AS))
_NAME: Final = st.sampled_from([f"n{number}" for number in range(64)])

ARGUMENTS: Final[dict[str, dict[str, Strategy]]] = {
    "create": {"name": _NAME, "memory": st.booleans()},
    "revert": {"resume_as": _RESUME},
    "merge_into_parent_forced": {"resume_as": _RESUME},
    "discard_forced": {"resume_as": _RESUME},
    "remove_subtree": {"keep_root": st.booleans()},
    "rename": {"name": _NAME},
    "describe": {"description": _NAME},
    "write_disk": {"disk": _DISK, "block": st.sampled_from((0, 5, 10, 15)), "value": _BYTE},
    "write_memory": {"value": _BYTE},
    "resize_disk": {"disk": _DISK, "size": _SIZE},
    "attach_disk": {"disk": st.sampled_from(("vdc", "vdd")), "size": _SIZE, "independent": st.booleans()},
    "detach_disk": {"disk": _DISK},
    "configure": {"key": st.sampled_from(("a", "b", "c")), "value": st.sampled_from(("", "x", "y"))},
    "lookup_by_name": {"name": _NAME},
}
"""What is drawn for each call beside its snapshot; the others draw nothing."""

ONE_RULE: Final = 4
"""How much weight of the sampled method is one rule."""

LEFT_OUT: Final = ("undefine", "undefine_forced")
"""A removed domain answers everything with a refusal: the machine is spared those steps."""

ENDING: Final = (
    "merge_into_children",
    "merge_into_parent",
    "merge_into_parent_forced",
    "discard",
    "discard_forced",
    "retire",
)
"""Calls after which a snapshot is gone, if they are accepted."""


class Lockstepped(RuleBasedStateMachine):
    """What both kinds of machine share: a pair that takes each step and must agree."""

    driver = SimulatorDriver()
    tally = Tally()
    sizes = 0

    def __init__(self) -> None:
        super().__init__()
        self.domain = self.driver.open(DEFAULT_DISKS)
        self.pair = Lockstep(self.domain, self.driver.profile, tally=self.tally)

    def take(self, operation: Operation) -> str | None:
        """Take one step; the id of the snapshot that it made, if it made one."""
        taken = self.pair.do(operation)
        assert not taken.differences, taken.differences
        type(self).sizes += len(self.pair.model.snapshots)
        made = operation.op == "create" and isinstance(taken.outcome, Accepted)
        return str(taken.outcome.result) if made and isinstance(taken.outcome, Accepted) else None

    def teardown(self) -> None:
        assert not self.pair.finish()
        self.domain.close()


def machine_class(targets: str) -> type[Lockstepped]:
    """A machine whose targets come from a ``bundle``, or are ``listed`` now."""
    snapshots: Bundle[str] = Bundle("snapshots")
    # ``runner`` is how a strategy of a rule sees the machine that it is drawn for.
    listed = st.runner().flatmap(lambda machine: st.sampled_from(sorted(machine.pair.model.snapshots)))
    declare: Any = rule  # its overloads cannot be told apart when arguments come from a table
    body: dict[str, Any] = {"tally": Tally(), "sizes": 0}
    for op, kind in KINDS.items():
        if op in LEFT_OUT:
            continue
        drawn = dict(ARGUMENTS.get(op, {}))
        named = "snapshot" in kind.__dataclass_fields__
        if named and targets == "bundle":
            drawn["snapshot"] = consumes(snapshots) if op in ENDING else snapshots
        elif named:
            drawn["snapshot"] = listed
        for number in range(_copies(op)):
            take = _step(kind, op, into_bundle=op == "create" and targets == "bundle")
            goes_to = {"target": snapshots} if op == "create" and targets == "bundle" else {}
            made = declare(**goes_to, **drawn)(take)
            if op == "create":
                made = precondition(_has_room)(made)
            elif named and targets == "listed":
                made = precondition(_has_some)(made)
            body[f"{op}_{number}"] = made
    if targets == "bundle":
        body["snapshots"] = snapshots
    return type(f"Machine_{targets}", (Lockstepped,), body)


def _copies(op: str) -> int:
    return max(1, round(WEIGHTS[op] / ONE_RULE))


def _step(kind: type[Operation], op: str, *, into_bundle: bool) -> Callable[..., Any]:
    def take(self: Lockstepped, **drawn: Any) -> Any:
        made = self.take(kind(**drawn))
        if into_bundle:
            return multiple() if made is None else made
        return None

    take.__name__ = op
    return take


def _has_room(machine: Lockstepped) -> bool:
    return len(machine.pair.model.snapshots) < MOST_SNAPSHOTS


def _has_some(machine: Lockstepped) -> bool:
    return len(machine.pair.model.snapshots) > 0


def run_machine(machine: type[Lockstepped], batch_seed: int, sequences: int, longest: int) -> None:
    """Run sequences with the settings that the sampled method uses."""
    run_state_machine_as_test(
        seed(batch_seed)(machine),
        settings=settings(
            max_examples=sequences,
            stateful_step_count=longest,
            database=None,
            deadline=None,
            derandomize=False,
            phases=(Phase.generate,),
            suppress_health_check=list(HealthCheck),
            print_blob=False,
        ),
    )
