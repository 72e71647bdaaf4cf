"""Before a run: opens the driver in a worker, makes the smoke calls, and settles the bounds."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from typing import Final

from snaptree.conformance.driver import DriverOptions, DriverUnavailable
from snaptree.conformance.drivers import shipped_driver
from snaptree.conformance.drivers.declared import is_secret, secret_values
from snaptree.conformance.engine.needs import calls_of, speak_of_callers, speak_of_faults
from snaptree.conformance.methods.bounds import LOOKS, ROUNDS, SIZES, Bounds
from snaptree.conformance.methods.catalogue import METHODS
from snaptree.conformance.methods.graph import Scope
from snaptree.conformance.methods.method import Part
from snaptree.conformance.running.heading import Heading, snaptree_version
from snaptree.conformance.running.known_list import KnownList, known_list
from snaptree.conformance.running.patience import options_for_driver, patience_of
from snaptree.conformance.running.pool import Pool
from snaptree.conformance.running.request import Request
from snaptree.conformance.running.worker import Facts
from snaptree.conformance.running.workers import InProcess, Workers
from snaptree.spec.profiles import Profile
from snaptree.spec.rules import Rule, rules
from snaptree.spec.text import HIDDEN, hide

ORDERED: Final = 3
"""Snapshots of the graph in which every order of creation is a state of its own."""

_OF_FAULTS: Final = frozenset({"crashes", "failures", "power"})


class NotJudgeable(Exception):
    """The driver's calls have the wrong form; the text names the call and the fault."""


@dataclass(frozen=True)
class Preparation:
    """A request, with heading, bounds and known deviations for the driver."""

    request: Request
    heading: Heading
    bounds: Bounds
    known: KnownList
    workers: Workers


def prepare(request: Request, announce: Callable[[str], None]) -> Preparation:
    """Open the driver in a worker, make the smoke calls, and settle the bounds.

    ``announce`` is called with a text about what the driver will create on its host, before it does. Raises
    NotJudgeable, KnownDeviationsError, and what ``open_driver`` and ``announce`` raise. The caller closes
    the workers, unless ``assess_prepared`` does.
    """
    workers = _workers(request)
    try:
        opening = workers.bring_up()
        hide(secret_values(request.options.settings, opening.secrets))
        announcement = opening.announcement
        if announcement is not None:
            announce(announcement)
        for probe in workers.smoke():
            if probe.problem is not None:
                raise NotJudgeable(
                    f"the driver cannot be judged yet: {probe.call}: {probe.problem}\n"
                    f"that is the adapter, not the hypervisor; 'snaptree smoke {request.driver}' "
                    "shows what was tried"
                )
        facts = workers.facts()
        heading = _heading(request, facts, workers.jobs, opening.secrets)
        known = known_list(request.deviations, heading, may_be_new=request.update, baseline=request.baseline)
        _require_crashes(facts)
        return Preparation(request, heading, _bounds(request, facts, heading), known, workers)
    except BaseException:
        workers.close(early=True)
        raise


def planned(request: Request, facts: Facts) -> list[tuple[str, Part]]:
    """What a run would do: each part of each method with the noun of its items. It opens nothing."""
    bounds = _bounds(request, facts, _heading(request, facts, request.jobs or 1, ()))
    return [
        (method.noun, part)
        for method in request.methods or METHODS
        for part in method.parts(facts.profile, bounds)
    ]


def _heading(request: Request, facts: Facts, jobs: int, secret: Collection[str]) -> Heading:
    return Heading(
        request.driver,
        facts.name,
        facts.version,
        facts.profile,
        snaptree_version(),
        secrets.randbelow(2**31) if request.seed is None else request.seed,
        jobs,
        needed_again(request.options, secret),
        request.pace or facts.pace,
        facts.components,
    )


def _workers(request: Request) -> Workers:
    options = options_for_driver(request.driver, request.options)
    if request.in_process:
        return InProcess.named(request.driver, options)
    jobs = request.jobs or _default_jobs(request.driver)
    return Pool(request.driver, options, jobs, patience_of(request.options))


def _default_jobs(asked: str) -> int:
    shipped = shipped_driver(asked)
    return min(os.cpu_count() or 1, 4) if shipped is not None and shipped.parallel else 1


def needed_again(options: DriverOptions, secret: Collection[str]) -> tuple[str, ...]:
    """The options that the next command on the same driver needs too; values of secrets are hidden."""
    again: list[str] = []
    if options.profile is not None:
        again += ["--profile", options.profile]
    for name, given in options.settings.items():
        value = HIDDEN if name in secret or is_secret(name) else given
        again += [f"--{name}", value] if name == "qemu-bin" else ["--setting", f"{name}={value}"]
    return tuple(again)


def _require_crashes(facts: Facts) -> None:
    """Raise DriverUnavailable where SNAPTREE_REQUIRE names crashes, and this host cannot record any."""
    required = "crash" in os.environ.get("SNAPTREE_REQUIRE", "").split(",")
    if required and facts.recovers and facts.uncrashed:
        raise DriverUnavailable(f"SNAPTREE_REQUIRE names crash: no call can be killed: {facts.uncrashed}")


def _crash_scopes(
    given: tuple[tuple[Scope, int], ...] | None, *, whole: bool, fast: bool
) -> tuple[tuple[Scope, int], ...]:
    if given is not None:
        return given
    return (("tree", 2 if fast else 1),) if whole else ()


def _failure_scopes(
    given: tuple[tuple[Scope, int], ...] | None, *, whole: bool, fast: bool
) -> tuple[tuple[Scope, int], ...]:
    """By default only where a call costs nothing: each error is a run of its own."""
    if given is not None:
        return given
    return (("tree", 2),) if whole and fast else ()


def _bounds(request: Request, facts: Facts, heading: Heading) -> Bounds:
    """The bounds. The defaults take well under half a minute on a fast driver, about a minute on others."""
    profile = facts.profile
    fast = heading.pace == "fast"
    most = request.snapshots
    scopes: list[tuple[Scope, int]] = [("tree", most or (4 if fast else 3)), ("storage", min(2, most or 2))]
    if most is None and profile.claims("revert"):
        # A chain has one order of creation: without revert there is no other tree.
        scopes.insert(1 if fast else 0, ("ages", ORDERED))
        if not fast:
            scopes.remove(("tree", ORDERED))  # each of its transitions is one of the graph with ages
    if profile.claims("start"):
        # Where booting takes its time, what is booted is written to at once: a third of the transitions.
        scopes.append(("power" if fast or not profile.claims("write_memory") else "cycles", 1))
    if _shows_configuration_alone(profile):
        scopes.append(("configuration", 2))
    if profile.libvirt and fast:
        scopes.append(("libvirt", 1))
    size = SIZES[heading.pace]
    # Whoever bounds a run wants less than everything.
    whole = not (most or request.graphs or request.budget)
    asked = [one for one in request.graphs if one[0] != "libvirt"]
    chosen = rules() if request.rules is None else request.rules
    uncrashed = facts.uncrashed or _why_no_crash(request.only_methods, chosen)
    unheld = facts.unheld or ("" if speak_of_callers(chosen) else "no chosen rule speaks of it")
    return Bounds(
        request.graphs or tuple(scopes),
        heading.seed,
        size.sequences if request.sequences is None else request.sequences,
        request.budget,
        size.longest,
        limits=whole,
        batch=size.batch,
        jobs=heading.jobs,
        endless=request.budget is not None and request.sequences is None,
        graphs_asked=bool(request.graphs),
        pace=heading.pace,
        history=int(whole) if request.history is None else request.history,
        crash_scopes=() if uncrashed else _crash_scopes(request.crashes, whole=whole, fast=fast),
        failure_scopes=() if uncrashed else _failure_scopes(request.failures, whole=whole, fast=fast),
        uncrashed=uncrashed or "no graph was asked for",
        held=not unheld and (whole if request.callers is None else "held" in request.callers),
        unheld=unheld or "not asked for",
        rounds=_rounds(request, facts, heading) if speak_of_callers(chosen) else 0,
        torn=request.torn,
        looks=(LOOKS if whole else ()) if request.looks is None else request.looks,
        shard=request.shard,
        history_scopes=tuple(asked) or (("tree", min(most or 3, 3 if fast else 2)),),
        methods=request.only_methods,
        calls=calls_of(chosen),
    )


def _rounds(request: Request, facts: Facts, heading: Heading) -> int:
    """The number of rounds in which callers run free; none where only one can call."""
    if request.callers is None or "together" not in request.callers or facts.alone:
        return 0
    return request.callers["together"] or ROUNDS[heading.pace]


def _why_no_crash(methods: tuple[str, ...] | None, chosen: Iterable[Rule]) -> str:
    """Why the request wants no call killed or failed; empty if it wants some."""
    if methods is not None and _OF_FAULTS.isdisjoint(methods):
        return "no method that kills calls was asked for"
    return "" if speak_of_faults(chosen) else "no chosen rule speaks of it"


def _shows_configuration_alone(profile: Profile) -> bool:
    """Whether the configuration is the only content that can be written and read."""
    written = profile.claims("configure") and not profile.claims("write_disk")
    return written and profile.can_observe("configuration")
