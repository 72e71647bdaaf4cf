"""``snaptree replay`` runs a recorded trace on a driver, ``snaptree judge`` judges it without one."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.text import Text

from snaptree.conformance.cli.check import (
    InProcess,
    Insecure,
    QemuBin,
    Setting,
    WorkFolder,
    driver_options,
)
from snaptree.conformance.cli.facts import AsJson, deviation_facts, print_json
from snaptree.conformance.cli.histories import judge_history
from snaptree.conformance.cli.options import ProfileName
from snaptree.conformance.cli.problems import (
    CONFORMS,
    DEVIATES,
    NOTHING_TESTED,
    WRONG_USAGE,
    Problem,
    problem_exits,
)
from snaptree.conformance.driver import Driver, DriverOptions, DriverUnavailable, pace_of
from snaptree.conformance.drivers import open_driver
from snaptree.conformance.engine.answers import Returned, answer_text
from snaptree.conformance.engine.lockstep import StepResult
from snaptree.conformance.judging.deviations import deviation_of
from snaptree.conformance.methods.interruptions import NotPlayed, attempt_interruption, judge_interruption
from snaptree.conformance.reports.console import TextConsole
from snaptree.conformance.reports.terminal import deviation_report
from snaptree.conformance.reports.words import call_text, plain
from snaptree.conformance.running.patience import options_for_driver
from snaptree.conformance.running.player import Player
from snaptree.conformance.running.worker import Facts, facts_of
from snaptree.conformance.sequences.history import is_history
from snaptree.conformance.sequences.looking import run_with
from snaptree.conformance.sequences.playback import Playback
from snaptree.conformance.sequences.running import Run, run_sequence
from snaptree.conformance.sequences.start import StartFault, calls_to
from snaptree.conformance.sequences.traces import Trace, read_trace
from snaptree.spec.operations import Operation
from snaptree.spec.outcomes import Refused
from snaptree.spec.profiles import Profile, load_profile

CANNOT_TELL = 125
"""The exit code with which git bisect skips a revision: the driver could not be started, say."""

CarriesOut = Callable[[Callable[[Driver], Any]], Any]

TraceFile = Annotated[Path, typer.Argument(help="A trace, as check writes it.", metavar="TRACE")]


def replay(
    trace: TraceFile,
    driver: Annotated[str, typer.Option("--driver", help="The driver to run it on.")] = "simulator",
    profile: ProfileName = None,
    work: WorkFolder = None,
    qemu_bin: QemuBin = None,
    setting: Setting = None,
    insecure: Insecure = False,
    in_process: InProcess = False,
    bisect: Annotated[
        bool,
        typer.Option("--bisect", help="Exit as git bisect run expects: 0 good, 1 bad, 125 cannot tell."),
    ] = False,
    as_json: AsJson = False,
) -> int:
    """Run the operations of a trace on a driver, and compare it with the model after every step."""
    options = driver_options(profile, work, qemu_bin, setting, insecure=insecure)
    if not bisect:
        return _replay(trace, driver, options, in_process=in_process, as_json=as_json)
    try:
        code = _replay(trace, driver, options, in_process=in_process, as_json=as_json)
    except Problem as error:
        raise Problem(str(error), CANNOT_TELL) from None
    return code if code in (CONFORMS, DEVIATES) else CANNOT_TELL


def _replay(trace: Path, driver: str, options: DriverOptions, *, in_process: bool, as_json: bool) -> int:
    console = TextConsole(stderr=as_json)
    with problem_exits():
        recorded = read_steps(trace)
        code = CONFORMS
        play = partial(_played_again if recorded.interruption is not None else _replayed, as_json=as_json)
        try:
            with _opened(driver, options, in_process=in_process) as (facts, carry_out):
                code = play(console, trace, recorded, facts, carry_out)
        except DriverUnavailable as error:
            if code != DEVIATES:
                raise
            # The driver was not closed; a deviation that was printed stands.
            console.print(plain(str(error), 2000), style="yellow", markup=False, soft_wrap=True)
        return code


def _replayed(
    console: Console, path: Path, recorded: Trace, facts: Facts, carry_out: CarriesOut, *, as_json: bool
) -> int:
    header = recorded.header
    operations = [*_calls_to_start(path, recorded, facts.profile), *recorded.operations]
    run: Run = carry_out(
        partial(
            run_with,
            operations=operations,
            looks=header.looks,
            disks=header.disks,
            persistent=header.persistent,
        )
    )
    _heading(console, recorded, f"replayed on {facts.name} {facts.version}", facts.profile)
    code = _print_result(console, run, facts.profile, "replay", as_json=as_json)
    _say_what_was_not_played(console, recorded, run, len(operations) - len(recorded.operations))
    return code


def _played_again(
    console: Console, path: Path, recorded: Trace, facts: Facts, carry_out: CarriesOut, *, as_json: bool
) -> int:
    """Show again what a kill or an error left."""
    run: Run | str = carry_out(partial(attempt_interruption, trace=recorded))
    if isinstance(run, str):
        raise Problem(f"{path}: not played: {run}", NOTHING_TESTED)
    _heading(console, recorded, f"replayed on {facts.name} {facts.version}", facts.profile)
    return _print_interrupted(console, recorded, run, facts.profile, "replay", as_json=as_json)


def _print_interrupted(
    console: Console, recorded: Trace, run: Run, profile: Profile, method: str, *, as_json: bool
) -> int:
    cut_off = recorded.interruption
    assert cut_off is not None, "the caller looks"
    if run.differences:
        return _print_result(console, run, profile, method, as_json=as_json)
    if as_json:
        print_json(_facts(run, profile, method))
    _steps(console, run)
    console.print()
    console.print(plain(cut_off.words, 400), markup=False, soft_wrap=True)
    console.print(Text("no deviation: what was left is one of the allowed states, and work goes on"))
    return CONFORMS


@contextmanager
def _opened(driver: str, options: DriverOptions, *, in_process: bool) -> Iterator[tuple[Facts, CarriesOut]]:
    """What a driver says about itself, and what calls a function with it."""
    if in_process:
        with closing(open_driver(driver, options_for_driver(driver, options))) as opened:
            yield facts_of(opened, pace_of(opened)), lambda errand: errand(opened)
        return
    with Player(driver, options) as player:
        yield player.facts, player.carry_out


def judge_command(
    trace: TraceFile,
    profile: ProfileName = None,
    svg: Annotated[
        Path | None, typer.Option("--svg", help="A file to draw a history of several callers in.")
    ] = None,
    as_json: AsJson = False,
) -> int:
    """Judge a recorded trace, or a history of several callers, without a driver.

    The default profile is the one that the trace names.
    """
    console = TextConsole(stderr=as_json)
    with problem_exits():
        if is_history(trace):
            return judge_history(console, trace, profile, svg, as_json=as_json)
        if svg is not None:
            raise Problem(f"{trace}: --svg draws a history of several callers, not a trace", WRONG_USAGE)
        recorded = read_steps(trace)
        judged_by = recorded.header.judged_by() if profile is None else load_profile(profile)
        blind = [number for number, step in enumerate(recorded.steps, start=1) if step.answer is None]
        if blind:
            raise Problem(f"{trace}: step {blind[0]} has no outcome to be judged", NOTHING_TESTED)
        driver: Any = Playback(recorded, judged_by)
        header = recorded.header
        if recorded.interruption is not None:
            try:
                run = judge_interruption(recorded, judged_by)
            except NotPlayed as error:
                raise Problem(f"{trace}: not judged: {error}", NOTHING_TESTED) from None
            _heading(console, recorded, "judged by the model", judged_by)
            return _print_interrupted(console, recorded, run, judged_by, "judge", as_json=as_json)
        run = run_sequence(
            driver,
            recorded.operations,
            header.disks,
            persistent=header.persistent,
            finish=False,
            start=header.started(),
        )
        _heading(console, recorded, "judged by the model", judged_by)
        return _print_result(console, run, judged_by, "judge", as_json=as_json)


def read_steps(path: Path) -> Trace:
    """A trace that has steps. Raises Problem, or TraceError for what is none."""
    recorded = read_trace(path)
    if not recorded.steps:
        raise Problem(f"{path}: the trace has no steps: nothing was tested", NOTHING_TESTED)
    return recorded


def _calls_to_start(path: Path, recorded: Trace, profile: Profile) -> list[Operation]:
    """The calls that build the tree that the trace begins with. Raises Problem if they cannot."""
    header = recorded.header
    start = header.started()
    if start is None:
        return []
    try:
        return calls_to(start, header.disks, profile, persistent=header.persistent)
    except StartFault as error:
        raise Problem(
            f"{path}: not played: the tree that it begins with cannot be built by calls: {error}; "
            "'snaptree judge' needs no driver",
            NOTHING_TESTED,
        ) from None


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


def _facts(run: Run, profile: Profile, method: str) -> dict[str, Any]:
    """The steps and the deviation for programs."""
    found = deviation_of(run, profile, method, flaky=False) if run.differences else None
    return {
        "profile": profile.name,
        "steps": [
            {
                "operation": taken.operation.to_json(),
                "outcome": taken.answer.to_json(),
                "observed": _was_looked_at(taken),
            }
            for taken in run.steps
        ],
        "deviation": None if found is None else deviation_facts(found),
    }


def _print_result(console: Console, run: Run, profile: Profile, method: str, *, as_json: bool) -> int:
    if as_json:
        print_json(_facts(run, profile, method))
    _steps(console, run)
    console.print()
    if run.differences:
        found = deviation_of(run, profile, method, flaky=False)
        console.print(Text(f"deviation {found.id}", style="bold red"))
        console.print(deviation_report(found, with_sequence=False))
        return DEVIATES
    unseen = sum(not _was_looked_at(taken) for taken in run.steps)
    if unseen == len(run.steps):
        console.print(
            Text(f"nothing was tested: the state was observed in none of {unseen} steps", style="bold red")
        )
        return NOTHING_TESTED
    console.print(Text(f"no deviation in {len(run.steps)} steps", style="bold green"))
    if unseen:
        console.print(
            Text(
                f"state not observed in {unseen} of {len(run.steps)} steps: only their answers were compared"
            )
        )
    return CONFORMS


def _was_looked_at(taken: StepResult) -> bool:
    """Whether more than acceptance was compared: the state, a look-up, or the end of the domain."""
    ended = not taken.after.defined
    return taken.observation is not None or ended or taken.operation.reads_only


def _say_what_was_not_played(console: Console, recorded: Trace, run: Run, built: int) -> None:
    """Name the steps that the record has accepted and this driver refused, as it may."""
    played = run.steps[built:]
    missed = [
        number
        for number, (taken, step) in enumerate(zip(played, recorded.steps, strict=False), start=1)
        if isinstance(taken.outcome, Refused) and isinstance(step.answer, Returned)
    ]
    if missed:
        steps = ", ".join(str(number) for number in missed[:10]) + (" …" if len(missed) > 10 else "")
        console.print(
            Text(
                f"not played: {len(missed)} of {len(recorded.steps)} steps were accepted when this was "
                f"recorded, and are refused here (step {steps}): this is not the recorded story",
                style="yellow",
            ),
            soft_wrap=True,
        )


def _steps(console: Console, run: Run) -> None:
    steps: Sequence[Any] = run.steps
    for number, taken in enumerate(steps, start=1):
        right = number < len(steps) or not run.differences
        seen = "ok     " if _was_looked_at(taken) else "answer "
        line = Text(seen if right else "wrong  ", style="green" if right else "bold red")
        line.append(f"{number:3}  {call_text(taken.operation, taken.before)}", style="default")
        answer = answer_text(taken.answer)
        if answer != "accepted":
            line.append(f"  {plain(answer, 160)}", style="dim")
        console.print(line, soft_wrap=True)
