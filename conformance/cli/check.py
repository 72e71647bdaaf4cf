"""``snaptree check``, the whole suite, and ``snaptree smoke``, its first part."""

from __future__ import annotations

import os
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, Final

import typer
from rich.console import Console
from rich.text import Text

from snaptree.conformance.cli.facts import AsJson, print_json
from snaptree.conformance.cli.options import ProfileName
from snaptree.conformance.cli.problems import (
    CONFORMS,
    DEVIATES,
    INTERRUPTED,
    NOTHING_TESTED,
    OUR_FAULT,
    UNAVAILABLE,
    WRONG_USAGE,
    Problem,
    install_hint,
    problem_exits,
)
from snaptree.conformance.cli.selecting import select_rules
from snaptree.conformance.driver import PACES, DriverOptions
from snaptree.conformance.judging.known import add_known
from snaptree.conformance.judging.record import count_of
from snaptree.conformance.methods.bounds import WHOLE
from snaptree.conformance.methods.explorer import OFF
from snaptree.conformance.methods.graph import SCOPES
from snaptree.conformance.methods.method import Method
from snaptree.conformance.reports.console import TextConsole
from snaptree.conformance.reports.files import write_report
from snaptree.conformance.reports.progress import Watch
from snaptree.conformance.reports.results import Report
from snaptree.conformance.reports.terminal import print_coverage, print_report, print_scenarios
from snaptree.conformance.reports.words import plain
from snaptree.conformance.running.assess import Assessment, assess
from snaptree.conformance.running.known_list import NO_DEVIATIONS
from snaptree.conformance.running.patience import options_for_driver, patience_of
from snaptree.conformance.running.player import Player
from snaptree.conformance.running.pool import Pool
from snaptree.conformance.running.prepare import needed_again, planned
from snaptree.conformance.running.request import (
    METHOD_NAMES,
    Request,
    parse_accepted,
    parse_budget,
    parse_callers,
    parse_crashes,
    parse_graph,
    parse_looks,
    parse_methods,
    parse_pace,
    parse_shard,
    settings_in,
)
from snaptree.spec.rules import Rule, rules
from snaptree.spec.text import did_you_mean

REPORT_FOLDER: Final = Path("snaptree-report")
"""The default folder of the report when there are deviations."""

DriverName = Annotated[
    str,
    typer.Argument(help="A name that 'snaptree drivers' lists, or package.module:Class", metavar="[DRIVER]"),
]
WorkFolder = Annotated[
    Path | None, typer.Option("--work", help="The folder to work in; default is the temporary folder.")
]
QemuBin = Annotated[
    str | None,
    typer.Option(
        "--qemu-bin", help="The folder of qemu-img and qemu-io; default is SNAPTREE_QEMU_BIN, then PATH."
    ),
]
Setting = Annotated[
    list[str] | None,
    typer.Option("--setting", help="NAME=VALUE, a setting of the driver; may repeat.", metavar="NAME=VALUE"),
]
Insecure = Annotated[
    bool,
    typer.Option(
        "--insecure", help="Skip the verification of the host's certificate, for drivers that connect to one."
    ),
]
Keep = Annotated[
    bool, typer.Option("--keep", help="Keep the domains for a post-mortem, and print where they are.")
]

InProcess = Annotated[
    bool,
    typer.Option(
        "--in-process", help="Open the driver in this process, for a debugger: its end ends the run."
    ),
]


def driver_options(
    profile: str | None = None,
    work: Path | None = None,
    qemu_bin: str | None = None,
    setting: list[str] | None = None,
    *,
    insecure: bool = False,
    keep: bool = False,
) -> DriverOptions:
    """The options for a driver. Raises Problem for a missing work folder or a malformed setting."""
    if work is not None and not work.is_dir():
        raise Problem(f"--work {plain(str(work), 200)} is not a folder; make it first", WRONG_USAGE)
    with problem_exits():
        settings = settings_in(setting or (), qemu_bin, insecure=insecure)
    return DriverOptions(work=work, keep=keep, profile=profile, settings=settings)


def check(
    driver: DriverName = "simulator",
    only: Annotated[
        list[str] | None,
        typer.Option(
            "--rules",
            help="Ids, chapters or globs such as 'MERGE-*'; may repeat. What makes no call that these rules "
            "speak of is left out.",
        ),
    ] = None,
    methods: Annotated[
        list[str] | None,
        typer.Option(
            help=f"The methods to run, separated by commas: {', '.join(METHOD_NAMES)}. Default is all.",
            metavar="METHOD",
        ),
    ] = None,
    level: Annotated[
        str, typer.Option(help="must: only MUST rules count; should: SHOULD rules as well.")
    ] = "must",
    snapshots: Annotated[
        int | None,
        typer.Option(min=1, max=6, help="Test every transition of every tree of up to N snapshots."),
    ] = None,
    graph: Annotated[
        list[str] | None,
        typer.Option(
            help=f"SCOPE=N, a state graph to test instead of the default ones; {', '.join(SCOPES)}."
        ),
    ] = None,
    history: Annotated[
        int | None,
        typer.Option(
            min=0,
            max=3,
            help="K: make every K+1 calls in a row in each state of small trees, or of --graph. "
            "Default is 1, and 0 in a run with bounds.",
        ),
    ] = None,
    crash: Annotated[
        list[str] | None,
        typer.Option(
            help=f"SCOPE=N, a graph whose calls are killed at every moment; {', '.join(OFF)}; or none. "
            "Default is tree=1, tree=2 on a fast driver, and none in a run with bounds.",
        ),
    ] = None,
    failure: Annotated[
        list[str] | None,
        typer.Option(
            help=f"SCOPE=N, a graph in whose calls effects on storage fail; {', '.join(OFF)}; or none. "
            "Default is tree=2 on a fast driver, else none.",
        ),
    ] = None,
    torn_writes: Annotated[
        bool,
        typer.Option(
            "--torn-writes", help="Cut the last write before a loss of power as well, at each 4 KiB."
        ),
    ] = False,
    scenario: Annotated[
        list[Path] | None,
        typer.Option(
            help="A file of calls in the words of the shell, which is all that is run; may repeat.",
            metavar="FILE",
        ),
    ] = None,
    looks: Annotated[
        str | None,
        typer.Option(
            help="one, none, two, or several joined by commas: tour the graphs of --history also without "
            "a look between calls, or with two after each. Default is none,two; one in a run with bounds.",
            metavar="LOOKS",
        ),
    ] = None,
    callers: Annotated[
        str | None,
        typer.Option(
            help="Several callers on one domain: held, one caller held inside each of its calls; "
            "together=N, N rounds in which 2 or 3 run free; both with a comma; or none. Default is held "
            "where the driver can, in a run without bounds.",
            metavar="WAYS",
        ),
    ] = None,
    budget: Annotated[str | None, typer.Option(help="Time for everything: 90s, 5m, 1h.")] = None,
    sequences: Annotated[
        int | None,
        typer.Option(min=0, help="How many random sequences; the default depends on the driver's pace."),
    ] = None,
    shard: Annotated[
        str | None,
        typer.Option(
            help="I/N: do the I-th of N parts of the work, each about as large as the others. With one seed "
            "the parts add up to the whole run. A run of one part is incomplete.",
            metavar="I/N",
        ),
    ] = None,
    pace: Annotated[
        str | None,
        typer.Option(
            help=f"{', '.join(PACES)}: what the driver's calls cost; chooses the default bounds. "
            "Default is what the driver says."
        ),
    ] = None,
    accept_incomplete: Annotated[
        list[str] | None,
        typer.Option(
            help="Methods that the budget or the shard may leave unfinished without exit code 6, "
            f"separated by commas: {', '.join(METHOD_NAMES)}. "
            "A graph of --graph is named as it was asked for.",
            metavar="METHOD",
        ),
    ] = None,
    seed: Annotated[int | None, typer.Option(min=0, help="The same seed gives the same sequences.")] = None,
    jobs: Annotated[
        int | None, typer.Option(min=1, max=64, help="Processes; each has its own driver.")
    ] = None,
    deviations: Annotated[
        str | None,
        typer.Option(
            help="A TOML file of known deviations, which do not fail the run; default is the list "
            f"shipped for this driver. '{NO_DEVIATIONS}': every deviation fails the run.",
            metavar="FILE",
        ),
    ] = None,
    update: Annotated[
        bool,
        typer.Option(
            "--update-deviations", help="Add new deviations to that file; fill in the reasons by hand."
        ),
    ] = False,
    baseline: Annotated[
        Path | None,
        typer.Option(
            help="The report.json of a former run: what it found does not fail this one, and what it "
            "no longer finds or no longer shows is printed.",
            metavar="REPORT",
        ),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="A folder for report.html, report.json, junit.xml and traces/.")
    ] = None,
    certificate: Annotated[
        Path | None,
        typer.Option(
            help="A file for a certificate of this run: an in-toto Statement, to be signed. "
            "An incomplete run gives none.",
            metavar="FILE",
        ),
    ] = None,
    profile: ProfileName = None,
    work: WorkFolder = None,
    qemu_bin: QemuBin = None,
    setting: Setting = None,
    insecure: Insecure = False,
    keep: Keep = False,
    in_process: InProcess = False,
    coverage: Annotated[
        bool,
        typer.Option(
            "--coverage",
            help="Print the steps of every class of every argument, and the pairs that no step met.",
        ),
    ] = False,
    dry_run: Annotated[
        bool,
        typer.Option(
            "--dry-run",
            help="Start the driver, print what it would create and where, and what would be run, and exit.",
        ),
    ] = False,
) -> int:
    """Run the whole suite on a driver; the default is the embedded simulator."""
    console = TextConsole()
    if level not in ("must", "should"):
        raise Problem(
            f"--level is must or should, not {plain(level)}{did_you_mean(level, ('must', 'should'))}",
            WRONG_USAGE,
        )
    if update and deviations in (None, NO_DEVIATIONS):
        raise Problem("--update-deviations needs --deviations FILE", WRONG_USAGE)
    if methods is not None and scenario:
        raise Problem("--methods chooses from all methods, --scenario takes their place", WRONG_USAGE)
    selected = _select_rules(only)
    options = driver_options(profile, work, qemu_bin, setting, insecure=insecure, keep=keep)
    if out is not None and not dry_run:
        writable(out)
    if certificate is not None:
        _certifiable(certificate, scenario)
    with problem_exits(), Watch(console) as watch:
        graphs = tuple(parse_graph(one) for one in graph or ())
        request = Request(
            driver,
            options,
            seed,
            jobs,
            snapshots,
            None if budget is None else parse_budget(budget),
            graphs,
            sequences,
            selected,
            "should" if level == "should" else "must",
            deviations,
            update,
            None if pace is None else parse_pace(pace),
            parse_accepted(accept_incomplete or (), graphs),
            in_process,
            history,
            parse_crashes(crash),
            parse_crashes(failure),
            looks=None if looks is None else parse_looks(looks),
            torn=torn_writes,
            shard=WHOLE if shard is None else parse_shard(shard),
            callers=None if callers is None else parse_callers(callers),
            methods=_scenarios(scenario),
            only_methods=parse_methods(methods),
            baseline=baseline,
        )
        if dry_run:
            return _dry_run(console, request)
        assessment = assess(request, announcer(console, driver), watch)
    judgement = assessment.judgement
    report = Report(assessment, every_pair=coverage)
    # A certificate has digests of the traces: they are written, also those of known deviations.
    shown = judgement.new or (certificate is not None and judgement.known)
    folder = out if out is not None else REPORT_FOLDER if shown else None
    report, unwritten = _written(console, report, folder, certificate)
    (print_scenarios if scenario else print_report)(console, report)
    if coverage:
        print_coverage(console, report.classes)
    if update and deviations is not None:
        version = assessment.heading.driver_version
        with problem_exits():
            added = add_known(Path(deviations), judgement.new, version)
        console.print(f"{deviations}: {added} added; fill in the reasons", soft_wrap=True)
    if unwritten is not None:
        # A verdict that was printed stands; a success that nobody can look up is none.
        stands = assessment.exit_code in (DEVIATES, OUR_FAULT, INTERRUPTED)
        raise Problem(unwritten, assessment.exit_code if stands else UNAVAILABLE)
    ended_well(assessment)
    return assessment.exit_code


def _written(
    console: Console, report: Report, folder: Path | None, certificate: Path | None
) -> tuple[Report, str | None]:
    """Write the files of a report, and a certificate; returns the report with its folder, and what could not
    be written.
    """
    if folder is not None:
        try:
            report = write_report(report, folder)
        except OSError as error:
            return report, f"the report could not be written to {folder}: {error.strerror or error}"
    return report, None if certificate is None else _certify(console, report, certificate)


def _certify(console: Console, report: Report, path: Path) -> str | None:
    """Write the certificate of a run, or say why there is none; returns why it could not be written."""
    # Here and not above: most runs write none.
    from snaptree.conformance.reports.certificates import why_no_certificate, write_certificate

    why = why_no_certificate(report)
    if why:
        console.print(f"no certificate: {why}", soft_wrap=True)
        return None
    try:
        write_certificate(report, path)
    except OSError as error:
        return f"the certificate could not be written to {path}: {error.strerror or error}"
    console.print(f"certificate: {path}", soft_wrap=True)
    return None


def _scenarios(paths: list[Path] | None) -> tuple[Method[Any], ...]:
    """The method that runs the files, which takes the place of all others. Raises ScenarioError."""
    if not paths:
        return ()
    # Here and not above: most runs have none, and the words of the shell take time to import.
    from snaptree.conformance.shell.scenario import Scenarios, open_scenario

    return (Scenarios([open_scenario(path) for path in paths]),)


def ended_well(assessment: Assessment) -> None:
    """Raises Problem where a run could not go on; what it had found is reported by then."""
    ending, driver = assessment.ending, plain(assessment.heading.asked, 200)
    text = plain(ending.text, 2000, lines=True)
    hint = install_hint(ending.install)
    match ending.why:
        case "host gave out":
            raise Problem(f"{driver} gave out: {text}{hint}", assessment.exit_code)
        case "worker died":
            raise Problem(f"a worker of snaptree itself failed:\n{text}", assessment.exit_code)


def _dry_run(console: Console, request: Request) -> int:
    """Print what a run would create and do; starting a driver changes nothing on its host."""
    with Player(request.driver, request.options) as opened:
        announcement = opened.opening.announcement or "nothing that anybody else would see"
        console.print(
            plain(f"{request.driver} would make, {announcement}", 2000), markup=False, soft_wrap=True
        )
        for noun, part in planned(request, opened.facts):
            size = f": {count_of(part.total, noun)}" if part.total else ""
            console.print(f"  {part.key}: {part.title}{size}", markup=False, soft_wrap=True)
    console.print("nothing was made and nothing was tested")
    return NOTHING_TESTED


def announcer(console: Console, driver: str) -> Callable[[str], None]:
    """Returns a function that prints what a driver will create on its host, before it does."""
    return lambda text: console.print(
        plain(f"{driver} will make, {text}", 2000), markup=False, soft_wrap=True
    )


def _select_rules(only: list[str] | None) -> tuple[Rule, ...]:
    if only is None:
        return tuple(rules())
    patterns = [pattern for given in only for pattern in given.split(",")]
    found = select_rules(patterns)
    if not found:
        raise Problem(
            f"--rules {plain(', '.join(patterns), 200) or repr('')} matches no rule: nothing was tested; "
            f"'snaptree rules' lists them{did_you_mean(patterns[0].upper(), [one.id for one in rules()])}",
            NOTHING_TESTED,
        )
    return tuple(found)


def writable(folder: Path) -> None:
    """Make the folder of a report. Raises Problem where nothing can be written to it."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise Problem(f"--out {plain(str(folder), 200)}: {error.strerror or error}", WRONG_USAGE) from None
    if not os.access(folder, os.W_OK):
        raise Problem(f"--out {plain(str(folder), 200)}: the folder cannot be written to", WRONG_USAGE)


def _certifiable(path: Path, scenario: list[Path] | None) -> None:
    """Say before the run, and not after hours, that its certificate cannot be written."""
    if scenario:
        raise Problem("--certificate is of all methods, --scenario takes their place", WRONG_USAGE)
    name = plain(str(path), 200)
    if path.is_dir():
        raise Problem(f"--certificate {name} is a folder; name a file", WRONG_USAGE)
    if not os.access(path.absolute().parent, os.W_OK):
        raise Problem(f"--certificate {name}: its folder is not there or cannot be written to", WRONG_USAGE)


def smoke_command(
    driver: DriverName = "simulator",
    profile: ProfileName = None,
    work: WorkFolder = None,
    qemu_bin: QemuBin = None,
    setting: Setting = None,
    insecure: Insecure = False,
    as_json: AsJson = False,
) -> int:
    """Make ten calls that tell a wrong adapter from a wrong hypervisor."""
    console = TextConsole(stderr=as_json)
    options = driver_options(profile, work, qemu_bin, setting, insecure=insecure)
    with problem_exits():
        pool = Pool(driver, options_for_driver(driver, options), 1, patience_of(options))
        ended = True
        try:
            opening = pool.bring_up()
            if opening.announcement is not None:
                announcer(console, driver)(opening.announcement)
            probes = pool.smoke()
            for probe in probes:
                mark = (
                    Text("ok     ", style="green")
                    if probe.problem is None
                    else Text("wrong  ", style="bold red")
                )
                console.print(mark + Text(probe.call, style="default"))
            wrong = probes[-1].problem
            facts = pool.facts() if wrong is None else None
            ended = wrong is not None
        finally:
            faults = pool.close(early=ended)
        if faults:
            wrong = faults[0][0]
        if as_json:
            calls = [{"call": one.call, "problem": one.problem} for one in probes]
            told = None if wrong is None else str(wrong)
            print_json({"driver": driver, "can_be_judged": wrong is None, "problem": told, "calls": calls})
        if wrong is None and facts is not None:
            console.print(
                f"\n{plain(facts.name)} {plain(facts.version)} can be judged: "
                f"{shlex.join(['snaptree', 'check', driver, *needed_again(options, opening.secrets)])}",
                markup=False,
                soft_wrap=True,
            )
            return CONFORMS
        console.print(f"\n{plain(str(wrong), 1000)}", markup=False, soft_wrap=True)
        return DEVIATES
