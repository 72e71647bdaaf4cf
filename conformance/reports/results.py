"""A finished run as a report: everything that the terminal, the files and CI show, in one value."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from snaptree.conformance.deviations import Deviation
from snaptree.conformance.driver import DEFAULT_DISKS
from snaptree.conformance.reports.words import spoken
from snaptree.conformance.request import Heading
from snaptree.conformance.run import Bounds, Outcome
from snaptree.conformance.traces import Header, write_trace
from snaptree.conformance.verdict import Judgement
from snaptree.schemas import check_against
from snaptree.spec.profiles import Profile
from snaptree.spec.rules import rule, specification_version

REPORT_VERSION: Final = 1


@dataclass(frozen=True)
class Finished:
    """A run with its verdict. ``folder`` is where its files are, None if none were written."""

    heading: Heading
    bounds: Bounds
    outcome: Outcome
    judgement: Judgement
    folder: Path | None = None

    def replay_command(self, found: Deviation) -> str | None:
        """The command that shows a deviation again, None if no trace was written."""
        if self.folder is None:
            return None
        words = ["snaptree", "replay", str(trace_path(self.folder, found))]
        return shlex.join([*words, "--driver", self.heading.asked, *self.heading.options])


def trace_path(folder: Path, found: Deviation) -> Path:
    """Where the trace of a deviation is."""
    return folder / "traces" / f"{found.id}.jsonl"


def write_traces(finished: Finished, folder: Path) -> None:
    """Write the smallest sequence of every deviation, known ones included."""
    heading = finished.heading
    (folder / "traces").mkdir(parents=True, exist_ok=True)
    for found in (*finished.judgement.new, *finished.judgement.known):
        header = Header(
            heading.driver,
            heading.driver_version,
            heading.profile.name,
            dict(DEFAULT_DISKS),
            heading.seed,
            f"{found.id}: {' '.join(found.rules[:1])} in {found.operation.call}",
            found.run.persistent,
        )
        write_trace(trace_path(folder, found), header, found.run.steps, found.run.driver_ids)


def report_json(finished: Finished) -> dict[str, Any]:
    """The content of ``report.json``, checked against its schema."""
    heading, judgement = finished.heading, finished.judgement
    tally = finished.outcome.tally
    record = {
        "report": REPORT_VERSION,
        "verdict": judgement.verdict,
        "exit_code": judgement.exit_code,
        "snaptree": heading.snaptree_version,
        "specification": specification_version,
        "driver": {"asked": heading.asked, "name": heading.driver, "version": heading.driver_version},
        "profile": heading.profile.name,
        "seed": heading.seed,
        "jobs": heading.jobs,
        "seconds": round(finished.outcome.seconds, 3),
        "counts": {
            "steps": tally.steps,
            "driver_calls": tally.calls,
            "driver_seconds": round(tally.driver_seconds, 3),
            **rule_counts(judgement),
        },
        "methods": [
            {
                "method": method.method,
                "title": method.title,
                "states": method.states,
                "transitions": method.total,
                "covered": method.covered,
                "not_reached": method.missed,
                "deviated": method.deviated,
                "sequences": method.sequences,
                "complete": method.complete,
            }
            for method in finished.outcome.methods.values()
        ],
        "rules": [
            {
                "id": result.rule.id,
                "level": result.rule.level,
                "chapter": result.rule.chapter,
                "status": result.status,
                "times": result.times,
                "by": _claimants(result.rule.id, heading.profile),
                "deviations": list(result.deviations),
            }
            for result in judgement.rules
        ],
        "deviations": [
            *(_deviation(finished, found, known=False) for found in judgement.new),
            *(_deviation(finished, found, known=True) for found in judgement.known),
        ],
        "known_not_seen": [
            {"rule": entry.rule, "operation": entry.operation, "reason": entry.reason}
            for entry in judgement.not_seen_again
        ],
    }
    check_against("report", record)
    return record


def rule_counts(judgement: Judgement) -> dict[str, int]:
    """How many rules came to what, in the words of the report."""
    return {
        "rules_passed": judgement.count("pass"),
        "rules_deviating": judgement.count("deviation"),
        "rules_known": judgement.count("known deviation"),
        "rules_not_observed": judgement.count("not observed"),
        "rules_not_claimed": judgement.count("not claimed"),
        "rules_judged_elsewhere": judgement.count("judged elsewhere"),
    }


def _claimants(identifier: str, profile: Profile) -> list[str]:
    """Who does what the rule speaks of: ``native``, ``adapter``, both or nobody."""
    calls = {call for aspect in rule(identifier).aspects for call in aspect.calls}
    return sorted({profile.operations[call] for call in calls if call in profile.operations})


def _deviation(finished: Finished, found: Deviation, *, known: bool) -> dict[str, Any]:
    differences: list[Mapping[str, Any]] = [
        {
            "part": one.part,
            "relation": one.relation,
            "where": one.where,
            "expected": list(one.expected),
            "observed": one.observed,
        }
        for one in found.differences
    ]
    return {
        "id": found.id,
        "rules": list(found.rules),
        "operation": found.operation.call,
        "expected": list(found.expected),
        "observed": found.observed,
        "differences": differences,
        "sequence": [
            {"call": spoken(taken.operation, taken.before), "operation": taken.operation.to_json()}
            for taken in found.run.steps
        ],
        "replay": finished.replay_command(found),
        "method": found.method,
        "flaky": found.flaky,
        "known": known,
    }
