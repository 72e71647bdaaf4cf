"""What was asked for, and what it comes to on the driver at hand: the same for the command and for pytest."""

from __future__ import annotations

import os
import re
import secrets
from collections.abc import Callable, Iterable
from contextlib import closing
from dataclasses import dataclass, field, replace
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Final

from snaptree.conformance.driver import Driver, DriverOptions
from snaptree.conformance.drivers import SHIPPED, open_driver
from snaptree.conformance.known import Known, read_known, shipped_known
from snaptree.conformance.methods.graph import SCOPES, Scope
from snaptree.conformance.run import Bounds
from snaptree.conformance.smoke import smoke
from snaptree.spec.profiles import Profile


class NotJudgeable(Exception):
    """The driver's calls do not have the form that they must have; the text says which, and how."""


class BadBound(ValueError):
    """A time, a graph or a setting that cannot be read; the text says how it is written."""


@dataclass(frozen=True)
class Request:
    """A driver by its name, and what to do with it; None is the default for that driver.

    ``snapshots`` bounds the exhaustive method, ``budget`` is in seconds. ``graphs``
    take the place of the graphs that are toured by default.
    """

    driver: str = "simulator"
    options: DriverOptions = field(default_factory=DriverOptions)
    seed: int | None = None
    jobs: int | None = None
    snapshots: int | None = None
    budget: float | None = None
    graphs: tuple[tuple[Scope, int], ...] = ()


@dataclass(frozen=True)
class Heading:
    """What a run is made on; every report begins with it.

    ``asked`` is the driver's name as it was asked for; ``options`` are the
    options that a replay needs as well.
    """

    asked: str
    driver: str
    driver_version: str
    profile: Profile
    snaptree_version: str
    seed: int
    jobs: int
    options: tuple[str, ...] = ()

    @property
    def title(self) -> str:
        """The driver as it was asked for and as it calls itself: a subclass often bears its parent's name."""
        own = f"{self.driver} {self.driver_version}"
        return own if self.asked == self.driver else f"{self.asked} ({own})"


def prepare(request: Request, announce: Callable[[str], None]) -> tuple[Heading, Bounds]:
    """Bring the driver up once, see that it can be judged at all, and say what will be done.

    ``announce`` is told what the driver is about to make on its host, before it makes anything.
    Raises NotJudgeable, and what ``open_driver`` and ``announce`` raise.
    """
    with closing(open_driver(request.driver, request.options)) as driver:
        announcement = getattr(driver, "announcement", None)
        if announcement is not None:
            announce(str(announcement))
        for probe in smoke(driver):
            if probe.problem is not None:
                raise NotJudgeable(
                    f"the driver cannot be judged yet: {probe.call}: {probe.problem}\n"
                    f"that is the adapter, not the hypervisor; 'snaptree smoke {request.driver}' "
                    "shows what was tried"
                )
        heading = Heading(
            request.driver,
            driver.name,
            driver.version,
            driver.profile,
            snaptree_version(),
            secrets.randbelow(2**31) if request.seed is None else request.seed,
            request.jobs or _default_jobs(request.driver),
            _needed_again(request.options),
        )
        return heading, _bounds(request, driver, heading)


NO_DEVIATIONS: Final = "none"
"""In place of a file of known deviations: every deviation counts, also one that comes with snaptree."""


@dataclass(frozen=True)
class Listed:
    """The known deviations that a run is judged with, and the file that lists them, if there is one."""

    path: Path | None = None
    entries: tuple[Known, ...] = ()


def listed(given: str | None, heading: Heading, *, may_be_new: bool = False) -> Listed:
    """What is known of the driver at hand: by the file that was named, else by the one that is shipped.

    ``may_be_new`` is for a file that is going to be written. Raises KnownDeviationsError.
    """
    if given == NO_DEVIATIONS:
        return Listed()
    path = Path(given) if given is not None else None
    if path is None:
        shipped = SHIPPED.get(heading.asked.partition(":")[0])
        path = shipped_known(heading.profile.name) if shipped is not None and shipped.foreign else None
    if path is None or (may_be_new and not path.exists()):
        return Listed(path)
    return Listed(path, tuple(read_known(path, heading.driver_version)))


def snaptree_version() -> str:
    """The version of the installed package."""
    try:
        return version("snaptree")
    except PackageNotFoundError:
        return "not installed"


def _default_jobs(asked: str) -> int:
    shipped = SHIPPED.get(asked.partition(":")[0])
    return min(os.cpu_count() or 1, 4) if shipped is not None and shipped.parallel else 1


def _needed_again(options: DriverOptions) -> tuple[str, ...]:
    again: list[str] = []
    if options.profile is not None:
        again += ["--profile", options.profile]
    for name, value in options.settings.items():
        again += [f"--{name}", value] if name == "qemu-bin" else ["--setting", f"{name}={value}"]
    return tuple(again)


def _bounds(request: Request, driver: Driver, heading: Heading) -> Bounds:
    """The defaults take well under half a minute on a driver that is fast, and about a minute on others."""
    fast = bool(getattr(driver, "fast", False))
    most = request.snapshots
    scopes: list[tuple[Scope, int]] = [("tree", most or (4 if fast else 3)), ("storage", min(2, most or 2))]
    if driver.profile.claims("start"):
        # Where booting takes its time, what is booted is written to at once: a third of the transitions.
        scopes.append(("power" if fast or not driver.profile.claims("write_memory") else "cycles", 1))
    if _shows_configuration_alone(driver.profile):
        scopes.append(("configuration", 2))
    if driver.profile.libvirt and fast:
        scopes.append(("libvirt", 1))
    # Whoever bounds a run wants less than everything.
    whole = not (most or request.graphs or request.budget)
    bounds = Bounds(
        request.graphs or tuple(scopes), heading.seed, sampling=8.0, jobs=heading.jobs, limits=whole
    )
    if not fast:
        bounds = replace(bounds, sampling=20.0, longest=20, batch=4)
    if request.budget is not None:
        bounds = replace(bounds, budget=request.budget, sampling=min(bounds.sampling, request.budget))
    return bounds


def _shows_configuration_alone(profile: Profile) -> bool:
    """Whether the configuration is the only content that can be written and read."""
    written = profile.claims("configure") and not profile.claims("write_disk")
    return written and profile.can_observe("configuration")


def parse_graph(text: str) -> tuple[Scope, int]:
    """``memory=3``: a scope and the most snapshots. Raises BadBound."""
    scope, _, bound = text.partition("=")
    for known in SCOPES:
        if scope == known and bound.isascii() and bound.isdigit() and 1 <= int(bound) <= 6:
            return known, int(bound)
    raise BadBound(f"{text!r} is no graph; write SCOPE=N, SCOPE being {', '.join(SCOPES)}, and N 1 to 6")


def settings_in(
    given: Iterable[str], qemu_bin: str | None = None, *, insecure: bool = False
) -> dict[str, str]:
    """``NAME=VALUE``, each a setting of the driver's own. Raises BadBound."""
    settings = {} if qemu_bin is None else {"qemu-bin": qemu_bin}
    if insecure:
        settings["insecure"] = "yes"
    for text in given:
        name, separator, value = text.partition("=")
        if not name or not separator:
            # Not repeated: somebody may have tried to hand over a secret.
            raise BadBound("a setting is written NAME=VALUE")
        settings[name] = value
    return settings


_BUDGET: Final = re.compile(r"(\d+(?:\.\d+)?)\s*(s|m|h)?", re.ASCII)


def parse_budget(text: str) -> float:
    """``90``, ``90s``, ``5m`` or ``1h`` in seconds. Raises BadBound."""
    found = _BUDGET.fullmatch(text.strip().lower())
    seconds = float(found[1]) * {"m": 60, "h": 3600}.get(found[2], 1) if found else 0.0
    if not 0 < seconds <= 7 * 24 * 3600:
        raise BadBound(f"{text!r} is no time; write 90s, 5m or 1h")
    return seconds
