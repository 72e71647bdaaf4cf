"""Several callers on one domain: one that is attached to a domain, and a gate that holds a call inside.

A domain that several threads may call needs no more than these to have ``Sessions`` and ``Holds``.
"""

from __future__ import annotations

from collections.abc import Callable
from threading import Event, Lock, get_ident
from typing import Any, Final

from snaptree.conformance.driver import Domain

FORGOTTEN: Final = 30.0
"""Seconds after which a call that is held goes on by itself: its runner is gone."""


class Gate:
    """Holds the next call of one caller at one of its places.

    The caller's ``hold_at``, ``held_at`` and ``let_go`` are those of its gate. Whoever carries the call out
    tells the gate of each place by ``pass_by``.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._place: int | None = None
        self._passed = 0
        self._caller: int | None = None
        self._at: str | None = None
        self._fail = False
        self._go_on = Event()

    def hold_at(self, place: int | None) -> None:
        """Stop the next call at its place of this number, counted from 0; None for no place."""
        with self._lock:
            self._place, self._passed, self._caller, self._at, self._fail = place, 0, None, None, False
            self._go_on.clear()

    def held_at(self) -> str | None:
        """The place where a call is stopped now, None if none is."""
        return self._at

    def let_go(self, *, fail: bool = False) -> None:
        """Let the call go on, and stop no later one; with ``fail`` what it is stopped at fails."""
        with self._lock:
            self._place, self._fail = None, fail
            self._go_on.set()

    def pass_by(self, place: str, error: Callable[[], Exception] | None = None) -> None:
        """A call comes by a place; raises what ``error`` makes if it is let go to fail.

        The first thread that comes by has the call that is held; other threads pass.
        """
        with self._lock:
            if self._place is None:
                return
            self._caller = self._caller or get_ident()
            if self._caller != get_ident():
                return
            here = self._passed == self._place
            self._passed += 1
            if not here:
                return
            self._at = place
        self._go_on.wait(FORGOTTEN)
        with self._lock:
            self._at = self._place = None
            failed = self._fail
        if failed and error is not None:
            raise error()


class Caller:
    """Another caller on a domain that several threads may call: it has the calls of the domain.

    Closing it leaves the domain.
    """

    def __init__(self, domain: Domain) -> None:
        self._domain = domain

    def __getattr__(self, name: str) -> Any:
        return getattr(self._domain, name)

    def attach(self) -> Domain:
        """One more caller on the same domain."""
        another: Any = Caller(self._domain)
        return another  # type: ignore[no-any-return]

    def close(self) -> None:
        """End this caller."""
