"""What an entry of the catalogue is, and how a hypervisor gets into it.

An entry is a subclass of the simulated domain. Its docstring is what the
catalogue says about it, its name is the name of the class in lower case, and a
decorator says which rules it has to be caught by, or that it breaks none.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final, TypeVar

from snaptree.conformance.drivers.simulator import SimulatedDomain

D = TypeVar("D", bound=type[SimulatedDomain])


@dataclass(frozen=True)
class Mutant:
    """A hypervisor that is wrong in one thing, or one that is odd and right.

    ``caught_by`` are rules of which one has to be among the two that a deviation
    names first. A ``correct`` one breaks no rule and must not be blamed.
    ``profile`` is what it claims, unless somebody asks for another.
    """

    name: str
    about: str
    caught_by: tuple[str, ...]
    domain: type[SimulatedDomain]
    correct: bool = False
    profile: str = "rfc"


_ENTERED: Final[list[Mutant]] = []


def breaks(*rules: str, profile: str = "rfc") -> Callable[[D], D]:
    """Enter a hypervisor that breaks these rules, the one that says it best first."""

    def enter(domain: D) -> D:
        _ENTERED.append(Mutant(_name(domain), _about(domain), rules, domain, profile=profile))
        return domain

    return enter


def conforms(*, profile: str = "rfc") -> Callable[[D], D]:
    """Enter a hypervisor that looks unlike the others and breaks nothing."""

    def enter(domain: D) -> D:
        _ENTERED.append(Mutant(_name(domain), _about(domain), (), domain, correct=True, profile=profile))
        return domain

    return enter


def entered() -> Iterator[Mutant]:
    """Everything that was entered, in the order of the modules and of their lines."""
    yield from _ENTERED


def _name(domain: type[SimulatedDomain]) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "-", domain.__name__).lower()


def _about(domain: type[SimulatedDomain]) -> str:
    return " ".join((domain.__doc__ or "").split())
