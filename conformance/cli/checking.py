"""``snaptree check``, the main job, and ``snaptree smoke``, which it begins with."""

from __future__ import annotations

import os
import re
import secrets
from contextlib import closing
from dataclasses import replace
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Annotated, Final

import typer
from rich.console import Console
from rich.text import Text

from snaptree.conformance.cli.problems import (
    CONFORMS,
    DEVIATES,
    NOTHING_TESTED,
    OUR_FAULT,
    UNAVAILABLE,
    WRONG_USAGE,
    Problem,
    problems_told,
)
from snaptree.conformance.crew import WorkerFailed
from snaptree.conformance.driver import Driver, DriverOptions
from snaptree.conformance.drivers import SHIPPED, open_driver
from snaptree.conformance.known import Known, read_known, write_known
from snaptree.conformance.methods.graph import Scope
from snaptree.conformance.reports.files import write_report
from snaptree.conformance.reports.progress import Watch
from snaptree.conformance.reports.results import Finished, Heading
from snaptree.conformance.reports.terminal import print_heading, print_report
from snaptree.conformance.reports.words import plain
from snaptree.conformance.run import Bounds, run_methods
from snaptree.conformance.smoke import smoke
from snaptree.conformance.verdict import judge
from snaptree.spec.rules import Rule, rules, select

REPORT_FOLDER: Final = Path("snaptree-report")
"""Where traces go when there are deviations and nobody said where."""

DriverName = Annotated[
    str, typer.Argument(help="simulator, qemu, or package.module:Class", metavar="[DRIVER]")
]
ProfileName = Annotated[
    str | None,
    typer.Option("--profile", help="A shipped profile or a TOML file, in place of the driver's own."),
]
WorkFolder = Annotated[
    Path | None, typer.Option("--work", help="The folder to work in; default is the temporary folder.")
]
QemuBin = Annotated[
    str | None,
    typer.Option("--qemu-bin", help="The folder of qemu-img and qemu-io; else SNAPTREE_QEMU_BIN, PATH."),
]
Keep = Annotated[bool, typer.Option("--keep", help="Leave the domains for a post-mortem, and say where.")]


def driver_options(
    profile: str | None = None, work: Path | None = None, qemu_bin: str | None = None, *, keep: bool = False
) -> DriverOptions:
    """The options as a driver gets them. Raises Problem for a work folder that is none."""
    if work is not None and not work.is_dir():
        raise Problem(f"--work {plain(str(work), 200)} is not a folder; make it first", WRONG_USAGE)
    settings = {"qemu-bin": qemu_bin} if qemu_bin is not None else {}
    return DriverOptions(work=work, keep=keep, profile=profile, settings=settings)


def check(
    driver: DriverName = "simulator",
    only: Annotated[
        list[str] | None,
        typer.Option("--rules", help="Ids, chapters or globs such as 'MERGE-*'; may repeat."),
    ] = None,
    level: Annotated[
        str, typer.Option(help="must: only MUST rules count; should: SHOULD rules as well.")
    ] = "must",
    snapshots: Annotated[
        int | None, typer.Option(min=1, max=6, help="Every transition of every tree of up to N snapshots.")
    ] = None,
    budget: Annotated[str | None, typer.Option(help="Time for everything: 90s, 5m, 1h.")] = None,
    seed: Annotated[int | None, typer.Option(min=0, help="The same seed gives the same sequences.")] = None,
    jobs: Annotated[
        int | None, typer.Option(min=1, max=64, help="Processes; each has its own driver.")
    ] = None,
    deviations: Annotated[
        Path | None, typer.Option(help="A TOML file of known deviations; they do not count.")
    ] = None,
    update: Annotated[
        bool, typer.Option("--update-deviations", help="Add what was found to that file; reasons by hand.")
    ] = False,
    out: Annotated[Path | None, typer.Option(help="A folder for report.json, junit.xml and traces/.")] = None,
    profile: ProfileName = None,
    work: WorkFolder = None,
    qemu_bin: QemuBin = None,
    keep: Keep = False,
) -> int:
    """Put a driver under the whole suite: the embedded simulator unless another is named."""
    console = Console(highlight=False)
    if level not in ("must", "should"):
        raise Problem(f"--level is must or should, not {plain(level)}", WRONG_USAGE)
    if update and deviations is None:
        raise Problem("--update-deviations needs --deviations FILE", WRONG_USAGE)
    selected = _selected(only)
    seconds = None if budget is None else parse_budget(budget)
    options = driver_options(profile, work, qemu_bin, keep=keep)
    with problems_told():
        heading, bounds, known = _prepared(console, driver, options, jobs, seed, deviations, update=update)
    bounds = _bounded(bounds, snapshots, seconds)
    if out is not None:
        _writable(out)
    with Watch(console, bounds.sampling) as watch, problems_told():
        try:
            outcome = run_methods(driver, options, heading.profile, bounds, watch.update)
        except WorkerFailed as error:
            raise Problem(f"a fault of snaptree itself, in a worker:\n{error}", OUR_FAULT) from None
    judgement = judge(
        outcome, heading.profile, selected, known, level="should" if level == "should" else "must"
    )
    finished = Finished(heading, bounds, outcome, judgement)
    folder = out if out is not None else REPORT_FOLDER if judgement.new else None
    failure = None
    if folder is not None:
        try:
            finished = write_report(finished, folder)
        except OSError as error:
            failure = f"the report could not be written to {folder}: {error.strerror or error}"
    print_report(console, finished)
    if update and deviations is not None:
        added = write_known(deviations, known, judgement.new, heading.driver_version)
        console.print(f"{deviations}: {added} added; fill in the reasons", soft_wrap=True)
    if failure is not None:
        raise Problem(failure, UNAVAILABLE)
    return judgement.exit_code


def _selected(only: list[str] | None) -> list[Rule]:
    if only is None:
        return list(rules())
    patterns = [pattern for given in only for pattern in given.split(",")]
    found = select(patterns)
    if not found:
        raise Problem(
            f"--rules {plain(', '.join(patterns), 200)} matches no rule: nothing was tested; "
            "'snaptree rules' lists them",
            NOTHING_TESTED,
        )
    return found


def _prepared(
    console: Console,
    asked: str,
    options: DriverOptions,
    jobs: int | None,
    seed: int | None,
    deviations: Path | None,
    *,
    update: bool,
) -> tuple[Heading, Bounds, list[Known]]:
    """Bring the driver up once, say what it is, and see that it can be judged at all."""
    with closing(open_driver(asked, options)) as driver:
        _smoked(driver, asked)
        chosen = seed if seed is not None else secrets.randbelow(2**31)
        shipped = SHIPPED.get(asked.partition(":")[0])
        workers = jobs or (min(os.cpu_count() or 1, 4) if shipped is not None and shipped.parallel else 1)
        heading = Heading(
            asked,
            driver.name,
            driver.version,
            driver.profile,
            snaptree_version(),
            chosen,
            workers,
            _again(options),
        )
        known = []
        if deviations is not None and (deviations.exists() or not update):
            known = read_known(deviations, driver.version)
        print_heading(console, heading)
        return heading, _default_bounds(driver, heading), known


def _again(options: DriverOptions) -> tuple[str, ...]:
    """The options that a replay needs as well."""
    again: list[str] = []
    if options.profile is not None:
        again += ["--profile", options.profile]
    if "qemu-bin" in options.settings:
        again += ["--qemu-bin", options.settings["qemu-bin"]]
    return tuple(again)


def _default_bounds(driver: Driver, heading: Heading) -> Bounds:
    """What is done unless the command line says otherwise: well under half a minute, or a minute."""
    scopes: list[tuple[Scope, int]] = [("tree", 4 if is_fast(driver) else 3), ("storage", 2)]
    if driver.profile.claims("start"):
        scopes.append(("power", 1))
    fast = Bounds(tuple(scopes), heading.seed, sampling=8.0, jobs=heading.jobs)
    return fast if is_fast(driver) else replace(fast, sampling=20.0, longest=20, batch=4)


def is_fast(driver: Driver) -> bool:
    """Whether the driver says that a call costs microseconds."""
    return bool(getattr(driver, "fast", False))


def _bounded(bounds: Bounds, snapshots: int | None, budget: float | None) -> Bounds:
    if snapshots is not None:
        scopes = (
            ("tree", snapshots),
            *((scope, min(bound, snapshots)) for scope, bound in bounds.scopes[1:]),
        )
        bounds = replace(bounds, scopes=scopes)
    return bounds if budget is None else replace(bounds, budget=budget, sampling=min(bounds.sampling, budget))


_BUDGET: Final = re.compile(r"(\d+(?:\.\d+)?)\s*(s|sec|m|min|h)?", re.ASCII)


def parse_budget(text: str) -> float:
    """``90``, ``90s``, ``5m`` or ``1h`` in seconds. Raises Problem."""
    found = _BUDGET.fullmatch(text.strip().lower())
    seconds = float(found[1]) * {"m": 60, "min": 60, "h": 3600}.get(found[2], 1) if found else 0.0
    if not 0 < seconds <= 7 * 24 * 3600:
        raise Problem(f"--budget {plain(text)}: a time such as 90s, 5m or 1h", WRONG_USAGE)
    return seconds


def _writable(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise Problem(f"--out {plain(str(folder), 200)}: {error.strerror or error}", WRONG_USAGE) from None
    if not os.access(folder, os.W_OK):
        raise Problem(f"--out {plain(str(folder), 200)}: the folder cannot be written to", WRONG_USAGE)


def _smoked(driver: Driver, asked: str) -> None:
    for probe in smoke(driver):
        if probe.problem is not None:
            raise Problem(
                f"the driver cannot be judged yet: {probe.call}: {plain(probe.problem, 1000)}\n"
                f"that is the adapter, not the hypervisor; 'snaptree smoke {plain(asked)}' shows all that was tried",
                UNAVAILABLE,
            )


def smoke_command(
    driver: DriverName = "simulator",
    profile: ProfileName = None,
    work: WorkFolder = None,
    qemu_bin: QemuBin = None,
) -> int:
    """Ten calls that tell "your adapter is wrong" from "your hypervisor is wrong"."""
    console = Console(highlight=False)
    with problems_told(), closing(open_driver(driver, driver_options(profile, work, qemu_bin))) as opened:
        wrong = None
        for probe in smoke(opened):
            wrong = probe.problem
            mark = Text("ok     ", style="green") if wrong is None else Text("wrong  ", style="bold red")
            console.print(mark + Text(probe.call, style="default"))
        if wrong is None:
            console.print(
                f"\n{plain(opened.name)} {plain(opened.version)} can be judged: snaptree check {driver}"
            )
            return CONFORMS
        console.print(f"\n{plain(wrong, 1000)}", markup=False, soft_wrap=True)
        return DEVIATES


def snaptree_version() -> str:
    """The version of the installed package."""
    try:
        return version("snaptree")
    except PackageNotFoundError:
        return "not installed"
