"""What is shown while a run is under way: bars on a terminal, a line now and then in a log."""

from __future__ import annotations

from time import monotonic
from types import TracebackType
from typing import Final

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TaskID, TextColumn

from snaptree.conformance.reports.words import NOUNS, duration
from snaptree.conformance.run import MethodResult, Outcome

QUIET: Final = 15.0
"""Seconds between two lines in a log."""


class Watch:
    """Shows an outcome as it grows; hand ``update`` to ``run_methods``.

    ``sampling`` is how many seconds the sampled method has.
    """

    def __init__(self, console: Console, sampling: float) -> None:
        self._console = console
        self._sampling = sampling
        self._started: dict[str, float] = {}
        self._tasks: dict[str, TaskID] = {}
        self._steps = 0
        self._last = monotonic()
        self._bars = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(bar_width=24),
            TextColumn("{task.fields[said]}"),
            console=console,
            transient=True,
            disable=not console.is_terminal,
        )

    def __enter__(self) -> Watch:
        self._bars.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bars.stop()

    def update(self, outcome: Outcome, result: MethodResult) -> None:
        """Show where the run is."""
        now = monotonic()
        if result.title not in self._started:
            self._started[result.title] = now
            self._steps = outcome.tally.steps
            self._last = now
        elapsed = now - self._started[result.title]
        rate = (outcome.tally.steps - self._steps) / elapsed if elapsed > 0.5 else 0.0
        if result.method == "sampled":
            done, total = min(elapsed, self._sampling), self._sampling
            what = f"{result.sequences:,} sequences"
        else:
            done, total = float(result.covered + result.deviated + result.missed), float(result.total)
            noun = f"{NOUNS[result.method]}s"
            what = f"{result.covered:,}/{result.total:,} {noun}"
        words = [what]
        if rate:
            words.append(f"{rate:,.0f} steps/s")
        if done and elapsed > 1 and done < total:
            words.append(f"{duration(elapsed * (total - done) / done)} left")
        if outcome.deviations:
            words.append(f"[bold red]{len(outcome.deviations)} deviating[/bold red]")
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
