"""Runs single sequences on a driver in a worker process: for what is no run of the whole suite.

Engine and driver are side by side in the worker, as in a run of the suite: an *errand* is a function that is
called there with the driver, and its result comes back. An errand whose driver ends the process, or does not
return, is carried out again in a new process, in which the fatal call raises the fault that its end was.
"""

from __future__ import annotations

import pickle
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from types import TracebackType
from typing import TypeVar

from snaptree.conformance.driver import DEFAULT_DISKS, Driver, DriverOptions, DriverUnavailable
from snaptree.conformance.drivers.declared import secret_values
from snaptree.conformance.running.patience import options_for_driver, patience_of
from snaptree.conformance.running.pool import MOST_ENDS, Worker, WorkerEnded
from snaptree.conformance.running.watching import BRING_UP, Fault, Trouble
from snaptree.conformance.running.worker import Facts, Opening
from snaptree.conformance.sequences.running import Run, run_sequence
from snaptree.spec.operations import Operation
from snaptree.spec.profiles import Profile
from snaptree.spec.text import hide

T = TypeVar("T")


class Player:
    """A driver in a worker process. Use it in a ``with`` statement, whose end closes the driver."""

    def __init__(self, name: str, options: DriverOptions) -> None:
        """Raises what ``open_driver`` raises."""
        self._start: Callable[[], Worker] = partial(
            Worker, name, options_for_driver(name, options), patience_of(options)
        )
        self._name = name
        self._settings = options.settings
        self.ends = 0
        """How many processes of the driver have ended, or were ended for their silence."""
        self._worker = self._start()
        try:
            self.opening = self._opened()
            self.facts: Facts = self._asked("introduce")
        except BaseException:
            self._give_up()
            raise

    def __enter__(self) -> Player:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the driver. Raises DriverUnavailable if that fails after all else went well."""
        if error is not None:
            self._give_up()
            return
        problem = self._worker.close()
        if problem is not None:
            raise DriverUnavailable(f"{self._name} was not closed: {problem[0]}")

    @property
    def profile(self) -> Profile:
        """The claims of the driver."""
        return self.facts.profile

    def play(
        self,
        operations: Iterable[Operation],
        disks: Mapping[str, int] = DEFAULT_DISKS,
        *,
        persistent: bool = True,
        finish: bool = True,
        watch: bool = True,
    ) -> Run:
        """``run_sequence`` on the driver. The end of its process is a difference of the run."""
        return self.carry_out(
            partial(
                run_sequence,
                operations=[*operations],
                disks=dict(disks),
                persistent=persistent,
                finish=finish,
                watch=watch,
            )
        )

    def carry_out(self, errand: Callable[[Driver], T]) -> T:
        """The result of a function of the driver. Function and result have to survive pickling.

        Raises DriverUnavailable if the host gave out, or if the process ends again and again, or at another
        place each time; WorkerFailed for what else the function raises.
        """
        faults: dict[int, Fault] = {}
        while True:
            try:
                self._worker.send("carry_out", pickle.dumps(errand), Trouble(dict(faults)))
                heard = self._worker.hear()
            except WorkerEnded as ended:
                self.ends += 1
                self._replace(ended.fault, len(faults))
                faults[ended.fault.number] = ended.fault
                continue
            assert heard is not None, "without a limit"
            result, met = heard[1]
            unmet = [fault.text for number, fault in faults.items() if number not in met]
            if unmet:
                raise DriverUnavailable(f"{unmet[0]}, and did not when all was done again")
            kept: T = result
            return kept

    def _replace(self, fault: Fault, earlier: int) -> None:
        """Open the driver again in a new process. Raises DriverUnavailable if that is of no use."""
        if fault.call in ("", BRING_UP) or earlier + 1 >= MOST_ENDS:
            raise DriverUnavailable(fault.text)
        self._worker.kill(0.0)
        self._worker = self._start()
        self._opened()

    def _opened(self) -> Opening:
        try:
            heard = self._worker.hear()
        except WorkerEnded as ended:
            raise DriverUnavailable(f"the driver could not be brought up: {ended}") from None
        assert heard is not None, "without a limit"
        opening: Opening = heard[1]
        hide(secret_values(self._settings, opening.secrets))
        return opening

    def _asked(self, question: str) -> Facts:
        try:
            facts: Facts = self._worker.ask(question, False)[1]
        except WorkerEnded as ended:
            raise DriverUnavailable(f"the driver could not be brought up: {ended}") from None
        return facts

    def _give_up(self) -> None:
        self._worker.order_to_end()
        self._worker.kill()
