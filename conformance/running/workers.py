"""The workers: processes with a driver each, or this process for a debugger, behind one Protocol."""

from __future__ import annotations

import traceback
from collections.abc import Callable
from typing import Protocol

from snaptree.conformance.driver import (
    Driver,
    DriverOptions,
    DriverUnavailable,
    FaultKind,
    pace_of,
)
from snaptree.conformance.drivers import open_driver
from snaptree.conformance.running.pool import Pool
from snaptree.conformance.running.smoke import Probe, smoke
from snaptree.conformance.running.tasks import Performer, ProgressMessage, Task, Tasks, WorkerFailed
from snaptree.conformance.running.worker import Facts, Opening, facts_of, opening_of


class Workers(Protocol):
    """Opens drivers and performs tasks. The calls come in the order in which they stand here."""

    jobs: int

    def bring_up(self) -> Opening:
        """Open the first driver. Raises what ``open_driver`` raises."""

    def smoke(self) -> list[Probe]:
        """Make the smoke calls on the first driver."""

    def facts(self) -> Facts:
        """What the first driver says about itself."""

    def work(self, tasks: Tasks) -> None:
        """Perform all tasks. It requests the next one only when a worker is free.

        Raises DriverUnavailable when the host of a driver gives out or too many processes end, and
        WorkerFailed when a worker fails by a defect of snaptree.
        """

    def close(self, *, early: bool = False) -> list[tuple[str, FaultKind]]:
        """End the workers, and close their drivers; returns the faults of closing.

        ``early`` does not wait for what the workers are doing.
        """


def open_workers(name: str, options: DriverOptions, jobs: int) -> Workers:
    """As many workers as jobs, each with its own driver. The caller closes them."""
    return Pool(name, options, jobs)


class _ListenerError(BaseException):
    """An error in the receiver of messages, not in the work. No driver may swallow it."""

    def __init__(self, error: Exception) -> None:
        super().__init__(str(error))
        self.error = error


class InProcess:
    """Works in this process, for a debugger: a call that hangs or ends the process does so to the run.

    ``opened`` opens the driver when it is needed.
    """

    def __init__(self, opened: Callable[[], Driver]) -> None:
        self.jobs = 1
        self._open = opened
        self._driver: Driver | None = None
        self._closes = True

    @classmethod
    def on(cls, driver: Driver) -> InProcess:
        """Workers on a driver that is already open, and stays open."""
        workers = cls(lambda: driver)
        workers._closes = False
        return workers

    @classmethod
    def named(cls, name: str, options: DriverOptions) -> InProcess:
        """Workers on the driver of that name."""
        return cls(lambda: open_driver(name, options))

    def bring_up(self) -> Opening:
        """Open the driver."""
        return opening_of(self._opened())

    def smoke(self) -> list[Probe]:
        """Make the smoke calls."""
        return list(smoke(self._opened()))

    def facts(self) -> Facts:
        """What the driver says about itself."""
        driver = self._opened()
        return facts_of(driver, pace_of(driver))

    def _opened(self) -> Driver:
        if self._driver is None:
            self._driver = self._open()
        return self._driver

    def work(self, tasks: Tasks) -> None:
        """Perform one task after the other."""
        performer = Performer(self._opened())
        while (task := tasks.next()) is not None:
            try:
                performer.perform(task, _heard_by(tasks, task))
            except _ListenerError as wrapped:
                raise wrapped.error from None
            except DriverUnavailable:
                raise
            except Exception:  # noqa: BLE001 - a fault of ours is told with what was found before it
                raise WorkerFailed(traceback.format_exc()) from None
            tasks.done(task)

    def close(self, *, early: bool = False) -> list[tuple[str, FaultKind]]:  # noqa: ARG002 - at once in any case
        """Close the driver."""
        driver, self._driver = self._driver, None
        if driver is None or not self._closes:
            return []
        try:
            driver.close()
        except Exception as error:  # noqa: BLE001 - whatever a driver raises is a finding
            return [(f"shutdown failed with {type(error).__name__}: {error}", "failed")]
        return []


def _heard_by(tasks: Tasks, task: Task) -> Callable[[ProgressMessage], None]:
    def heard(message: ProgressMessage) -> None:
        try:
            tasks.heard(task, message)
        except Exception as error:
            raise _ListenerError(error) from error

    return heard
