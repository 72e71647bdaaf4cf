"""The catalogue of stored hypervisors: each faulty one with the rules that have to be reported for it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from types import ModuleType
from typing import Final, Literal

from snaptree.conformance.mutants.stored import different, failing, killed, lossy
from snaptree.conformance.mutants.stored.shelf import Shelf

Promise = Literal["none", "ordered", "strict"]


@dataclass(frozen=True)
class Stored:
    """A hypervisor with one fault, or a correct one that does it in another way; see ``Mutant``."""

    name: str
    about: str
    caught_by: tuple[str, ...]
    domain: type[Shelf]
    methods: tuple[str, ...] = ("crashes", "failures")
    """Those that catch it; a correct one comes through all."""
    power: Promise = "none"
    """What its profile claims of a loss of power."""

    @property
    def correct(self) -> bool:
        """Whether it breaks no rule."""
        return not self.caught_by


def _of(module: ModuleType, *methods: str) -> Iterator[Stored]:
    for value in vars(module).values():
        if isinstance(value, type) and issubclass(value, Shelf) and "breaks" in vars(value):
            name = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "-", value.__name__).lower()
            tried = methods if vars(value)["breaks"] else ("crashes", "power", "failures")
            about = " ".join((value.__doc__ or "").split())
            power: Promise = getattr(value, "power", "none")
            yield Stored(name, about, vars(value)["breaks"], value, tried, power)


STORED: Final[tuple[Stored, ...]] = (
    *_of(killed, "crashes"),
    *_of(failing, "failures"),
    *_of(lossy, "power"),
    *_of(different),
)
