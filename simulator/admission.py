"""Checks made before any work: the call is claimed, the power state allows it, the name is valid."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, Final, ParamSpec, TypeVar

from snaptree.simulator.state import State
from snaptree.spec.outcomes import (
    Busy,
    InvalidArgument,
    InvalidName,
    InvalidPowerState,
    NoSuchSnapshot,
    Unsupported,
)

P = ParamSpec("P")
R = TypeVar("R")
S = TypeVar("S", bound=State)

UUID: Final = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", re.ASCII)

CLAIMED_AS: Final = {"write_blocks": "write_disk"}
"""Calls that need the claim of another call."""


def mutation(method: Callable[Concatenate[S, P], R]) -> Callable[Concatenate[S, P], R]:
    """A call that changes something: admitted first, journalled, and undone if it fails.

    The later one of two simultaneous mutations is ``Busy``. A look-up waits, so it never sees an
    intermediate tree.
    """
    name = CLAIMED_AS.get(method.__name__, method.__name__)

    @wraps(method)
    def call(self: S, /, *args: P.args, **kwargs: P.kwargs) -> R:
        if not self.turn.acquire(blocking=False):
            raise Busy("another call is changing the domain")
        journal = self.journal
        try:
            with self.sight:
                admit(self, name)
                if journal.under_way is not None:
                    # One call that is made of others is one mutation.
                    return method(self, *args, **kwargs)
                journal.begin(name)
                try:
                    result = method(self, *args, **kwargs)
                except Exception:
                    if journal.roll_back():
                        self.pool.epoch += 1
                    raise
                journal.commit()
                return result
        finally:
            self.turn.release()

    return call


def look_up(method: Callable[Concatenate[S, P], R]) -> Callable[Concatenate[S, P], R]:
    """A call that changes nothing."""
    name = method.__name__

    @wraps(method)
    def call(self: S, /, *args: P.args, **kwargs: P.kwargs) -> R:
        with self.sight:
            admit(self, name)
            return method(self, *args, **kwargs)

    return call


def admit(machine: State, call: str) -> None:
    """Refuse a call that the profile does not claim, or does not allow in this power state."""
    if call not in machine.profile.operations:
        raise Unsupported(f"{call} is not claimed by profile {machine.profile.name}")
    if not machine.defined:
        raise InvalidArgument("the domain was removed")
    if not machine.profile.allows_power(call, machine.power):  # type: ignore[arg-type]  # one of the three
        raise InvalidPowerState(f"{call} is not allowed while the domain is {machine.power}")


def admit_name(machine: State, name: str) -> None:
    """Refuse a name that the profile forbids."""
    if not machine.profile.names.allows(name):
        raise InvalidName(f"{name[:40]!r} is no valid name")


def admit_description(machine: State, description: str) -> None:
    """Refuse a description that does not fit into an XML document, where the profile promises to."""
    if machine.profile.descriptions == "xml" and not all(map(_is_xml, map(ord, description))):
        raise InvalidArgument(f"{description[:40]!r} cannot be written as XML")


def _is_xml(code: int) -> bool:
    """Whether XML 1.0 has the character: its production Char."""
    if code < 0x20:
        return code in (0x9, 0xA, 0xD)
    return not 0xD800 <= code <= 0xDFFF and code not in (0xFFFE, 0xFFFF)


def admit_feature(machine: State, feature: str) -> None:
    """Refuse a call that needs a feature which the profile does not claim."""
    if feature not in machine.profile.features:
        raise Unsupported(f"{feature} is not claimed by profile {machine.profile.name}")


def admit_snapshot(machine: State, snapshot: str) -> None:
    """Refuse an id that is not listed."""
    if snapshot not in machine.nodes:
        raise NoSuchSnapshot(f"no snapshot {snapshot!r}")


def admit_resume(machine: State, resume_as: Any) -> None:
    """Refuse a ``resume_as`` that is not a power state, or that the profile does not offer."""
    if resume_as is None:
        return
    if resume_as not in ("running", "paused", "off"):
        raise InvalidArgument(f"resume_as is running, paused or off, not {resume_as!r}")
    admit_feature(machine, "resume_as")
