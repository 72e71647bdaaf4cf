"""A worker process: it opens a driver and does what its parent sends, engine and driver side by side.

It ends when it is told to or when its parent is gone, and closes its driver first. Each worker has a socket
of its own, so the death of one is noticed at once and cannot garble the messages of the others.
"""

from __future__ import annotations

import os
import pickle
import signal
import sys
import traceback
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Any, Final

from snaptree.conformance.driver import (
    Driver,
    DriverOptions,
    DriverUnavailable,
    Pace,
    ProcessFault,
    announcement_of,
    recovers,
)
from snaptree.conformance.drivers import open_driver
from snaptree.conformance.drivers.components import Component, components_of
from snaptree.conformance.methods.explorer import why_not_explored
from snaptree.conformance.methods.meeting import NO_GATE, why_not_held
from snaptree.conformance.processes import keeping
from snaptree.conformance.running.black_box import BlackBox
from snaptree.conformance.running.portable import portable
from snaptree.conformance.running.smoke import smoke
from snaptree.conformance.running.tasks import Performer, ProgressMessage, Task
from snaptree.conformance.running.watching import (
    BRING_UP,
    OrderToEnd,
    Patience,
    Trouble,
    Watch,
    WatchedDriver,
)
from snaptree.conformance.sequences.running import Run
from snaptree.spec.profiles import Profile

BACKSTOP: Final = Patience(900.0, 900.0)
"""For a driver that keeps deadlines by itself."""


@dataclass(frozen=True)
class Facts:
    """What a driver says about itself."""

    name: str
    version: str
    profile: Profile
    pace: Pace
    uncrashed: str = ""
    """Why no call of the driver can be killed at every moment; empty if it can be."""
    recovers: bool = False
    components: tuple[Component, ...] = ()
    """The files of the system that it drives."""
    unheld: str = ""
    """Why no call of the driver can be held inside for another caller to meet; empty if it can be."""

    @property
    def alone(self) -> bool:
        """Whether a domain has one caller."""
        return self.unheld not in ("", NO_GATE)


@dataclass(frozen=True)
class Opening:
    """What is known of a driver before its first call: its announcement, and which settings are secrets."""

    announcement: str | None
    secrets: tuple[str, ...] = ()


def facts_of(driver: Any, pace: Pace, *, calls: bool = True) -> Facts:
    """What a driver says about itself, and whether its calls can be killed and held here.

    Without ``calls`` no call is made to find out.
    """
    return Facts(
        driver.name,
        driver.version,
        driver.profile,
        pace,
        why_not_explored(driver),
        recovers(driver),
        components_of(getattr(driver, "watched", driver)),
        why_not_held(driver) if calls else "",
    )


def opening_of(driver: Driver) -> Opening:
    """What a driver says before its first call."""
    return Opening(announcement_of(driver), tuple(getattr(driver, "secrets", ())))


def _end(_signal: int, _frame: Any) -> None:
    # Once is enough: a second one would tear the driver's closing apart.
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    raise OrderToEnd


def main(socket: int, box: int) -> None:
    """Serve the parent on the other end of the socket until it is done."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent decides
    signal.signal(signal.SIGTERM, _end)
    keeping.enable(lambda _: None)  # the parent says what is wrong with the cache
    pipe = Connection(socket)
    served = _Served(pipe, BlackBox(box))
    try:
        with suppress(OrderToEnd, BrokenPipeError, ConnectionResetError, EOFError):
            served.serve()
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        served.end()


class _Served:
    def __init__(self, pipe: Connection, box: BlackBox) -> None:
        self._pipe = pipe
        self._box = box
        self._box.write(os.getpid(), 0, 0.0, 0.0, b"", b"")
        self._driver: WatchedDriver | None = None
        self._watch = Watch(box, Patience())
        self._performer: Performer | None = None

    def serve(self) -> None:
        """Do what comes, one after the other."""
        while True:
            kind, content = self._pipe.recv()
            try:
                if kind == "close":
                    self._close()
                    return
                getattr(self, f"_{kind}")(*content)
            except (OrderToEnd, BrokenPipeError, ConnectionResetError):
                raise
            except DriverUnavailable as error:
                self._pipe.send(("unavailable", (str(error), error.install)))
            except ProcessFault as error:
                self._pipe.send(("unavailable", (str(error), None)))
            except BaseException:  # noqa: BLE001 - a fault of ours must reach the person who runs it
                self._pipe.send(("failed", traceback.format_exc()))

    def end(self) -> None:
        """Close the driver, if that was not asked for."""
        driver, self._driver = self._driver, None
        if driver is not None:
            with suppress(Exception):
                driver.close()

    def _open(self, name: str, options: DriverOptions, patience: Patience) -> None:
        self._watch = Watch(self._box, patience)
        opening = self._watch.guard(BRING_UP, lambda: open_driver(name, options))
        try:
            driver: Driver = opening()
        except (DriverUnavailable, ProcessFault):
            raise
        except Exception as error:  # noqa: BLE001 - the parent raises it where it was asked for
            self._pipe.send(("refused", _portable(error)))
            return
        if getattr(driver, "keeps_deadlines", False):
            self._watch = Watch(self._box, BACKSTOP)
        self._driver = WatchedDriver(driver, self._watch)
        watched: Any = self._driver
        self._performer = Performer(watched, self._watch)
        self._pipe.send(("opened", opening_of(driver)))

    def _smoke(self) -> None:
        driver: Any = self._driver
        self._watch.begin(Trouble())
        for probe in smoke(driver):
            self._pipe.send_bytes(portable(("probe", probe)))
        self._pipe.send(("done", None))

    def _introduce(self, calls: bool = True) -> None:
        driver = self._driver
        assert driver is not None, "it was opened"
        self._pipe.send(("facts", facts_of(driver, driver.pace, calls=calls)))

    def _perform(self, task: Task, trouble: Trouble) -> None:
        assert self._performer is not None, "it was opened"
        self._watch.begin(trouble)

        def say(message: ProgressMessage) -> None:
            self._pipe.send_bytes(portable(("progress", message)))

        self._performer.perform(task, say)
        self._pipe.send(("done", frozenset(self._watch.replayed)))

    def _carry_out(self, pickled: bytes, trouble: Trouble) -> None:
        self._watch.begin(trouble)
        errand = pickle.loads(pickled)  # by the parent; what cannot be imported here is told like a failure
        result = errand(self._driver)
        answer = ("result", (result, frozenset(self._watch.replayed)))
        self._pipe.send_bytes(portable(answer) if isinstance(result, Run) else pickle.dumps(answer))

    def _close(self) -> None:
        driver, self._driver = self._driver, None
        self._watch.begin(Trouble())
        problem: tuple[str, str] | None = None
        if driver is not None:
            try:
                driver.close()
            except ProcessFault as fault:
                problem = (str(fault), fault.kind)
            except DriverUnavailable as error:
                problem = (f"shutdown: {error}", "failed")
            except Exception as error:  # noqa: BLE001 - whatever a driver raises is a finding
                problem = (f"shutdown failed with {type(error).__name__}: {_text(error)}", "failed")
        self._pipe.send(("closed", problem))


def _portable(error: Exception) -> Exception:
    """The exception, if it survives the way to the parent, else one that says the same."""
    try:
        pickle.loads(pickle.dumps(error))
    except Exception:  # noqa: BLE001 - whatever pickling raises
        return DriverUnavailable(f"{type(error).__name__}: {_text(error)}")
    return error


def _text(error: BaseException) -> str:
    try:
        return str(error)
    except Exception:  # noqa: BLE001 - an exception of a driver's may be unable to say anything
        return "without a text"


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
