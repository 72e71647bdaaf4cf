"""The pytest fixture ``lockstep``: a scenario that a test writes, run on the driver and on the model.

::

    def test_retention(lockstep):
        lockstep("write; create mon; write; create tue; merge_into_parent(tue)")

A call begins with a fresh domain. It takes texts in the words of the shell, and operations of
``snaptree.spec.operations`` with the model's ids (``s1`` is the first snapshot). It returns the steps, each
with its ``outcome``; where driver and model differ, the test fails with the text of the report.
"""

from __future__ import annotations

import io
import shlex
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

from snaptree.conformance.driver import DEFAULT_DISKS, Driver
from snaptree.conformance.engine.lockstep import StepResult
from snaptree.conformance.engine.own_calls import OwnCall
from snaptree.conformance.judging.deviations import Deviation, examine
from snaptree.conformance.judging.known import Known
from snaptree.conformance.reports.console import TextConsole
from snaptree.conformance.reports.results import trace_path
from snaptree.conformance.reports.terminal import deviation_report
from snaptree.conformance.running.heading import Heading
from snaptree.conformance.running.player import Player
from snaptree.conformance.running.prepare import prepare
from snaptree.conformance.running.request import Request
from snaptree.conformance.sequences.running import run_sequence
from snaptree.conformance.sequences.traces import Header, write_trace
from snaptree.conformance.shell.scenario import ScenarioError, read_scenario
from snaptree.schemas.wording import value
from snaptree.spec.operations import Operation
from snaptree.spec.profiles import Profile

METHOD: Final = "scenarios"


class Deviates(Exception):
    """A scenario in which the driver deviates: the report in words, and the entry if it is ``known``."""

    def __init__(self, text: str, known: Known | None = None) -> None:
        super().__init__(text)
        self.known = known


@dataclass(frozen=True)
class ScenarioRunner:
    """Runs scenarios on a driver that a worker process has opened, and keeps the traces of deviations."""

    player: Player
    heading: Heading
    known: tuple[Known, ...]
    folder: Callable[[], Path]

    @property
    def profile(self) -> Profile:
        """The claims of the driver."""
        return self.player.profile

    def __call__(self, *calls: str | Operation) -> tuple[StepResult, ...]:
        """Run the calls on a fresh domain; returns the steps.

        Raises Deviates at the first difference, and ScenarioError for what is no scenario or has no call.
        """
        operations: list[Operation] = []
        for one in calls:
            if isinstance(one, Operation):
                operations.append(one)
            elif not isinstance(one, str):
                raise ScenarioError(f"a scenario is text or operations, not {value(one)}")
            else:
                operations += read_scenario(one, self.profile, before=operations)
        if not operations:
            raise ScenarioError("there is no call in the scenario: nothing was tested")
        steps, found = self.player.carry_out(partial(_play, tuple(operations)))
        if found is not None:
            known = next((entry for entry in self.known if entry.matches(found)), None)
            raise Deviates(self._report(found), known)
        return steps

    def _report(self, found: Deviation) -> str:
        shown = io.StringIO()
        TextConsole(file=shown, width=110).print(deviation_report(found))
        path = trace_path(self.folder(), found)
        path.parent.mkdir(parents=True, exist_ok=True)
        header = Header.of(
            self.heading.driver,
            self.heading.driver_version,
            self.profile,
            disks=dict(DEFAULT_DISKS),
            note=f"{found.id}: {found.rule} in {found.operation.call}",
        )
        write_trace(path, header, [one for one in found.run.steps if not isinstance(one.operation, OwnCall)])
        words = ["snaptree", "replay", str(path), "--driver", self.heading.asked, *self.heading.options]
        text = "\n".join(line.rstrip() for line in shown.getvalue().splitlines())
        return f"deviation {found.id}\n\n{text}\n\n replay  {shlex.join(words)}"


@contextmanager
def opened_runner(
    request: Request, announce: Callable[[str], None], folder: Callable[[], Path]
) -> Iterator[ScenarioRunner]:
    """Open the driver of a request in a worker, after the smoke calls. Raises what ``prepare`` raises."""
    preparation = prepare(request, announce)
    preparation.workers.close()
    with Player(request.driver, request.options) as player:
        yield ScenarioRunner(player, preparation.heading, preparation.known.entries, folder)


def _play(operations: Sequence[Operation], driver: Driver) -> tuple[tuple[StepResult, ...], Deviation | None]:
    """What the worker does: run the calls, and find the smallest sequence that deviates in the same way."""
    run = run_sequence(driver, operations)
    # What the suite asks for at the end, to see more, is not the caller's.
    return run.steps[: len(operations)], examine(driver, run, METHOD) if run.differences else None
