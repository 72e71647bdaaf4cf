"""The folder of a report: report.json, junit.xml and traces/."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

from snaptree.conformance.reports.junit import junit_xml
from snaptree.conformance.reports.results import Finished, report_json, write_traces
from snaptree.conformance.traces import write_whole


def write_report(finished: Finished, folder: Path) -> Finished:
    """Write everything into a folder, which is made if need be; returns the report that knows its folder.

    Raises OSError when the folder cannot be written.
    """
    placed = replace(finished, folder=folder)
    write_traces(placed, folder)
    write_whole(folder / "report.json", json.dumps(report_json(placed), indent=2).encode() + b"\n")
    write_whole(folder / "junit.xml", junit_xml(placed))
    return placed
