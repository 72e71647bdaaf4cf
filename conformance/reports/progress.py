"""Progress of a running check: bars on a terminal, a line now and then in a log."""

from __future__ import annotations

from time import monotonic
from types import TracebackType
from typing import Final

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TaskID, TextColumn

from snaptree.conformance.judging.record import MethodResult, RunRecord, count_of
from snaptree.conformance.methods.bounds import Bounds
from snaptree.conformance.reports.terminal import print_heading
from snaptree.conformance.reports.words import duration
from snaptree.conformance.running.prepare import Preparation

QUIET: Final = 15.0
"""Seconds between two lines in a log."""

STEPS: Final = 3
"""The steps of a transition or an example, roughly, beside those of a sequence."""


class Watch:
    """Shows a record as it grows; hand it to ``assess``."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._bounds = Bounds()
        self._begun = monotonic()
        self._started: dict[str, float] = {}
        self._tasks: dict[str, TaskID] = {}
        self._steps = 0
        self._last = monotonic()
        self._bars = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=24),
            TextColumn("{task.fields[said]}", markup=False),
            console=console,
            transient=True,
            disable=not console.is_terminal,
        )

    def __enter__(self) -> Watch:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bars.stop()

    def begin(self, preparation: Preparation) -> None:
        """Print the heading, then show bars."""
        print_heading(self._console, preparation.heading, preparation.known)
        self._bounds = preparation.bounds
        self._begun = monotonic()
        self._bars.start()

    def update(self, record: RunRecord, result: MethodResult) -> None:
        """Show the present state of the run."""
        now = monotonic()
        if result.title not in self._started:
            self._started[result.title] = now
            self._steps = record.tally.steps
            self._last = now
        elapsed = now - self._started[result.title]
        rate = (record.tally.steps - self._steps) / elapsed if elapsed > 0.5 else 0.0
        done, total = float(result.done), float(result.total)
        what = f"{result.covered:,}/{count_of(result.total, result.noun)}"
        words = [what]
        if rate:
            words.append(f"{rate:,.0f} steps/s")
        left = seconds_left(record, self._bounds, now - self._begun)
        if left is not None:
            words.append(f"{duration(left)} left")
        if record.deviations:
            words.append(f"{len(record.deviations)} deviating")
        self._show(result, ", ".join(words), done, total, now)

    def _show(self, result: MethodResult, said: str, done: float, total: float, now: float) -> None:
        if self._console.is_terminal:
            task = self._tasks.get(result.title)
            if task is None:
                for earlier in self._tasks.values():
                    self._bars.update(earlier, visible=False)
                task = self._bars.add_task(f"{result.method}: {result.title}", total=total, said=said)
                self._tasks[result.title] = task
            self._bars.update(task, completed=done, total=total, said=said)
        elif now - self._last >= QUIET:
            self._last = now
            self._console.print(f"{result.method}: {result.title}: {said}", soft_wrap=True)


def seconds_left(record: RunRecord, bounds: Bounds, elapsed: float) -> float | None:
    """The seconds that the whole run still takes, at the rate so far; None if that cannot be said yet."""
    until = None if bounds.budget is None else max(0.0, bounds.budget - elapsed)
    if bounds.endless:
        return until
    done = total = 0.0
    for part in record.methods.values():
        weight = bounds.longest if part.noun == "sequence" else STEPS
        done += weight * min(part.done, part.total)
        total += weight * part.total
    if not done or elapsed < 1 or done >= total:
        return until
    rest = elapsed * (total - done) / done
    return rest if until is None else min(rest, until)
