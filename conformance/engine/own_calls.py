"""The calls that open and close a domain or driver, as steps: a fault ends a sequence in that step."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from snaptree.conformance.driver import DomainFault, FaultKind
from snaptree.conformance.engine.answers import Failed
from snaptree.conformance.engine.differences import of_process
from snaptree.conformance.engine.lockstep import StepResult
from snaptree.spec.operations import Operation
from snaptree.spec.outcomes import Accepted
from snaptree.spec.state import Domain


@dataclass(frozen=True)
class OwnCall(Operation):
    """A call of the suite's own around a sequence: ``open``, ``close``, ``shutdown``. It changes no state."""

    call: str  # type: ignore[misc] # of the class in every other operation

    op = "own_call"

    def arguments(self) -> dict[str, Any]:
        """None that a reader has to know."""
        return {}


def fault_step(before: Domain, call: str, text: str, kind: FaultKind) -> StepResult:
    """The step in which a call of the suite's own failed."""
    difference = of_process(call, kind, (f"{call} returns",), text)
    accepted = Accepted(None, before)
    return StepResult(OwnCall(call), before, accepted, Failed(text, kind), None, (difference,), {})


def domain_fault_step(before: Domain, fault: DomainFault) -> StepResult:
    """The step in which a domain could not be opened or closed."""
    return fault_step(before, fault.call, str(fault), fault.kind)
