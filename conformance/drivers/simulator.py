"""The driver of the embedded simulator, and the easiest one to inherit from.

A hypervisor that differs in one call is a subclass of ``SimulatedDomain`` with
that call, and a subclass of ``SimulatorDriver`` that names it as ``domain_class``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import wraps
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, ClassVar, TypeVar

from snaptree import simulator
from snaptree.conformance.driver import DEFAULT_DISKS, Domain, DriverOptions, Killed
from snaptree.conformance.drivers.kit.callers import Caller, Gate
from snaptree.simulator import Machine
from snaptree.spec.operations import KINDS
from snaptree.spec.profiles import Profile, load_profile

D = TypeVar("D", bound=type["SimulatedDomain"])


class SimulatedDomain(Machine):
    """A simulated domain as the suite sees it. A place where its calls can be held is a change."""

    gate: Gate | None = None

    def attach(self) -> Domain:
        """Another caller, who calls the same machine."""
        another: Any = Caller(self)
        return another  # type: ignore[no-any-return]

    def hold_at(self, place: int | None) -> None:
        """Stop the next call before its change of this number; see ``Holds``."""
        gate = self.gate = Gate()
        gate.hold_at(place)

        def stop(number: int) -> None:
            gate.pass_by(f"before change {number + 1}", lambda: OSError("the change failed"))

        self.journal.interrupt = stop

    def held_at(self) -> str | None:
        """The change before which a call is stopped now."""
        return None if self.gate is None else self.gate.held_at()

    def let_go(self, *, fail: bool = False) -> None:
        """Let the call go on, or its change fail."""
        self.journal.interrupt = None
        if self.gate is not None:
            self.gate.let_go(fail=fail)

    def interrupt_at(self, change: int | None, error: OSError | None = None) -> None:
        """Be killed before the change of this number in a later call, or fail there; see ``Interrupts``."""

        def kill(number: int) -> None:
            if number == change:
                self.journal.interrupt = None
                raise Killed if error is None else error

        self.journal.interrupt = None if change is None else kill


def takes_ids(meaning: Callable[[SimulatedDomain, Any], Any]) -> Callable[[D], D]:
    """Let every call of a hypervisor take what an id means to it."""

    def changed(kind: D) -> D:
        for call, operation in KINDS.items():
            if "snapshot" in operation.__match_args__:
                setattr(kind, call, _translated(getattr(kind, call), meaning))
        return kind

    return changed


def _translated(
    call: Callable[..., Any], meaning: Callable[[SimulatedDomain, Any], Any]
) -> Callable[..., Any]:
    @wraps(call)
    def translated(self: SimulatedDomain, snapshot: Any = None, *rest: Any, **named: Any) -> Any:
        return call(self, meaning(self, snapshot), *rest, **named)

    return translated


def in_any_case(domain: SimulatedDomain, asked: Any) -> Any:
    """The id that is meant where case is ignored."""
    alike = {key.casefold(): key for key in (*domain.nodes, *domain.hidden)}
    return alike.get(asked.casefold(), asked) if isinstance(asked, str) else asked


def by_name(domain: SimulatedDomain, asked: Any) -> Any:
    """The id that is meant where a name is taken for it."""
    named = {node.name: key for key, node in domain.nodes.items()}
    return asked if asked in domain.nodes or asked in domain.hidden else named.get(asked, asked)


def _as_lenient(kind: type[SimulatedDomain], profile: Profile) -> type[SimulatedDomain]:
    """The hypervisor, taking for an id whatever its profile says that it takes."""
    meanings = [by_name] if profile.id_names == "taken" else []
    meanings += [in_any_case] if profile.id_case == "ignored" else []
    for meaning in meanings:
        kind = takes_ids(meaning)(type("SimulatedDomain", (kind,), {}))
    return kind


class SimulatorDriver:
    """Opens simulated domains under any profile; ``rfc`` unless another is asked for.

    ``fast`` tells the suite that a call costs microseconds, so that it does more by default.
    """

    name = "simulator"
    fast = True
    interrupts = True
    domain_class: type[SimulatedDomain] = SimulatedDomain
    settings: ClassVar[Mapping[str, str]] = {}
    artifacts = (Path(simulator.__path__[0]),)

    def __init__(self, options: DriverOptions | None = None) -> None:
        asked = options.profile if options is not None else None
        self.profile = load_profile(asked or "rfc")
        self.domain_class = _as_lenient(self.domain_class, self.profile)
        try:
            self.version = version("snaptree")
        except PackageNotFoundError:
            self.version = "not installed"

    def open(self, disks: Mapping[str, int] = DEFAULT_DISKS, *, persistent: bool = True) -> SimulatedDomain:
        """A fresh simulated domain."""
        return self.domain_class(self.profile, disks, persistent=persistent)

    def close(self) -> None:
        """Nothing to end."""
