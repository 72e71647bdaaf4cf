"""A condition: a case that rules speak of, and in which steps it holds."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Any, Final

from snaptree.spec.operations import Operation
from snaptree.spec.profiles import Profile
from snaptree.spec.state import Domain

HoldsForStep = Callable[[Domain, Any, Profile], bool]
"""Whether a condition holds for the domain before a step, its operation and the profile."""

HoldsForDomain = Callable[[Domain], object]
"""Whether a condition of the domain alone holds before a step: something true, or not."""

Cases = dict[type[Operation] | str, HoldsForStep]
"""When a condition holds, by the kind of operation; for one that has no case it never does.

One of libvirt's calls stands by its name, and ``WITH_TARGET`` for every kind that names a snapshot.
"""

WITH_TARGET: Final = "an operation on a snapshot"


def always(_profile: Profile) -> bool:
    """What can hold under every profile."""
    return True


@dataclass(frozen=True)
class Condition:
    """A case that rules speak of. ``text`` is what readers see, after *where*.

    It holds by the state of the domain before the step, whatever the operation, or
    by ``cases``. ``can_hold`` says whether an accepted step under a profile can be such
    a case: where none can, the profile does not claim a rule that speaks of that case only.
    """

    name: str
    text: str
    when: HoldsForDomain | Cases
    can_hold: Callable[[Profile], bool]
    needs: Callable[[Profile], bool] = always
    """Under a profile for which this is false it holds in no step, refused ones included: it is not asked."""

    def case_of(self, kind: type[Operation]) -> HoldsForStep | None:
        """What decides whether it holds for operations of this kind; None where it never does."""
        when = self.when
        if isinstance(when, dict):
            return next((holds for case, holds in when.items() if _is_case(kind, case)), None)
        return lambda before, _operation, _profile: bool(when(before))

    def names(self, call: str) -> bool:
        """Whether one of its cases is a call by its name: that takes no class, and libvirt's load slowly."""
        return isinstance(self.when, dict) and call in self.when

    @property
    def is_of_domain(self) -> bool:
        """Whether it can hold whatever the operation."""
        return not isinstance(self.when, dict)

    def holds(self, before: Domain, operation: Operation, profile: Profile) -> bool:
        """Whether a step is such a case."""
        holds = self.case_of(type(operation))
        return holds is not None and holds(before, operation, profile)


def _is_case(kind: type[Operation], case: type[Operation] | str) -> bool:
    if isinstance(case, type):
        return issubclass(kind, case)
    return kind.op == case or (case == WITH_TARGET and any(one.name == "snapshot" for one in fields(kind)))
