"""A driver judged in one go, for callers that want every rule's result: the pytest suite."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from snaptree.conformance.crew import WorkerFailed
from snaptree.conformance.deviations import Deviation
from snaptree.conformance.driver import DriverOptions, DriverUnavailable
from snaptree.conformance.drivers import UnknownDriver
from snaptree.conformance.known import KnownDeviationsError
from snaptree.conformance.reports.terminal import deviation_report
from snaptree.conformance.request import (
    BadBound,
    Heading,
    NotJudgeable,
    Request,
    listed,
    parse_budget,
    prepare,
    settings_in,
)
from snaptree.conformance.run import run_methods
from snaptree.conformance.verdict import RuleResult, judge
from snaptree.spec.profiles import ProfileError
from snaptree.spec.rules import rules


@dataclass(frozen=True)
class SuiteOptions:
    """The options of the suite as pytest has them; None is the default."""

    driver: str | None = None
    profile: str | None = None
    seed: int | None = None
    jobs: int | None = None
    snapshots: int | None = None
    budget: str | None = None
    level: str | None = None
    deviations: str | None = None
    work: str | None = None
    qemu_bin: str | None = None
    setting: Sequence[str] = ()


@dataclass(frozen=True)
class Judged:
    """Every rule's result on one driver, and the deviations in words, by id."""

    heading: Heading
    results: dict[str, RuleResult]
    texts: dict[str, str]


def judged(options: SuiteOptions, announce: Callable[[str], None]) -> Judged | str:
    """Run the main job. What prevents it is returned in words; ``announce`` as in ``prepare``."""
    asked = options.driver or "simulator"
    try:
        driver_options = DriverOptions(
            work=None if options.work is None else Path(options.work),
            profile=options.profile,
            settings=settings_in(options.setting, options.qemu_bin),
        )
        budget = None if options.budget is None else parse_budget(options.budget)
        heading, bounds = prepare(
            Request(asked, driver_options, options.seed, options.jobs, options.snapshots, budget), announce
        )
        known = listed(options.deviations, heading).entries
        outcome = run_methods(asked, driver_options, heading.profile, bounds, lambda _outcome, _result: None)
    except DriverUnavailable as error:
        return f"{error}" + (f"; install it with: {error.install}" if error.install else "")
    except (
        BadBound,
        UnknownDriver,
        NotJudgeable,
        ProfileError,
        KnownDeviationsError,
        WorkerFailed,
    ) as error:
        return str(error)
    judgement = judge(
        outcome, heading.profile, rules(), known, level="should" if options.level == "should" else "must"
    )
    return Judged(
        heading,
        {result.rule.id: result for result in judgement.rules},
        {found.id: _in_words(found) for found in (*judgement.new, *judgement.known)},
    )


def _in_words(found: Deviation) -> str:
    shown = io.StringIO()
    Console(file=shown, width=110, color_system=None).print(deviation_report(found))
    return shown.getvalue()
