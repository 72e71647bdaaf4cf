"""Watches a driver in its worker process: every call is written into the black box before it is made.

What would end the process in Python, ``SystemExit``, ``KeyboardInterrupt`` or ``GeneratorExit``, becomes a
``ProcessFault`` of the call. A call that ended an earlier process is not made again: it raises the fault
that its end was.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic
from typing import Any, Final

from snaptree.conformance.driver import (
    DEFAULT_DISKS,
    CallBarred,
    Domain,
    Driver,
    FaultKind,
    Killed,
    Pace,
    ProcessFault,
    Recovers,
    pace_of,
)
from snaptree.conformance.running.black_box import BlackBox
from snaptree.spec.profiles import Profile

BRING_UP: Final = "bring up"
SHUTDOWN: Final = "shutdown"

_LOOKS: Final = frozenset({"observe", "digests", "close"})
"""Calls that are made for what the operation before them did."""


_OF_GATES: Final = frozenset({"hold_at", "held_at", "let_go"})
"""Calls that stop another call, and ask again and again whether it is stopped."""


@dataclass(frozen=True)
class Fault:
    """The end of a worker process, or its silence, in a call.

    ``number`` is that of the call in its task. ``blamed`` is the operation that the call was made for.
    """

    number: int
    call: str
    blamed: str
    text: str
    kind: FaultKind


@dataclass(frozen=True)
class Trouble:
    """What is known of a task from workers that it ended: faults by the number of the call.

    A call in ``barred`` is not made at all any more.
    """

    fatal: Mapping[int, Fault] = field(default_factory=dict)
    barred: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Patience:
    """The seconds that a call of a domain may take, and one that brings up, opens a domain or shuts down."""

    call: float = 60.0
    around: float = 120.0

    def of(self, call: str) -> float:
        """The seconds that this call may take."""
        return self.around if call in (BRING_UP, SHUTDOWN, "open") else self.call


class OrderToEnd(BaseException):
    """The order to end. Not an Exception: code that judges a driver must not swallow it."""


class Watch:
    """Writes the calls of one worker into its black box."""

    def __init__(self, box: BlackBox, patience: Patience) -> None:
        self._box = box
        self._patience = patience
        self._process = os.getpid()
        self._number = 0
        self._operation = b""
        self._trouble = Trouble()
        self.replayed: set[int] = set()
        """The numbers of the calls of this task that raised the fault of an earlier process."""

    def begin(self, trouble: Trouble) -> None:
        """Begin a task: its calls are counted from one."""
        self._number = 0
        self._operation = b""
        self._trouble = trouble
        self.replayed = set()
        self._box.write(self._process, 0, 0.0, 0.0, b"", b"")

    def guard(self, name: str, call: Callable[..., Any]) -> Callable[..., Any]:
        """The same call, watched."""
        written = name.encode("utf-8", "replace")[:64]
        allowed = self._patience.of(name)
        changes = name not in _LOOKS
        box, process = self._box, self._process

        def made(*given: Any, **by_name: Any) -> Any:
            if changes:
                self._operation = written
            self._number = number = self._number + 1
            if self._trouble.fatal or self._trouble.barred:
                self._check(name, number)
            box.write(process, number, monotonic(), allowed, written, self._operation)
            try:
                return call(*given, **by_name)
            except (Exception, OrderToEnd, Killed):
                raise
            except BaseException as error:  # noqa: BLE001 - whatever a driver raises is a finding
                raise ProcessFault(_raised(name, error), "raised") from None
            finally:
                box.write_return()

        return made

    def _check(self, name: str, number: int) -> None:
        fault = self._trouble.fatal.get(number)
        if fault is not None and fault.call == name:
            self.replayed.add(number)
            raise ProcessFault(fault.text, fault.kind)
        if name in self._trouble.barred:
            raise CallBarred(name)


def _raised(name: str, error: BaseException) -> str:
    try:
        text = str(error)
    except Exception:  # noqa: BLE001 - an exception of a driver's may be unable to say anything
        text = "without a text"
    return f"{name} raised {type(error).__name__}, which ends a process" + (f": {text}" if text else "")


class WatchedDriver:
    """A driver whose calls are watched, and those of its domains."""

    def __init__(self, driver: Driver, watch: Watch) -> None:
        self._driver = driver
        self._watch = watch
        self._open = watch.guard("open", driver.open)
        self.close = watch.guard(SHUTDOWN, driver.close)
        self.name: str = driver.name
        self.version: str = driver.version
        self.profile: Profile = driver.profile
        self.pace: Pace = pace_of(driver)
        self._reopen = watch.guard("reopen", driver.reopen) if isinstance(driver, Recovers) else None

    @property
    def watched(self) -> Driver:
        """The driver itself."""
        return self._driver

    def open(self, disks: Mapping[str, int] = DEFAULT_DISKS, *, persistent: bool = True) -> Domain:
        """A fresh domain, watched."""
        # Not every driver knows of transient domains.
        domain = self._open(disks) if persistent else self._open(disks, persistent=False)
        watched: Any = WatchedDomain(domain, self._watch)
        return watched  # type: ignore[no-any-return]

    @property
    def reopen(self) -> Callable[[Path], Domain]:
        """A domain over a folder, watched, where the driver has such a call."""
        reopen = self._reopen
        if reopen is None:
            raise AttributeError("reopen")

        def reopened(folder: Path) -> Domain:
            watched: Any = WatchedDomain(reopen(folder), self._watch)
            return watched  # type: ignore[no-any-return]

        return reopened

    def __getattr__(self, name: str) -> Any:
        return getattr(self._driver, name)


class WatchedDomain:
    """A domain whose calls are watched."""

    def __init__(self, domain: Domain, watch: Watch) -> None:
        self._domain = domain
        self._watch = watch
        if hasattr(domain, "digests"):
            # A Protocol that is asked of an instance looks for it there.
            self.digests = watch.guard("digests", domain.digests)

    def __getattr__(self, name: str) -> Any:
        value = getattr(self._domain, name)
        if not callable(value) or name in _OF_GATES:
            return value
        if name == "attach":
            return lambda: WatchedDomain(value(), self._watch)
        guarded = self._watch.guard(name, value)
        self.__dict__[name] = guarded
        return guarded
