"""What was asked for, in values; and how times, graphs and settings are written."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Final, Literal

from snaptree.conformance.driver import PACES, DriverOptions, Pace
from snaptree.conformance.drivers.declared import secret_values
from snaptree.conformance.methods.bounds import CALLERS, LOOKS, WHOLE, CallersAsked, LooksAsked, Shard
from snaptree.conformance.methods.catalogue import METHODS
from snaptree.conformance.methods.explorer import OFF
from snaptree.conformance.methods.graph import SCOPES, Scope
from snaptree.conformance.methods.method import Method
from snaptree.spec.rules import Rule
from snaptree.spec.text import did_you_mean, hide

METHOD_NAMES: Final = tuple(method.name for method in METHODS)

Level = Literal["must", "should"]


class BadBound(ValueError):
    """A time, a graph or a setting that cannot be read; the text says how it is written."""


@dataclass(frozen=True)
class Request:
    """A driver by its name, and what to do with it; None is the default for that driver.

    ``snapshots`` bounds the exhaustive method, ``sequences`` the sampled one, ``budget`` is in
    seconds. ``graphs`` take the place of the graphs that are toured by default. ``rules`` are those
    that count, all where it is None; of ``level`` must, SHOULD rules do not. ``deviations`` names the
    file of known deviations; ``update`` says that it is going to be written, and may not be there yet.
    ``pace`` chooses the default number of sequences. Methods and graphs in ``accept_incomplete`` may stay
    unfinished. ``in_process`` opens the driver in this process, for a debugger.
    ``history`` is k: every k + 1 calls in a row are made in each state. ``looks`` are the ways to look at
    the same graphs, beside once after each call. ``crashes`` are the graphs whose transitions are killed at
    every moment, ``failures`` those whose effects fail; None is the default. ``methods`` take the place of
    those of the catalogue, where there are any. Of all units of work those of ``shard`` are done. Of the
    methods those that ``only_methods`` names run, all where it is None. What makes no call that ``rules``
    speak of is left out.
    those of the catalogue, where there are any. Of all units of work those of ``shard`` are done.
    those of the catalogue, where there are any. ``callers`` are the methods with several callers on one
    domain; None is the default.
    """

    driver: str = "simulator"
    options: DriverOptions = field(default_factory=DriverOptions)
    seed: int | None = None
    jobs: int | None = None
    snapshots: int | None = None
    budget: float | None = None
    graphs: tuple[tuple[Scope, int], ...] = ()
    sequences: int | None = None
    rules: tuple[Rule, ...] | None = None
    level: Level = "must"
    deviations: str | None = None
    update: bool = False
    pace: Pace | None = None
    accept_incomplete: tuple[str, ...] = ()
    in_process: bool = False
    history: int | None = None
    crashes: tuple[tuple[Scope, int], ...] | None = None
    failures: tuple[tuple[Scope, int], ...] | None = None
    looks: tuple[LooksAsked, ...] | None = None
    callers: Mapping[CallersAsked, int | None] | None = None
    torn: bool = False
    """Whether a loss of power also cuts the last write, at each page."""
    methods: tuple[Method[Any], ...] = ()
    shard: Shard = WHOLE
    only_methods: tuple[str, ...] | None = None
    baseline: Path | None = None
    """The report of a former run, whose deviations do not fail this one."""


def parse_graph(text: str) -> tuple[Scope, int]:
    """``memory=3``: a scope and the most snapshots. Raises BadBound."""
    scope, _, bound = text.partition("=")
    for known in SCOPES:
        if scope == known and bound.isascii() and bound.isdigit() and 1 <= int(bound) <= 6:
            return known, int(bound)
    raise BadBound(
        f"{text!r} is no graph; write SCOPE=N, SCOPE being {', '.join(SCOPES)}, and N 1 to 6"
        f"{did_you_mean(scope, SCOPES) if scope not in SCOPES else ''}"
    )


def parse_crashes(given: Iterable[str] | None) -> tuple[tuple[Scope, int], ...] | None:
    """Graphs of domains that are off, or the one word ``none``; None if nothing is given. Raises BadBound."""
    if given is None:
        return None
    texts = list(given)
    if texts == ["none"]:
        return ()
    graphs = tuple(parse_graph(text) for text in texts)
    for scope, _ in graphs:
        if scope not in OFF:
            raise BadBound(
                f"{scope!r} is no graph whose calls are killed; they are {', '.join(OFF)}, or none"
            )
    return graphs


def parse_looks(text: str) -> tuple[LooksAsked, ...]:
    """``none,two``: how often to look beside once after each call; ``one`` adds nothing. Raises BadBound."""
    words = text.split(",")
    if set(words) <= {"one", *LOOKS}:
        return tuple(looks for looks in LOOKS if looks in words)
    wrong = next(word for word in words if word not in {"one", *LOOKS})
    raise BadBound(
        f"{text!r} is no number of looks; write one, none, two, or several joined by commas"
        f"{did_you_mean(wrong, ['one', *LOOKS])}"
    )


MOST_SHARDS: Final = 1000
"""Most parts that the work of a run is divided into."""


def parse_shard(text: str) -> Shard:
    """``1/8``: the first of eight parts of the work. Raises BadBound."""
    found = re.fullmatch(r"(\d{1,4})/(\d{1,4})", text, re.ASCII)
    number, of = (int(found[1]), int(found[2])) if found else (0, 0)
    if not 1 <= number <= of <= MOST_SHARDS:
        raise BadBound(f"{text!r} is no shard; write I/N, with 1 <= I <= N <= {MOST_SHARDS}")
    return Shard(number, of)


def parse_methods(given: Iterable[str] | None) -> tuple[str, ...] | None:
    """Methods, separated by commas or given one by one; None if nothing is given. Raises BadBound."""
    if given is None:
        return None
    names = tuple(name for text in given for name in text.split(",") if name)
    for name in names or ("",):
        if name not in METHOD_NAMES:
            near = get_close_matches(name, METHOD_NAMES, 1)
            meant = f"; did you mean {near[0]}?" if near else f"; they are {', '.join(METHOD_NAMES)}"
            raise BadBound(f"{name!r} is no method{meant}")
    return names


MOST_ROUNDS: Final = 1_000_000


def parse_callers(text: str) -> dict[CallersAsked, int | None]:
    """``held,together=100``: the ways with their number, if it is given; ``none``. Raises BadBound."""
    found: dict[CallersAsked, int | None] = {}
    for word in text.split(",") if text != "none" else ():
        name, _, number = word.partition("=")
        way = next((one for one in CALLERS if one == name), None)
        counted = number.isascii() and number.isdigit() and 1 <= int(number[:9]) <= MOST_ROUNDS
        if way is None or (number and not (counted and way == "together")) or word.endswith("="):
            raise BadBound(
                f"{text!r} is no way of several callers; write none, held, together or together=N"
                f"{did_you_mean(name, ['none', *CALLERS]) if way is None else ''}"
            )
        found[way] = int(number) if number else None
    return found


def parse_pace(text: str) -> Pace:
    """The pace of a driver. Raises BadBound."""
    for pace in PACES:
        if text == pace:
            return pace
    raise BadBound(f"{text!r} is no pace; it is one of {', '.join(PACES)}{did_you_mean(text, PACES)}")


def parse_accepted(given: Iterable[str], graphs: Iterable[tuple[Scope, int]]) -> tuple[str, ...]:
    """The methods and graphs that may stay unfinished, separated by commas or given one by one.

    A graph that was asked for is named as it was asked for, ``tree=3``; the name of its method does not
    include it. Raises BadBound.
    """
    names = tuple(name for text in given for name in text.split(",") if name)
    asked = [f"{scope}={bound}" for scope, bound in graphs]
    for name in names:
        if name not in asked and name not in METHOD_NAMES:
            known = ", ".join([*METHOD_NAMES, *asked])
            raise BadBound(
                f"{name!r} is no method and no graph of this run; they are {known}"
                f"{did_you_mean(name, [*METHOD_NAMES, *asked])}"
            )
    return names


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
    hide(secret_values(settings))
    return settings


_BUDGET: Final = re.compile(r"(\d+(?:\.\d+)?)\s*(s|m|h)?", re.ASCII)


def parse_budget(text: str) -> float:
    """``90``, ``90s``, ``5m`` or ``1h`` in seconds. Raises BadBound."""
    found = _BUDGET.fullmatch(text.strip().lower())
    seconds = float(found[1]) * {"m": 60, "h": 3600}.get(found[2], 1) if found else 0.0
    if not 0 < seconds <= 7 * 24 * 3600:
        raise BadBound(f"{text!r} is no time; write 90s, 5m or 1h")
    return seconds
