"""What CI systems show of a report: a page of Markdown, annotations of GitHub, and a badge.

All are made from ``report.json``, so that a report of any machine can be shown.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

from snaptree.conformance.judging.record import count_of
from snaptree.conformance.reports.words import markdown_text, plain
from snaptree.spec.rules import rules

Record = Mapping[str, Any]

MOST_ANNOTATIONS: Final = 10
"""GitHub shows that many errors, and as many warnings, of one step."""

MOST_ROWS: Final = 50
"""Deviations that the page lists; a summary of GitHub has at most 1 MiB."""

_COLOURS: Final = {
    "conforms": "brightgreen",
    "incomplete": "yellow",
    "deviates": "red",
    "nothing was tested": "lightgrey",
    "interrupted": "lightgrey",
}
_COUNTED: Final = (
    ("rules_passed", "passed"),
    ("rules_deviating", "deviate"),
    ("rules_known", "known to deviate"),
    ("rules_not_observed", "not observed"),
    ("rules_not_claimed", "not claimed"),
    ("rules_judged_elsewhere", "not judged by steps"),
)


def badge_json(record: Record) -> str:
    """A badge as shields.io reads it from an address: label, message and colour."""
    counts = record["counts"]
    message = record["verdict"]
    new = sum(not found["known"] for found in record["deviations"])
    if message == "conforms":
        message = f"{counts['rules_passed']} rules passed"
    elif new:
        message = count_of(new, "deviation")
    label = f"snaptree {record['specification']}"
    colour = _COLOURS[record["verdict"]]
    return json.dumps({"schemaVersion": 1, "label": label, "message": message, "color": colour}) + "\n"


def annotation_lines(record: Record) -> str:
    """Workflow commands of GitHub Actions: printed in a step, they stand at the top of the run's page."""
    return "".join(f"{line}\n" for line in _annotations(record))


def _annotations(record: Record) -> Iterator[str]:
    new = [found for found in record["deviations"] if not found["known"]]
    for found in new[:MOST_ANNOTATIONS]:
        title = f"{_first_rule(found)} in {found['operation']}"
        text = f"allowed {' or '.join(found['expected'])}; seen {found['observed']}"
        replay = f"\nreplay: {found['replay']}" if found["replay"] else ""
        yield _command("error", title, plain(text, 900) + replay)
    if record["ended"]["why"] != "done":
        ended = f"{record['ended']['why']}: {record['ended']['text']}".removesuffix(": ")
        yield _command("warning", "the run is incomplete", plain(ended, 900))
    for one in record.get("known_expired", ())[: MOST_ANNOTATIONS - 1]:
        owner = f" ({one['owner']})" if one["owner"] else ""
        yield _command(
            "warning",
            f"known deviation expired: {one['rule']} in {one['operation']}",
            plain(f"accepted until {one['expires']}{owner}: {one['reason']}", 900),
        )
    yield _command("notice", f"snaptree: {record['driver']['asked']}", _verdict(record))


def _command(kind: str, title: str, text: str) -> str:
    escaped = plain(title, 200)
    for char, code in (("%", "%25"), (":", "%3A"), (",", "%2C")):
        escaped = escaped.replace(char, code)
    shown = text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
    return f"::{kind} title={escaped}::{shown}"


def summary_markdown(record: Record) -> str:
    """A page for the summary of a job: verdict, claim, deviations, rules that were not observed."""
    return "\n\n".join(_parts(record)) + "\n"


def _parts(record: Record) -> Iterator[str]:
    driver = record["driver"]
    yield f"## snaptree: {markdown_text(driver['asked'])}"
    yield f"**{markdown_text(_verdict(record))}**"
    yield (
        f"driver {markdown_text(driver['name'])} {markdown_text(driver['version'])}, profile "
        f"{markdown_text(record['profile'])}, specification {record['specification']}, "
        f"seed {record['seed']}, {record['counts']['steps']:,} steps"
    )
    rows = [f"| {word} | {record['counts'][key]} |" for key, word in _COUNTED if record["counts"][key]]
    yield "\n".join(["| rules | |", "|---|---:|", *rows])
    new = [found for found in record["deviations"] if not found["known"]]
    known = [found for found in record["deviations"] if found["known"]]
    if new:
        yield "### Deviations\n\n" + _table(new)
    if known:
        title = count_of(len(known), "known deviation")
        yield f"<details><summary>{title}</summary>\n\n{_table(known)}\n\n</details>"
    unseen = [one["id"] for one in record["rules"] if one["status"] == "not observed"]
    if unseen:
        yield (
            f"<details><summary>{count_of(len(unseen), 'rule')} not observed</summary>\n\n"
            f"{', '.join(unseen)}\n\n</details>"
        )


def _table(found: list[Record]) -> str:
    sentences = {one.id: one.sentence for one in rules()}
    lines = ["| id | rule | call | allowed | seen |", "|---|---|---|---|---|"]
    for one in found[:MOST_ROWS]:
        first = _first_rule(one)
        said = markdown_text(sentences.get(first, "a fault of the driver's process"))
        allowed = markdown_text(plain(" or ".join(one["expected"]), 200))
        seen = markdown_text(plain(one["observed"], 200)) + (" (flaky)" if one["flaky"] else "")
        lines.append(f"| {one['id']} | {first}: {said} | {one['operation']} | {allowed} | {seen} |")
    if len(found) > MOST_ROWS:
        lines.append(f"| | and {len(found) - MOST_ROWS} more | | | |")
    return "\n".join(lines)


def _first_rule(found: Record) -> str:
    return str(found["rules"][0]) if found["rules"] else "PROCESS"


def _verdict(record: Record) -> str:
    new = sum(not found["known"] for found in record["deviations"])
    known = len(record["deviations"]) - new
    text = f"deviates in {count_of(new, 'way')}" if new else str(record["verdict"])
    text += f", {known} known" if known else ""
    if record["verdict"] != "incomplete" and not record["complete"]:
        text += ", incomplete"
    return f"{text}; {record['counts']['rules_passed']} of {len(record['rules'])} rules passed"
