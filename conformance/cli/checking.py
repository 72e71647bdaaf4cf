"""``snaptree check``, the main job, and ``snaptree smoke``, which it begins with."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import closing
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
from snaptree.conformance.driver import DriverOptions
from snaptree.conformance.drivers import open_driver
from snaptree.conformance.known import write_known
from snaptree.conformance.methods.graph import SCOPES
from snaptree.conformance.reports.files import write_report
from snaptree.conformance.reports.progress import Watch
from snaptree.conformance.reports.results import Finished
from snaptree.conformance.reports.terminal import print_heading, print_report
from snaptree.conformance.reports.words import plain
from snaptree.conformance.request import (
    NO_DEVIATIONS,
    Request,
    listed,
    parse_budget,
    parse_graph,
    prepare,
    settings_in,
)
from snaptree.conformance.run import run_methods
from snaptree.conformance.smoke import smoke
from snaptree.conformance.verdict import judge
from snaptree.spec.rules import Rule, rules, select

REPORT_FOLDER: Final = Path("snaptree-report")
"""Where traces go when there are deviations and nobody said where."""

DriverName = Annotated[
    str,
    typer.Argument(help="A name that 'snaptree drivers' lists, or package.module:Class", metavar="[DRIVER]"),
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
Setting = Annotated[
    list[str] | None,
    typer.Option("--setting", help="NAME=VALUE, a setting of the driver; may repeat.", metavar="NAME=VALUE"),
]
Insecure = Annotated[
    bool, typer.Option("--insecure", help="Do not look at the host's certificate; for drivers that have one.")
]
Keep = Annotated[bool, typer.Option("--keep", help="Leave the domains for a post-mortem, and say where.")]


def driver_options(
    profile: str | None = None,
    work: Path | None = None,
    qemu_bin: str | None = None,
    setting: list[str] | None = None,
    *,
    insecure: bool = False,
    keep: bool = False,
) -> DriverOptions:
    """The options as a driver gets them. Raises Problem for a work folder that is none, and for a setting."""
    if work is not None and not work.is_dir():
        raise Problem(f"--work {plain(str(work), 200)} is not a folder; make it first", WRONG_USAGE)
    with problems_told():
        settings = settings_in(setting or (), qemu_bin, insecure=insecure)
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
    graph: Annotated[
        list[str] | None,
        typer.Option(help=f"A graph to tour, in place of the default ones: SCOPE=N; {', '.join(SCOPES)}."),
    ] = None,
    budget: Annotated[str | None, typer.Option(help="Time for everything: 90s, 5m, 1h.")] = None,
    seed: Annotated[int | None, typer.Option(min=0, help="The same seed gives the same sequences.")] = None,
    jobs: Annotated[
        int | None, typer.Option(min=1, max=64, help="Processes; each has its own driver.")
    ] = None,
    deviations: Annotated[
        str | None,
        typer.Option(
            help="A TOML file of known deviations, which do not count; default is the one that comes with "
            f"snaptree for that driver. '{NO_DEVIATIONS}': all count.",
            metavar="FILE",
        ),
    ] = None,
    update: Annotated[
        bool, typer.Option("--update-deviations", help="Add what was found to that file; reasons by hand.")
    ] = False,
    out: Annotated[Path | None, typer.Option(help="A folder for report.json, junit.xml and traces/.")] = None,
    profile: ProfileName = None,
    work: WorkFolder = None,
    qemu_bin: QemuBin = None,
    setting: Setting = None,
    insecure: Insecure = False,
    keep: Keep = False,
    dry_run: Annotated[
        bool,
        typer.Option("--dry-run", help="Bring the driver up, say what it would make and where, and end."),
    ] = False,
) -> int:
    """Put a driver under the whole suite: the embedded simulator unless another is named."""
    console = Console(highlight=False)
    if level not in ("must", "should"):
        raise Problem(f"--level is must or should, not {plain(level)}", WRONG_USAGE)
    if update and deviations in (None, NO_DEVIATIONS):
        raise Problem("--update-deviations needs --deviations FILE", WRONG_USAGE)
    selected = _selected(only)
    options = driver_options(profile, work, qemu_bin, setting, insecure=insecure, keep=keep)
    if dry_run:
        return _told_only(console, driver, options)
    if out is not None:
        _writable(out)
    with problems_told():
        seconds = None if budget is None else parse_budget(budget)
        graphs = tuple(parse_graph(one) for one in graph or ())
        heading, bounds = prepare(
            Request(driver, options, seed, jobs, snapshots, seconds, graphs),
            announced(console, driver),
        )
        known = listed(deviations, heading, may_be_new=update)
    print_heading(console, heading, known)
    with Watch(console, bounds.sampling) as watch, problems_told():
        try:
            outcome = run_methods(driver, options, heading.profile, bounds, watch.update)
        except WorkerFailed as error:
            raise Problem(f"a worker of snaptree itself failed:\n{error}", OUR_FAULT) from None
    judgement = judge(
        outcome, heading.profile, selected, known.entries, level="should" if level == "should" else "must"
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
        added = write_known(Path(deviations), known.entries, judgement.new, heading.driver_version)
        console.print(f"{deviations}: {added} added; fill in the reasons", soft_wrap=True)
    if failure is not None:
        raise Problem(failure, UNAVAILABLE)
    return judgement.exit_code


def _told_only(console: Console, driver: str, options: DriverOptions) -> int:
    """What a run would make; bringing a driver up changes nothing on its host."""
    with problems_told(), closing(open_driver(driver, options)) as opened:
        announcement = getattr(opened, "announcement", None) or "nothing that anybody else would see"
        console.print(plain(f"{driver} would make, {announcement}", 2000), markup=False, soft_wrap=True)
    console.print("nothing was made and nothing was tested")
    return NOTHING_TESTED


def announced(console: Console, driver: str) -> Callable[[str], None]:
    """Says what a driver is about to make on its host, before it makes anything."""
    return lambda text: console.print(
        plain(f"{driver} will make, {text}", 2000), markup=False, soft_wrap=True
    )


def _selected(only: list[str] | None) -> list[Rule]:
    if only is None:
        return list(rules())
    patterns = [pattern for given in only for pattern in given.split(",")]
    found = select(patterns)
    if not found:
        raise Problem(
            f"--rules {plain(', '.join(patterns), 200) or repr('')} matches no rule: nothing was tested; "
            "'snaptree rules' lists them",
            NOTHING_TESTED,
        )
    return found


def _writable(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise Problem(f"--out {plain(str(folder), 200)}: {error.strerror or error}", WRONG_USAGE) from None
    if not os.access(folder, os.W_OK):
        raise Problem(f"--out {plain(str(folder), 200)}: the folder cannot be written to", WRONG_USAGE)


def smoke_command(
    driver: DriverName = "simulator",
    profile: ProfileName = None,
    work: WorkFolder = None,
    qemu_bin: QemuBin = None,
    setting: Setting = None,
    insecure: Insecure = False,
) -> int:
    """Ten calls that tell "your adapter is wrong" from "your hypervisor is wrong"."""
    console = Console(highlight=False)
    options = driver_options(profile, work, qemu_bin, setting, insecure=insecure)
    with problems_told(), closing(open_driver(driver, options)) as opened:
        announcement = getattr(opened, "announcement", None)
        if announcement is not None:
            announced(console, driver)(str(announcement))
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
