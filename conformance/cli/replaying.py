"""``snaptree replay`` runs a recorded trace on a driver, ``snaptree judge`` judges it without any."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.text import Text

from snaptree.conformance.answers import said
from snaptree.conformance.cli.checking import (
    Insecure,
    ProfileName,
    QemuBin,
    Setting,
    WorkFolder,
    driver_options,
)
from snaptree.conformance.cli.problems import CONFORMS, DEVIATES, NOTHING_TESTED, Problem, problems_told
from snaptree.conformance.deviations import described
from snaptree.conformance.drivers import open_driver
from snaptree.conformance.playback import Playback
from snaptree.conformance.reports.terminal import deviation_report
from snaptree.conformance.reports.words import plain, spoken
from snaptree.conformance.sequences import Run, run_sequence
from snaptree.conformance.traces import Trace, read_trace
from snaptree.spec.profiles import Profile, load_profile

TraceFile = Annotated[Path, typer.Argument(help="A trace, as check writes it.", metavar="TRACE")]


def replay(
    trace: TraceFile,
    driver: Annotated[str, typer.Option("--driver", help="The driver to run it on.")] = "simulator",
    profile: ProfileName = None,
    work: WorkFolder = None,
    qemu_bin: QemuBin = None,
    setting: Setting = None,
    insecure: Insecure = False,
) -> int:
    """Run the operations of a trace on a driver, and compare after every step."""
    console = Console(highlight=False)
    options = driver_options(profile, work, qemu_bin, setting, insecure=insecure)
    with problems_told():
        recorded = _read(trace)
        with closing(open_driver(driver, options)) as opened:
            header = recorded.header
            run = run_sequence(opened, recorded.operations, header.disks, persistent=header.persistent)
            _heading(console, recorded, f"replayed on {opened.name} {opened.version}", opened.profile)
            return _told(console, run, opened.profile, "replay")


def judge_command(trace: TraceFile, profile: ProfileName = None) -> int:
    """Judge a trace that was recorded elsewhere, without any driver.

    The profile is the one that the trace names, unless another is given.
    """
    console = Console(highlight=False)
    with problems_told():
        recorded = _read(trace)
        judged_by = load_profile(profile or recorded.header.profile)
        blind = [number for number, step in enumerate(recorded.steps, start=1) if step.answer is None]
        if blind:
            raise Problem(f"{trace}: step {blind[0]} has no outcome to be judged", NOTHING_TESTED)
        driver: Any = Playback(recorded, judged_by)
        header = recorded.header
        run = run_sequence(
            driver, recorded.operations, header.disks, persistent=header.persistent, finish=False
        )
        _heading(console, recorded, "judged by the model", judged_by)
        return _told(console, run, judged_by, "judge")


def _read(path: Path) -> Trace:
    recorded = read_trace(path)
    if not recorded.steps:
        raise Problem(f"{path}: the trace has no steps: nothing was tested", NOTHING_TESTED)
    return recorded


def _heading(console: Console, recorded: Trace, what: str, profile: Profile) -> None:
    header = recorded.header
    console.print(
        plain(
            f"recorded on {header.driver} {header.driver_version} (profile {header.profile}), "
            f"{what} (profile {profile.name})",
            400,
        ),
        markup=False,
        soft_wrap=True,
    )


def _told(console: Console, run: Run, profile: Profile, method: str) -> int:
    _steps(console, run)
    console.print()
    if not run.differences:
        console.print(Text(f"no deviation in {len(run.steps)} steps", style="bold green"))
        return CONFORMS
    found = described(run, profile, method, flaky=False)
    console.print(Text(f"deviation {found.id}", style="bold red"))
    console.print(deviation_report(found, with_sequence=False))
    return DEVIATES


def _steps(console: Console, run: Run) -> None:
    steps: Sequence[Any] = run.steps
    for number, taken in enumerate(steps, start=1):
        right = number < len(steps) or not run.differences
        line = Text("ok     " if right else "wrong  ", style="green" if right else "bold red")
        line.append(f"{number:3}  {spoken(taken.operation, taken.before)}", style="default")
        answer = said(taken.answer)
        if answer != "accepted":
            line.append(f"  {plain(answer, 160)}", style="dim")
        console.print(line, soft_wrap=True)
