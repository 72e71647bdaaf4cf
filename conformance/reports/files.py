"""The folder of a report: report.json, report.html, junit.xml, traces/, and what CI systems show of it."""

from __future__ import annotations

import fcntl
import json
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Final

from snaptree.conformance.methods.bounds import WHOLE
from snaptree.conformance.reports.junit import junit_xml
from snaptree.conformance.reports.page import page_html
from snaptree.conformance.reports.results import Report, report_json, trace_path, write_traces
from snaptree.conformance.reports.summaries import annotation_lines, badge_json, summary_markdown
from snaptree.conformance.running.merging import FILE as SHARD_FILE
from snaptree.conformance.running.merging import write_shard
from snaptree.spec.files import write_whole
from snaptree.spec.text import cut_texts, without_secrets


def write_report(report: Report, folder: Path) -> Report:
    """Write all files into a folder, creating it; returns the report with its folder set.

    The traces of a former run are removed; other files stay. Of two runs at once the files of the second
    take the place of those of the first. Raises OSError when the folder cannot be written.
    """
    placed = replace(report, folder=folder)
    folder.mkdir(parents=True, exist_ok=True)
    with _locked(folder):
        write_traces(placed, folder)
        text = without_secrets(json.dumps(cut_texts(report_json(placed)), indent=2))
        write_whole(folder / "report.json", text.encode() + b"\n")
        record = json.loads(text)
        write_whole(folder / "badge.json", badge_json(record).encode())
        for name, shown in (("summary.md", summary_markdown), ("annotations.txt", annotation_lines)):
            write_whole(folder / name, shown(record).encode("utf-8", "backslashreplace"))
        page = without_secrets(page_html(placed))
        write_whole(folder / "report.html", page.encode("utf-8", "backslashreplace"))
        write_whole(folder / "junit.xml", without_secrets(junit_xml(placed).decode()).encode())
        if report.assessment.bounds.shard == WHOLE:
            (folder / SHARD_FILE).unlink(missing_ok=True)
        else:
            write_shard(report.assessment, folder)
        _remove_former_traces(placed, folder)
    return placed


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Keep another run from writing into the folder meanwhile."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


_TRACE: Final = re.compile(r"[0-9a-f]{8}\.jsonl")


def _remove_former_traces(report: Report, folder: Path) -> None:
    """Remove traces in the form of our own that do not belong to this report."""
    ours = {trace_path(folder, found).name for found in report.assessment.deviations}
    for path in (folder / "traces").iterdir():
        if path.name not in ours and _TRACE.fullmatch(path.name) and path.is_file():
            path.unlink()
