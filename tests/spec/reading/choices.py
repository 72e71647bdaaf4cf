"""Where the text of the chapters leaves a choice: what the walks do not compare, and why.

A later decision about the text takes an entry out of the list; the comparison then covers the case.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, Literal

from snaptree.spec.operations import Operation

from .machine import Machine

Asks = Callable[[Machine, Any], bool]


@dataclass(frozen=True)
class Choice:
    """A case that the text does not decide.

    ``what`` says what is left out. ``call``: the walk does not make the call. ``kinds``: the call must be
    refused, and the kind that is named must be among those of both. ``result``: what it returns.
    """

    reason: str
    what: Literal["call", "kinds", "result"]
    applies: Asks
    kind: str = ""


def _calls(*names: str) -> Callable[[Asks], Asks]:
    return lambda asks: lambda machine, call: call.call in names and asks(machine, call)


UNDECIDED: Final = (
    Choice("a removed domain: whether other kinds apply beside that of POWER-18", "kinds",
           lambda machine, _: not machine.defined, "InvalidArgument"),
)  # fmt: skip
"""Everything that the walks leave out, each with its reason."""


def left_out(machine: Machine, call: Operation) -> Choice | None:
    """The first entry that applies to a call on a machine."""
    return next((choice for choice in UNDECIDED if choice.applies(machine, call)), None)
