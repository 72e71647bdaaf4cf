"""A baseline: the report of a former run, whose deviations do not fail the next one."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from snaptree.conformance.judging.known import Known, KnownDeviationsError
from snaptree.schemas import SchemaViolation, check_against
from snaptree.spec.files import read_regular

MOST_OF_A_REPORT: Final = 256 * 1024 * 1024
"""The largest report that is read, in bytes."""


@dataclass(frozen=True)
class Baseline:
    """What a former run found: its deviations by id, and the result of each rule."""

    path: Path
    driver: str
    driver_version: str
    profile: str
    specification: str
    deviations: tuple[Known, ...]
    rules: Mapping[str, str]


def read_report(path: Path) -> dict[str, Any]:
    """A ``report.json``, or that of a folder of a report. Raises KnownDeviationsError in one sentence."""
    file = path / "report.json" if path.is_dir() else path
    try:
        record = json.loads(read_regular(file, MOST_OF_A_REPORT))
        check_against("report", record)
    except OSError as error:
        raise KnownDeviationsError(f"{file}: {error.strerror or 'cannot be read'}") from None
    except (ValueError, RecursionError) as error:
        why = str(error) if isinstance(error, SchemaViolation) else "not JSON"
        raise KnownDeviationsError(f"{file}: no report of snaptree check: {why}") from None
    assert isinstance(record, dict), "the schema says so"
    return record


def read_baseline(path: Path) -> Baseline:
    """What the report at a path holds. Raises KnownDeviationsError."""
    record = read_report(path)
    version = record["driver"]["version"]
    return Baseline(
        path,
        record["driver"]["name"],
        version,
        record["profile"],
        record["specification"],
        tuple(
            Known(
                rule=found["rules"][0] if found["rules"] else "PROCESS",
                operation=found["operation"],
                reason=f"the baseline has it ({version})",
                flaky=found["flaky"],
                id=found["id"],
            )
            for found in record["deviations"]
        ),
        {result["id"]: result["status"] for result in record["rules"]},
    )
