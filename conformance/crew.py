"""Who does the work: this process, or several of them with a driver each.

A worker ends when it is told to, when it is interrupted, and when the process
that started it is gone; in every case it closes its driver first.
"""

from __future__ import annotations

import multiprocessing
import os
import queue
import signal
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any, Final, Protocol

from snaptree.conformance.deviations import Sign
from snaptree.conformance.driver import Driver, DriverOptions, DriverUnavailable
from snaptree.conformance.drivers import open_driver
from snaptree.conformance.units import Report, Unit, perform

PATIENCE: Final = 1.0
"""Seconds between two looks at whether the other side is still there."""


class WorkerFailed(Exception):
    """A worker ended by a fault that is not the driver's; the text holds its report."""


@dataclass(frozen=True)
class Job:
    """A unit of work; ``heard`` is given every report. One cut off by its deadline ends early."""

    unit: Unit
    deadline: float | None
    heard: Callable[[Report], None]


class Crew(Protocol):
    """Does jobs."""

    def work(self, jobs: Iterator[Job]) -> None:
        """Do all jobs. The next one is only asked for when somebody is free to do it."""


@contextmanager
def crew(name: str, options: DriverOptions, jobs: int) -> Iterator[Crew]:
    """As many workers as jobs, each with its own driver; they are gone afterwards."""
    workers: Alone | Together = Alone(name, options) if jobs <= 1 else Together(name, options, jobs)
    try:
        yield workers
    finally:
        workers.close()


class Alone:
    """The work is done in this process."""

    def __init__(self, name: str, options: DriverOptions) -> None:
        self._driver: Driver = open_driver(name, options)
        self._known: set[Sign] = set()

    def work(self, jobs: Iterator[Job]) -> None:
        """Do one job after the other."""
        for job in jobs:
            perform(self._driver, job.unit, job.deadline, self._known, job.heard)

    def close(self) -> None:
        """Close the driver."""
        self._driver.close()


class Together:
    """The work is done in several processes."""

    def __init__(self, name: str, options: DriverOptions, jobs: int) -> None:
        # A fresh interpreter for each: a driver may have threads, and threads do not survive a fork.
        context = multiprocessing.get_context("spawn")
        self._tasks: Any = context.Queue()
        self._reports: Any = context.Queue()
        self._workers = [
            context.Process(
                target=_worker, args=(name, options, self._tasks, self._reports, os.getpid()), daemon=True
            )
            for _ in range(jobs)
        ]
        with _uninterrupted():
            for worker in self._workers:
                worker.start()

    def work(self, jobs: Iterator[Job]) -> None:
        """Hand out jobs, never more than one ahead of each worker, so that a deadline holds."""
        under_way: dict[int, Job] = {}
        numbered = enumerate(jobs)
        exhausted = False
        while under_way or not exhausted:
            while not exhausted and len(under_way) < len(self._workers):
                number, job = next(numbered, (-1, None))
                if job is None:
                    exhausted = True
                else:
                    self._tasks.put((number, job.unit, job.deadline))
                    under_way[number] = job
            if under_way:
                self._hear(under_way)

    def _hear(self, under_way: dict[int, Job]) -> None:
        """Wait for one message, and do what it says."""
        try:
            kind, number, content = self._reports.get(timeout=PATIENCE)
        except queue.Empty:
            for worker in self._workers:
                if not worker.is_alive():
                    raise WorkerFailed(_how_it_ended(worker.exitcode)) from None
            return
        if kind == "unavailable":
            raise DriverUnavailable(content[0], install=content[1])
        if kind == "failed":
            raise WorkerFailed(content)
        if kind == "report":
            under_way[number].heard(content)
        else:
            del under_way[number]

    def close(self) -> None:
        """End the workers, each after it has closed its driver."""
        for worker in self._workers:
            if worker.is_alive():
                with suppress(ProcessLookupError):
                    os.kill(worker.pid or 0, signal.SIGTERM)
        for worker in self._workers:
            worker.join(timeout=20)
            if worker.is_alive():
                worker.kill()
                worker.join()
        for channel in (self._tasks, self._reports):
            channel.cancel_join_thread()
            channel.close()


@contextmanager
def _uninterrupted() -> Iterator[None]:
    """Ctrl-C waits. A process that is started meanwhile waits as well, until it says what it makes of it."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


class _Ended(BaseException):
    """Told to end. Not an Exception: nothing that judges a driver may swallow it."""


def _end(_signal: int, _frame: Any) -> None:
    # Once is enough: a second one would tear the driver's closing apart.
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    raise _Ended


def _worker(name: str, options: DriverOptions, tasks: Any, reports: Any, parent: int) -> None:
    """The life of a worker process."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the parent decides
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    signal.signal(signal.SIGTERM, _end)
    try:
        try:
            driver = open_driver(name, options)
        except DriverUnavailable as error:
            reports.put(("unavailable", 0, (str(error), error.install)))
            return
        try:
            _serve(driver, tasks, reports, parent)
        except DriverUnavailable as error:
            reports.put(("unavailable", 0, (str(error), error.install)))
        finally:
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
            driver.close()
    except _Ended:
        reports.cancel_join_thread()
    except BaseException:  # noqa: BLE001 - a fault of ours must reach the person who runs it
        reports.put(("failed", 0, traceback.format_exc()))


def _serve(driver: Driver, tasks: Any, reports: Any, parent: int) -> None:
    known: set[Sign] = set()
    while os.getppid() == parent:
        try:
            number, unit, deadline = tasks.get(timeout=PATIENCE)
        except queue.Empty:
            continue

        def say(report: Report, number: int = number) -> None:
            if os.getppid() != parent:
                raise _Ended
            reports.put(("report", number, report))

        perform(driver, unit, deadline, known, say)
        reports.put(("done", number, None))


def _how_it_ended(exit_code: int | None) -> str:
    """In words; a signal may be somebody else's doing, or the driver's that runs in the worker."""
    if exit_code is None or exit_code >= 0:
        return f"a worker process ended with exit code {exit_code}"
    try:
        name = signal.Signals(-exit_code).name
    except ValueError:
        name = f"signal {-exit_code}"
    return (
        f"a worker process was killed by {name}: from outside, for want of memory, or by the driver in it; "
        "a driver that crashes is put under the suite as remote:NAME"
    )
