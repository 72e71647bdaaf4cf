"""The folder of a report: report.json, junit.xml and traces/."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

from snaptree.conformance.reports.junit import junit_xml
from snaptree.conformance.reports.results import Finished, report_json, write_traces


def write_report(finished: Finished, folder: Path) -> Finished:
    """Write everything into a folder, which is made if need be; returns the report that knows its folder.

    Raises OSError when the folder cannot be written.
    """
    placed = replace(finished, folder=folder)
    write_traces(placed, folder)
    _replace(folder / "report.json", json.dumps(report_json(placed), indent=2).encode() + b"\n")
    _replace(folder / "junit.xml", junit_xml(placed))
    return placed


def _replace(path: Path, content: bytes) -> None:
    """A file appears whole or not at all."""
    partial = path.with_name(path.name + ".partial")
    try:
        partial.write_bytes(content)
        partial.replace(path)
    except OSError:
        partial.unlink(missing_ok=True)
        raise
