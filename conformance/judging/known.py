"""Known deviations: what a driver is known to do otherwise, with the reason.

A TOML file per driver, so that CI stays green and tells when one is mended::

    [[deviation]]
    rule = "MERGE-26"
    operation = "merge_into_parent"
    driver_version = "7.2"        # a prefix; empty for every version
    seen = "killed by SIGSEGV"    # a piece of what was observed; empty for anything in that call
    reason = "commit does not look at the parent's other overlays"
    link = "https://…"

The files for hypervisors that others ship are part of snaptree, one for each profile.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from importlib.resources import files
from itertools import takewhile
from pathlib import Path
from typing import Any, Final

from snaptree.conformance.judging.deviations import Deviation
from snaptree.spec.files import MOST_OF_A_PROFILE, read_regular, write_whole

FILL_IN: Final = "FILL IN: why this deviation is accepted"
"""What ``--update-deviations`` writes for a reason; a file that still has it is refused."""


class KnownDeviationsError(ValueError):
    """An unusable file of known deviations; the text gives the place and the reason."""


@dataclass(frozen=True)
class Known:
    """One accepted deviation."""

    rule: str
    operation: str
    reason: str
    driver_version: str = ""
    seen: str = ""
    link: str = ""

    def matches(self, found: Deviation) -> bool:
        """Whether a deviation is this one: the same rule and call, and the text seen."""
        same = self.rule == found.rule and self.operation == found.operation.call
        return same and self.seen in found.observed


def shipped_known(profile: str) -> Path | None:
    """The shipped file for the hypervisors of a profile, None if there is none."""
    if not profile.replace("-", "").isalnum():
        return None  # a name from a file of the user's own; it never becomes a path
    path = Path(str(files("snaptree.conformance.judging"))) / "known_deviations" / f"{profile}.toml"
    return path if path.is_file() else None


def read_known(path: Path, driver_version: str) -> list[Known]:
    """The entries for this version of the driver.

    Raises KnownDeviationsError, in one sentence, for a missing or malformed file.
    """
    known = _entries(path, _text_of(path))
    return [entry for entry in known if driver_version.startswith(entry.driver_version)]


def _text_of(path: Path) -> str:
    try:
        # Line ends stay as they are: the text may be written back.
        return read_regular(path, MOST_OF_A_PROFILE).decode("utf-8")
    except OSError as error:
        raise KnownDeviationsError(f"{path}: {error.strerror or 'cannot be read'}") from None
    except UnicodeDecodeError as error:
        raise KnownDeviationsError(f"{path}: not TOML: {error}") from None


def _entries(path: Path, text: str) -> list[Known]:
    try:
        record = tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        raise KnownDeviationsError(f"{path}: not TOML: {error}") from None
    entries = record.get("deviation", [])
    if not isinstance(entries, list) or set(record) - {"deviation"}:
        raise KnownDeviationsError(f"{path}: holds [[deviation]] tables and nothing else")
    return [_entry(path, number, entry) for number, entry in enumerate(entries, start=1)]


def _entry(path: Path, number: int, entry: object) -> Known:
    fields = ("rule", "operation", "reason", "driver_version", "seen", "link")
    if not isinstance(entry, dict) or not all(isinstance(entry.get(key, ""), str) for key in fields):
        raise KnownDeviationsError(f"{path}: deviation {number}: every value is text")
    unknown = sorted(set(entry) - set(fields))
    missing = [key for key in fields[:3] if not entry.get(key)]
    if unknown or missing:
        wrong = [f"unknown key {key!r}" for key in unknown] + [f"{key!r} is missing" for key in missing]
        raise KnownDeviationsError(f"{path}: deviation {number}: {', '.join(wrong)}")
    if entry["reason"] == FILL_IN:
        raise KnownDeviationsError(
            f"{path}: deviation {number} ({entry['rule']}): the reason must be filled in"
        )
    return Known(**entry)


def add_known(path: Path, found: Iterable[Deviation], driver_version: str) -> int:
    """Add new deviations of this version to the file; returns how many were added.

    All that the file has stays as it is, comments and the entries of other versions included. The user must
    fill in the reason of a new entry before the file is accepted. Raises KnownDeviationsError.
    """
    # TOML has no half characters, and what the driver matches by is the beginning of its version.
    version = "".join(takewhile(str.isprintable, driver_version))
    new = {pair: None for one in found for pair in ((one.rule, one.operation.call), *one.also_as)}
    if not new:
        return 0
    # Loaded where it is needed: few runs write such a file.
    import tomlkit
    from tomlkit.items import AoT

    text = _text_of(path) if path.exists() else ""
    document = tomlkit.parse(text)
    tables: Any = document.setdefault("deviation", tomlkit.aot())
    for rule, operation in new:
        entry = tomlkit.table() if isinstance(tables, AoT) else tomlkit.inline_table()
        entry.update({"rule": rule, "operation": operation, "reason": FILL_IN})
        if version:
            entry["driver_version"] = version
        if isinstance(tables, AoT):
            entry.add(tomlkit.nl())
        tables.append(entry)
    try:
        write_whole(path.resolve(), tomlkit.dumps(document).encode("utf-8"))
    except OSError as error:
        raise KnownDeviationsError(f"{path}: {error.strerror or 'cannot be written'}") from None
    return len(new)
