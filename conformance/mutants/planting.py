"""Faults that nobody thought of: one for each class of an argument, way of using again and place in a tree.

The catalogue holds faults that real systems have. These are made mechanically, from the declared domains: a
hypervisor follows the model beside itself, to know the class that each argument of a call has, and goes wrong
in calls with one class, or on a snapshot at one place, and in no other. What it does wrong then is drawn.
``benchmarks/planted_faults.py`` draws them by a seed, and counts those that the methods of a run catch.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from functools import wraps
from typing import Any, ClassVar, Final, Literal, get_args

from snaptree.conformance.driver import DriverOptions, DriverUnavailable
from snaptree.conformance.drivers.simulator import SimulatedDomain, SimulatorDriver
from snaptree.conformance.mutants.tampering import overwrite
from snaptree.spec.domains.situation import Situation
from snaptree.spec.domains.snapshots import UNISSUED
from snaptree.spec.domains.table import DIMENSIONS, Answer, classes_of
from snaptree.spec.operations import KINDS, Operation, WriteBlocks
from snaptree.spec.outcomes import Accepted, Refusal
from snaptree.spec.semantics import step
from snaptree.spec.state import Domain, blank_domain

DRIVER: Final = "snaptree.conformance.mutants.planting:PlantedDriver"

Effect = Literal[
    "fails", "does nothing", "spoils the active state", "spoils the oldest snapshot", "answers otherwise",
    "accepts", "refuses otherwise", "spoils at the next revert", "spoils at the next create",
]  # fmt: skip
"""What goes wrong. The last two happen later: the next call of this kind spoils the active state."""

EFFECTS: Final[tuple[Effect, ...]] = get_args(Effect)

LATER: Final[Mapping[Effect, str]] = {
    "spoils at the next revert": "revert",
    "spoils at the next create": "create",
}

Measure = Literal["depth", "number among siblings", "place in the list"]
MEASURES: Final[tuple[Measure, ...]] = get_args(Measure)


@dataclass(frozen=True)
class Planted:
    """A fault of one call: in one class of an argument, or on a snapshot at one place, counted from 1.

    ``argument`` is a dimension of the call or a measure of a place, ``name`` the class or the number.
    ``size`` is the number of snapshots that there have to be, 0 for any.
    """

    call: str
    argument: str
    name: str
    answer: Answer
    effect: Effect
    size: int = 0

    def __str__(self) -> str:
        among = f" of {self.size}" if self.size else ""
        return f"{self.call} {self.argument} '{self.name}'{among} {self.answer}: {self.effect}"

    def strikes(self, operation: Operation, situation: Situation, outcome: Any) -> bool:
        """Whether the fault shows in this call. What changes nothing anyway cannot be left undone."""
        accepted = isinstance(outcome, Accepted)
        if operation.call != self.call or accepted != (self.answer == "accepted"):
            return False
        if self.effect == "does nothing" and outcome.domain == situation.domain:
            return False
        if self.size and len(situation.domain.snapshots) != self.size:
            return False
        if self.argument in MEASURES:
            return self.name in _measured(operation, situation.domain, self.argument)
        classes = classes_of(operation, situation)
        places = [one.name for one in DIMENSIONS[self.call]]
        if not self.argument:
            return True
        return classes is not None and classes[places.index(self.argument)] == self.name


def _measured(operation: Operation, domain: Domain, measure: str) -> tuple[str, ...]:
    snapshot = domain.snapshots.get(getattr(operation, "snapshot", None) or "")
    if snapshot is None:
        return ()
    if measure == "place in the list":
        return (str([one.id for one in domain.in_order()].index(snapshot.id) + 1),)
    if measure == "number among siblings":
        return (str([*domain.children_of(snapshot.parent)].index(snapshot.id) + 1),)
    depth, above = 1, snapshot.parent
    while above is not None:
        depth, above = depth + 1, domain.snapshots[above].parent
    return (str(depth),)


class PlantedDomain(SimulatedDomain):
    """A hypervisor that is right but for one fault. ``struck`` counts the calls in which it showed."""

    fault: ClassVar[Planted]
    struck: ClassVar[int] = 0

    def __init__(self, profile: Any, disks: Mapping[str, int], *, persistent: bool = True) -> None:
        super().__init__(profile, disks, persistent=persistent)
        self.situation = Situation(blank_domain(disks, persistent=persistent), profile)
        self.ids: dict[str, str] = {}
        self.waiting = False
        """Whether what happens later waits for its call."""
        self._inside = False
        self._lost = False

    def native_call(self, name: str, arguments: dict[str, Any]) -> Any:
        """One of libvirt's calls, which the model beside it does not follow."""
        self._lost = True
        return super().native_call(name, arguments)

    def write_blocks(self, disk: str, blocks: dict[str, int]) -> None:
        """Several writes, none of which strikes."""
        with self._within():
            super().write_blocks(disk, blocks)
        for one in WriteBlocks.from_json(disk, blocks).single_writes():
            self._follow(one, step(self.situation.domain, one, self.profile))

    @contextmanager
    def _within(self) -> Iterator[None]:
        before, self._inside = self._inside, True
        try:
            yield
        finally:
            self._inside = before

    def take(self, operation: Operation, call: Callable[[], Any]) -> Any:
        """Make a call, right or wrong, and let the model follow."""
        outcome = step(self.situation.domain, operation, self.profile)
        strikes = not self._lost and self.fault.strikes(operation, self.situation, outcome)
        with self._within():
            if self.waiting and operation.call == LATER.get(self.fault.effect):
                self.waiting = False
                try:
                    return self._made(operation, outcome, call)
                finally:
                    self._spoil_active()
            if not strikes:
                return self._made(operation, outcome, call)
            type(self).struck += 1
            return self._wrong(operation, outcome, call)

    def _made(self, operation: Operation, outcome: Any, call: Callable[[], Any]) -> Any:
        result = call()
        self._follow(operation, outcome)
        if operation.creates and isinstance(outcome, Accepted) and isinstance(result, str):
            self.ids[result] = str(outcome.result)
        return result

    def _follow(self, operation: Operation, outcome: Any) -> None:
        if isinstance(outcome, Accepted):
            before = self.situation
            history = before.history.after(before.domain, operation, outcome.domain)
            self.situation = Situation(outcome.domain, self.profile, history)

    def _wrong(self, operation: Operation, outcome: Any, call: Callable[[], Any]) -> Any:
        match self.fault.effect:
            case "fails":
                raise OSError("the planted fault")
            case "does nothing" | "accepts":
                return "snap-00000000" if operation.creates else None
            case "refuses otherwise":
                wrong = next(one for one in _KINDS if one.kind not in outcome.kinds)
                raise wrong("the planted fault")
            case "answers otherwise":
                result = self._made(operation, outcome, call)
                return [*result, "snap-00000000"] if isinstance(result, list) else "snap-00000000"
        try:
            return self._made(operation, outcome, call)
        finally:  # a refusal too
            if self.fault.effect in LATER:
                self.waiting = True
            elif self.fault.effect == "spoils the active state":
                self._spoil_active()
            else:
                self._spoil_oldest()

    def _spoil_active(self) -> None:
        layers = [*self.open.values(), *self.independent.values()]
        if not layers:
            raise OSError("the planted fault")
        layer = layers[0]
        value = (layer.read().get("0", 0) + 1) % 256
        layer.become({**layer.blocks, 0: value}, layer.horizon, layer.backing)

    def _spoil_oldest(self) -> None:
        if not self.nodes:
            raise OSError("the planted fault")
        node = next(iter(self.nodes.values()))
        node.description += "?"
        self.touched(node)
        for layer in node.layers.values():
            overwrite(layer, {0: (layer.read().get("0", 0) + 1) % 256})


def _kinds() -> list[type[Refusal]]:
    return sorted(Refusal.__subclasses__(), key=lambda one: one.__name__)


_KINDS: Final = _kinds()


def _followed(name: str) -> Callable[..., Any]:
    kind, original = KINDS[name], getattr(SimulatedDomain, name)

    @wraps(original)
    def call(self: PlantedDomain, *given: Any, **named: Any) -> Any:
        if self._inside:
            return original(self, *given, **named)
        arguments = dict(zip(kind.__match_args__, given, strict=False)) | named
        if arguments.get("snapshot") is not None:
            arguments["snapshot"] = self.ids.get(arguments["snapshot"], UNISSUED)
        if "name" in arguments:
            arguments["name"] = self.ids.get(arguments["name"], arguments["name"])
        return self.take(kind(**arguments), lambda: original(self, *given, **named))

    return call


for _name in KINDS:
    setattr(PlantedDomain, _name, _followed(_name))


class PlantedDriver(SimulatorDriver):
    """Opens domains with the fault that the setting ``fault`` describes, as JSON."""

    settings: ClassVar[Mapping[str, str]] = {"fault": "the fault, as benchmarks/planted_faults.py prints it"}

    def __init__(self, options: DriverOptions | None = None) -> None:
        options = options or DriverOptions()
        super().__init__(options)
        try:
            fault = Planted(**json.loads(options.settings.get("fault", "")))
        except (TypeError, ValueError) as error:
            raise DriverUnavailable(f"the setting 'fault' describes none: {error}") from None
        self.name = f"planted fault: {fault}"
        self.domain_class = type("PlantedDomain", (PlantedDomain,), {"fault": fault, "struck": 0})

    @property
    def struck(self) -> int:
        """In how many calls the fault showed."""
        return int(vars(self.domain_class)["struck"])


def options_of(fault: Planted) -> DriverOptions:
    """What makes the driver plant this one."""
    return DriverOptions(settings={"fault": json.dumps(asdict(fault))})
