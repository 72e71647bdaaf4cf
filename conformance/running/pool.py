"""The worker processes, as their parent sees them: each has a driver of its own, and a socket.

The parent opens no driver. A worker that ends without its last message, or that is silent in a call beyond
the seconds that the call may take, is a fault of the driver's process. The task is then given to a new
worker, which does not make the fatal call again but reports it.
"""

from __future__ import annotations

import os
import signal
import socket
import sys
import tempfile
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from multiprocessing.connection import Connection, wait
from time import monotonic
from typing import Any, Final

from snaptree.conformance.driver import DriverOptions, DriverUnavailable, FaultKind
from snaptree.conformance.processes.guarded import Guarded
from snaptree.conformance.running.black_box import SIZE, BlackBox
from snaptree.conformance.running.smoke import Probe
from snaptree.conformance.running.tasks import Task, Tasks, Work, WorkerFailed
from snaptree.conformance.running.watching import BRING_UP, SHUTDOWN, Fault, Patience, Trouble
from snaptree.conformance.running.worker import Facts, Opening

BEAT: Final = 0.5
"""Seconds between two looks at the clock."""

STALLED: Final = 600.0
"""Seconds of silence of a worker outside of any call, after which it is given up."""

ENDING: Final = 20.0
"""Seconds for a worker to close its driver when a run ends early."""

MOST_ENDS: Final = 3
"""Workers that one task, or one call in all tasks, may end."""


class WorkerEnded(Exception):
    """A worker process ended, or was ended for its silence."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.text)
        self.fault = fault


class Worker:
    """One worker process. It opens its driver when it has started."""

    def __init__(self, name: str, options: DriverOptions, patience: Patience) -> None:
        ours, theirs = socket.socketpair()
        with tempfile.TemporaryFile() as shared, theirs:
            shared.truncate(SIZE)
            # The parent's own path: a driver of the user's is found where the parent would find it.
            script = (
                f"import sys; sys.path[:] = {sys.path!r}; "
                "from snaptree.conformance.running.worker import main; "
                f"main({theirs.fileno()}, {shared.fileno()})"
            )
            self._box = BlackBox(shared.fileno())
            command = [sys.executable, "-P", "-c", script]
            self._process = Guarded(command, (theirs.fileno(), shared.fileno()))
        self.pipe = Connection(ours.detach())
        self.task: Task | None = None
        self.ready = False
        self._heard_at = monotonic()
        self.send("open", name, options, patience)

    def send(self, kind: str, *content: object) -> None:
        """Tell the worker what to do. One that has ended is noticed when it is heard."""
        self._heard_at = monotonic()
        with suppress(BrokenPipeError, ConnectionResetError):
            self.pipe.send((kind, content))

    def hear(self, seconds: float | None = None) -> tuple[str, Any] | None:
        """The next message, None if none came in so many seconds.

        Raises WorkerEnded, DriverUnavailable, WorkerFailed, and what a driver's constructor refused.
        """
        end = None if seconds is None else monotonic() + seconds
        while not self.pipe.poll(BEAT if end is None else max(0.0, min(BEAT, end - monotonic()))):
            self._check_silence()
            if end is not None and monotonic() >= end:
                return None
        try:
            kind, content = self.pipe.recv()
        except (EOFError, OSError):
            self._process.wait(ENDING)
            raise WorkerEnded(self._fault(self._process.how_it_ended(), "ended")) from None
        self._heard_at = monotonic()
        match kind:
            case "unavailable":
                raise DriverUnavailable(content[0], install=content[1])
            case "failed":
                raise WorkerFailed(content)
            case "refused":
                raise content
        return kind, content

    def ask(self, kind: str, *content: object) -> tuple[str, Any]:
        """Tell the worker what to do, and wait for its first message."""
        self.send(kind, *content)
        heard = self.hear()
        assert heard is not None, "without a limit"
        return heard

    def _check_silence(self) -> None:
        entry, now = self._box.read(), monotonic()
        if entry.since and now > entry.since + entry.allowed:
            text = f"did not return within {entry.allowed:g} s; its process was ended"
        elif not entry.since and self.task is not None and now > self._heard_at + STALLED:
            text = f"was followed by {STALLED:.0f} s of silence; its process was ended"
        else:
            return
        self._process.kill()
        raise WorkerEnded(
            Fault(entry.number, entry.call, entry.operation or entry.call, f"{entry.call} {text}", "silent")
        )

    def _fault(self, how: str, kind: FaultKind) -> Fault:
        entry = self._box.read()
        where = f"in {entry.call}" if entry.since else f"after {entry.call} had returned"
        if not entry.call:
            where = "before any call" if entry.process else "before it began"
        return Fault(
            entry.number,
            entry.call,
            entry.operation or entry.call,
            f"the driver's process {how} {where}",
            kind,
        )

    def close(self) -> tuple[str, FaultKind] | None:
        """Let the worker close its driver; returns what went wrong with that."""
        try:
            while True:
                kind, content = self.ask("close") if self.task is None else ("closed", None)
                if kind == "closed":
                    problem: tuple[str, FaultKind] | None = content
                    return problem
        except WorkerEnded as ended:
            return ended.fault.text, ended.fault.kind
        except (DriverUnavailable, WorkerFailed) as error:
            return f"{SHUTDOWN}: {error}", "failed"
        finally:
            self.kill()

    def order_to_end(self) -> None:
        """Tell the worker to end soon, whatever it is doing."""
        process = self._box.read().process
        if process and not self._process.wait(0):
            with suppress(ProcessLookupError, PermissionError):
                os.kill(process, signal.SIGTERM)

    def kill(self, seconds: float = 2.0) -> None:
        """End the worker, with so many seconds to end by itself."""
        self.pipe.close()
        self._process.wait(seconds)
        self._process.kill()
        self._box.close()


class Pool:
    """Does the work in processes, one for each job."""

    def __init__(
        self, name: str, options: DriverOptions, jobs: int = 1, patience: Patience | None = None
    ) -> None:
        self.jobs = jobs
        self._start: Callable[[], Worker] = lambda: Worker(name, options, patience or Patience())
        self._workers: list[Worker] = []
        self._troubles: dict[int, dict[int, Fault]] = {}
        self._ends: Counter[str] = Counter()
        self._closed_after: set[str] = set()
        self._barred: frozenset[str] = frozenset()

    def bring_up(self) -> Opening:
        """Open the first driver. Raises what ``open_driver`` raises."""
        worker = self._start()
        self._workers.append(worker)
        try:
            heard = worker.hear()
        except WorkerEnded as ended:
            raise DriverUnavailable(f"the driver could not be brought up: {ended}") from None
        assert heard is not None, "without a limit"
        worker.ready = True
        opening: Opening = heard[1]
        return opening

    def smoke(self) -> list[Probe]:
        """Make the smoke calls on the first driver. Its end is the problem of the call that it ended in."""
        worker = self._workers[0]
        probes: list[Probe] = []
        worker.send("smoke")
        try:
            while True:
                heard = worker.hear()
                assert heard is not None, "without a limit"
                if heard[0] != "probe":
                    return probes
                probes.append(heard[1])
        except WorkerEnded as ended:
            return [*probes, Probe(f"{ended.fault.call}() returns", str(ended))]

    def facts(self) -> Facts:
        """What the first driver says about itself."""
        try:
            facts: Facts = self._workers[0].ask("introduce")[1]
        except WorkerEnded as ended:
            raise DriverUnavailable(f"the driver could not be brought up: {ended}") from None
        return facts

    def work(self, tasks: Tasks) -> None:
        """Hand out tasks, never more than one to each worker, so that a deadline holds."""
        while len(self._workers) < self.jobs:
            self._workers.append(self._start())
        while True:
            for worker in self._workers:
                if worker.ready and worker.task is None and (task := tasks.next()) is not None:
                    self._hand_out(worker, task)
            busy = [worker for worker in self._workers if worker.task is not None or not worker.ready]
            if not any(worker.task is not None for worker in busy) and any(
                worker.ready for worker in self._workers
            ):
                return
            wait([worker.pipe for worker in busy], timeout=BEAT)
            try:
                for worker in busy:
                    self._hear(worker, tasks)
            except (DriverUnavailable, WorkerFailed):
                self._hear_out(tasks)
                raise

    def _hear_out(self, tasks: Tasks) -> None:
        """Receive the remaining messages of the workers after one of them has failed."""
        for worker in self._workers:
            with suppress(DriverUnavailable, WorkerFailed, WorkerEnded):
                while worker.task is not None and (heard := worker.hear(0)) is not None:
                    if heard[0] == "progress":
                        tasks.heard(worker.task, heard[1])

    def _hand_out(self, worker: Worker, task: Task) -> None:
        worker.task = task
        fatal = self._troubles.get(task.number, {}) if isinstance(task, Work) else {}
        barred = self._barred if isinstance(task, Work) else frozenset()
        worker.send("perform", task, Trouble(dict(fatal), barred))

    def _hear(self, worker: Worker, tasks: Tasks) -> None:
        """Act on all messages of a worker that have come."""
        try:
            while (heard := worker.hear(0)) is not None:
                kind, content = heard
                if kind == "opened":
                    worker.ready = True
                elif worker.task is None:
                    continue
                elif kind == "progress":
                    tasks.heard(worker.task, content)
                else:
                    self._done(worker, worker.task, content, tasks)
        except WorkerEnded as ended:
            self._replace(worker, ended.fault, tasks)

    def _done(self, worker: Worker, task: Task, replayed: frozenset[int], tasks: Tasks) -> None:
        worker.task = None
        if isinstance(task, Work):
            for number, fault in self._troubles.pop(task.number, {}).items():
                if number not in replayed:
                    tasks.ended_in(task, fault)
        tasks.done(task)

    def _replace(self, worker: Worker, fault: Fault, tasks: Tasks) -> None:
        """Put a new worker in the place of one that ended, with its task unless that ended too many."""
        worker.kill(0.0)
        task = worker.task
        fresh = self._start()
        self._workers[self._workers.index(worker)] = fresh
        if fault.call in ("", BRING_UP) or task is None:
            self._ends[""] += 1
            if self._ends[""] >= MOST_ENDS or fault.call == BRING_UP:
                raise DriverUnavailable(fault.text)
        if task is None:
            return
        tasks.undone(task)
        if not isinstance(task, Work):
            tasks.done(task)
            return
        self._ends[fault.blamed] += 1
        newly_barred = self._ends[fault.blamed] == MOST_ENDS
        if self._no_domain_after(fault, barred=newly_barred):
            tasks.ended_in(task, fault)
            raise DriverUnavailable(f"{MOST_ENDS} processes ended in {fault.call}: {fault.text}")
        if newly_barred:
            self._barred |= {fault.blamed}
        troubles = self._troubles.setdefault(task.number, {})
        troubles[fault.number] = fault
        if len(troubles) >= MOST_ENDS and not newly_barred:
            for one in self._troubles.pop(task.number).values():
                tasks.ended_in(task, one)
            tasks.done(task)
            return
        # The new worker is given the same task as soon as it has opened its driver: see ``_hand_out``.
        fresh.task = task
        fatal = dict(troubles)
        fresh.send("perform", task, Trouble(fatal, self._barred))

    def _no_domain_after(self, fault: Fault, *, barred: bool) -> bool:
        """Whether no sequence can be made any more: domains cannot be opened, or not be closed.

        A close that ends processes after one operation is the fault of that, which is barred. After several
        operations it is the fault of close, which no sequence does without.
        """
        if fault.call == "close":
            self._closed_after.add(fault.blamed)
        return (barred and fault.blamed == "open") or len(self._closed_after) >= MOST_ENDS

    def close(self, *, early: bool = False) -> list[tuple[str, FaultKind]]:
        """End the workers, each after it has closed its driver; returns the faults of closing.

        ``early`` does not wait for what the workers are doing.
        """
        problems: list[tuple[str, FaultKind]] = []
        workers, self._workers = self._workers, []
        for worker in workers:
            if early or worker.task is not None or not worker.ready:
                worker.order_to_end()
        until = monotonic() + ENDING
        for worker in workers:
            if early or worker.task is not None or not worker.ready:
                worker.kill(max(0.0, until - monotonic()))
            else:
                problem = worker.close()
                if problem is not None:
                    problems.append(problem)
        return problems
