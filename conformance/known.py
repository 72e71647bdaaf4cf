"""Known deviations: what a driver is known to do otherwise, with the reason.

A TOML file per driver, so that CI stays green and tells when one is mended::

    [[deviation]]
    rule = "MERGE-13"
    operation = "merge_into_parent"
    driver_version = "7.2"        # a prefix; empty for every version
    seen = "killed by SIGSEGV"    # a piece of what was observed; empty for anything in that call
    reason = "commit does not look at the parent's other overlays"
    link = "https://…"

The files for hypervisors that others ship are part of snaptree, one for each profile.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Final

from snaptree.conformance.deviations import Deviation

FILL_IN: Final = "FILL IN: why this deviation is accepted"
"""What ``--update-deviations`` writes for a reason; a file that still has it is refused."""


class KnownDeviationsError(ValueError):
    """A file of known deviations that cannot be used; the text says where and why."""


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
        """Whether a deviation is this one: the same rule in the same call, and what was seen."""
        same = self.rule in found.rules[:1] and self.operation == found.operation.call
        return same and self.seen in found.observed


def shipped_known(profile: str) -> Path | None:
    """The file that comes with snaptree for the hypervisors of a profile, None where there is none."""
    if not profile.replace("-", "").isalnum():
        return None  # a name from a file of the user's own; it never becomes a path
    path = Path(str(files("snaptree.conformance"))) / "known_deviations" / f"{profile}.toml"
    return path if path.is_file() else None


def read_known(path: Path, driver_version: str) -> list[Known]:
    """The entries that speak of this version of the driver.

    Raises KnownDeviationsError, in one sentence, for a file that is missing or malformed.
    """
    try:
        record = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise KnownDeviationsError(f"{path}: {error.strerror or 'cannot be read'}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise KnownDeviationsError(f"{path}: not TOML: {error}") from None
    entries = record.get("deviation", [])
    if not isinstance(entries, list) or set(record) - {"deviation"}:
        raise KnownDeviationsError(f"{path}: holds [[deviation]] tables and nothing else")
    known = [_entry(path, number, entry) for number, entry in enumerate(entries, start=1)]
    return [entry for entry in known if driver_version.startswith(entry.driver_version)]


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


def write_known(path: Path, known: Iterable[Known], found: Iterable[Deviation], driver_version: str) -> int:
    """Write known and newly found deviations; returns how many are new.

    New entries have a reason that must be filled in by hand before the file is accepted.
    """
    entries = list(known)
    before = len(entries)
    for deviation in found:
        entry = Known(deviation.rules[0], deviation.operation.call, FILL_IN, driver_version)
        if not any(one.rule == entry.rule and one.operation == entry.operation for one in entries):
            entries.append(entry)
    lines = []
    for one in entries:
        lines.append("[[deviation]]")
        # A JSON string is a TOML basic string.
        lines += [
            f"{key} = {json.dumps(value)}"
            for key, value in vars(one).items()
            if value or key in ("rule", "operation", "reason")
        ]
        lines.append("")
    partial = path.with_suffix(".partial")
    partial.write_text("\n".join(lines), encoding="utf-8")
    partial.replace(path)
    return len(entries) - before
