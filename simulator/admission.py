"""Before any work: is the call claimed, is the power state right, is the name good."""

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


def mutation(method: Callable[Concatenate[S, P], R]) -> Callable[Concatenate[S, P], R]:
    """A call that changes something: admitted first, journalled, and undone if it fails.

    Of two at once, the later is ``Busy``; a look-up waits, and so sees no tree in between.
    """
    name = method.__name__

    @wraps(method)
    def call(self: S, /, *args: P.args, **kwargs: P.kwargs) -> R:
        if not self.turn.acquire(blocking=False):
            raise Busy("another call is changing the domain")
        try:
            with self.sight:
                return changed(self, *args, **kwargs)
        finally:
            self.turn.release()

    def changed(self: S, /, *args: P.args, **kwargs: P.kwargs) -> R:
        admit(self, name)
        journal = self.journal
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
    """Refuse what the profile does not claim, now or ever."""
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


def admit_feature(machine: State, feature: str) -> None:
    """Refuse what a feature would be needed for."""
    if feature not in machine.profile.features:
        raise Unsupported(f"{feature} is not claimed by profile {machine.profile.name}")


def admit_snapshot(machine: State, snapshot: str) -> None:
    """Refuse an id that is not listed."""
    if snapshot not in machine.nodes:
        raise NoSuchSnapshot(f"no snapshot {snapshot!r}")


def admit_resume(machine: State, resume_as: Any) -> None:
    """Refuse a power state that is none, or cannot be asked for."""
    if resume_as is None:
        return
    if resume_as not in ("running", "paused", "off"):
        raise InvalidArgument(f"resume_as is running, paused or off, not {resume_as!r}")
    admit_feature(machine, "resume_as")
