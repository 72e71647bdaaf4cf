"""An entry of the catalogue, and how a hypervisor is marked as one.

An entry is a subclass of the simulated domain. Its docstring is its description in the catalogue, its name
is the lower-case name of the class. A decorator names the rules that the suite has to report, or says that
it breaks none.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import ModuleType
from typing import Final, TypeVar

from snaptree.conformance.drivers.simulator import SimulatedDomain
from snaptree.spec.profiles import Profile, load_profile, varied

D = TypeVar("D", bound=type[SimulatedDomain])


@dataclass(frozen=True)
class Mutant:
    """A hypervisor with one fault, or a correct unusual one.

    One of ``caught_by`` has to be among the first two rules of a deviation. A ``correct`` one breaks no
    rule and must not be blamed. ``profile`` is its default profile, ``settings`` are the points in which it
    claims something else, as ``limits.depth=3``. ``found_by`` names the method that should catch it; without,
    it is one of those that every hunt makes.
    """

    name: str
    about: str
    caught_by: tuple[str, ...]
    domain: type[SimulatedDomain]
    correct: bool = False
    profile: str = "rfc"
    settings: tuple[str, ...] = ()
    found_by: str = ""

    @property
    def claims(self) -> Profile:
        """Its profile, with the points in which it differs."""
        return varied(self.profile, self.settings) if self.settings else load_profile(self.profile)


def breaks(
    *rules: str, profile: str = "rfc", settings: tuple[str, ...] = (), found_by: str = ""
) -> Callable[[D], D]:
    """Mark a hypervisor that breaks these rules, the most fitting one first."""
    return lambda domain: _mark(
        domain,
        Mutant(
            _name(domain),
            _about(domain),
            rules,
            domain,
            profile=profile,
            settings=settings,
            found_by=found_by,
        ),
    )


def conforms(*, profile: str = "rfc", settings: tuple[str, ...] = ()) -> Callable[[D], D]:
    """Mark an unusual hypervisor that breaks no rule."""
    return lambda domain: _mark(
        domain,
        Mutant(_name(domain), _about(domain), (), domain, correct=True, profile=profile, settings=settings),
    )


def mutants_of(module: ModuleType) -> Iterator[Mutant]:
    """The hypervisors that a module marks, in the order of its lines."""
    for value in vars(module).values():
        entry = vars(value).get(_ENTRY) if isinstance(value, type) else None
        if entry is not None and value.__module__ == module.__name__:
            yield entry


_ENTRY: Final = "_mutant"
"""Where a marked class keeps its entry; a class that inherits from it has none."""


def _mark(domain: D, entry: Mutant) -> D:
    setattr(domain, _ENTRY, entry)
    return domain


def _name(domain: type[SimulatedDomain]) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "-", domain.__name__).lower()


def _about(domain: type[SimulatedDomain]) -> str:
    return " ".join((domain.__doc__ or "").split())
