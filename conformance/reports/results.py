"""An assessment and its folder as one value, from which terminal, files and CI show everything."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final

from snaptree.conformance.driver import DEFAULT_DISKS
from snaptree.conformance.engine.own_calls import OwnCall
from snaptree.conformance.judging.class_coverage import (
    ClassCoverage,
    class_coverage,
    text_of_cell,
    text_of_pair,
)
from snaptree.conformance.judging.deviations import Deviation
from snaptree.conformance.judging.record import RunRecord
from snaptree.conformance.judging.verdict import Judgement
from snaptree.conformance.methods.bounds import CALLERS
from snaptree.conformance.reports.basis import basis_of, situations
from snaptree.conformance.reports.claim import Claim, claim_of
from snaptree.conformance.reports.meetings import cells_json
from snaptree.conformance.reports.words import call_text, text_of_way
from snaptree.conformance.running.assess import Assessment
from snaptree.conformance.running.heading import Heading
from snaptree.conformance.sequences.history import History, write_history
from snaptree.conformance.sequences.traces import Header, write_trace
from snaptree.schemas import check_against
from snaptree.spec.profiles import DocumentedRefusal, Profile
from snaptree.spec.rules import rule, specification_version
from snaptree.spec.sources import only_seen
from snaptree.spec.vocabulary import FAULT_PARTS

REPORT_VERSION: Final = 1


@dataclass(frozen=True)
class Report:
    """An assessment, and the folder of its files; None if none were written.

    ``every_pair`` asks for the pairs of classes also where the run had bounds.
    """

    assessment: Assessment
    folder: Path | None = None
    every_pair: bool = False

    @cached_property
    def classes(self) -> ClassCoverage:
        """The classes of arguments that the steps met; pairs of them in a whole run, or where asked for."""
        pairs = self.every_pair or self.assessment.bounds.limits
        return class_coverage(self.record.tally, self.heading.profile, pairs=pairs)

    @property
    def heading(self) -> Heading:
        """The heading of the run."""
        return self.assessment.heading

    @property
    def record(self) -> RunRecord:
        """The work and deviations of the run."""
        return self.assessment.record

    @cached_property
    def claim(self) -> Claim:
        """What the run claims."""
        return claim_of(self.record, self.assessment.bounds)

    @property
    def judgement(self) -> Judgement:
        """The verdict of the run."""
        return self.assessment.judgement

    def replay_command(self, found: Deviation) -> str | None:
        """The command that shows a deviation again, None if no trace was written.

        Without a trace, a run finds what a kill or an error left; a trace of which nothing can be opened is
        judged.
        """
        if not has_trace(found) or (self.folder is None and of_fault(found)):
            return self._explore_command(found)
        if self.folder is None:
            return None
        if found.run.history or (found.run.interruption is not None and found.run.interruption.unplayed):
            return shlex.join(["snaptree", "judge", str(trace_path(self.folder, found))])
        words = ["snaptree", "replay", str(trace_path(self.folder, found))]
        return shlex.join([*words, "--driver", self.heading.asked, *self.heading.options])

    def _explore_command(self, found: Deviation) -> str:
        bounds = self.assessment.bounds
        if found.method in CALLERS:
            words = ["snaptree", "check", self.heading.asked, *self.heading.options, "--graph", "tree=1"]
            return shlex.join([*words, "--sequences", "0", "--callers", found.method])
        killed = found.method in ("crashes", "power")
        scopes, option = (bounds.crash_scopes, "--crash") if killed else (bounds.failure_scopes, "--failure")
        graphs = [word for scope, bound in scopes for word in (option, f"{scope}={bound}")]
        other = (["--torn-writes"] if bounds.torn else []) if killed else ["--crash", "none"]
        words = ["snaptree", "check", self.heading.asked, *self.heading.options, "--graph", "tree=1"]
        return shlex.join([*words, "--sequences", "0", *other, *graphs])


def of_fault(found: Deviation) -> bool:
    """Whether a deviation is of what a kill, an error or another caller left."""
    return found.differences[0].part in FAULT_PARTS


def has_trace(found: Deviation) -> bool:
    """Whether a trace shows a deviation again: of a fault only one that tells what was interrupted."""
    return not of_fault(found) or found.run.interruption is not None or bool(found.run.history)


def trace_path(folder: Path, found: Deviation) -> Path:
    """The path of the trace of a deviation."""
    return folder / "traces" / f"{found.id}.jsonl"


def write_traces(report: Report, folder: Path) -> None:
    """Write the smallest sequence of every deviation that a trace shows, known ones included."""
    heading = report.heading
    (folder / "traces").mkdir(parents=True, exist_ok=True)
    for found in filter(has_trace, report.assessment.deviations):
        header = Header.of(
            heading.driver,
            heading.driver_version,
            heading.profile,
            disks=dict(DEFAULT_DISKS),
            seed=heading.seed,
            note=f"{found.id}: {found.rule} in {found.operation.call}",
            persistent=found.run.persistent,
            looks=found.run.looks,
        )
        if found.run.history:
            write_history(trace_path(folder, found), History(header, found.run.history))
            continue
        # A replay opens and closes a domain by itself.
        steps = [taken for taken in found.run.steps if not isinstance(taken.operation, OwnCall)]
        write_trace(trace_path(folder, found), header, steps, interruption=found.run.interruption)


def report_json(report: Report) -> dict[str, Any]:
    """The content of ``report.json``, checked against its schema."""
    heading, judgement = report.heading, report.judgement
    tally = report.record.tally
    record = {
        "report": REPORT_VERSION,
        "verdict": judgement.verdict,
        "exit_code": judgement.exit_code,
        "complete": judgement.complete,
        "ended": {"why": judgement.ending.why, "text": judgement.ending.text},
        "snaptree": heading.snaptree_version,
        "specification": specification_version,
        "driver": {"asked": heading.asked, "name": heading.driver, "version": heading.driver_version},
        "profile": heading.profile.name,
        "seed": heading.seed,
        "jobs": heading.jobs,
        "pace": heading.pace,
        "seconds": round(report.record.seconds, 3),
        "counts": {
            "steps": tally.steps,
            "situations": situations(report.record),
            "whole_disks": tally.digests,
            "driver_calls": tally.calls,
            "driver_seconds": round(tally.driver_seconds, 3),
            "disks_compared_by_digest": tally.digests,
            "disks_without_digest": tally.without_digest,
            "steps_refused_as_documented": tally.documented.total(),
            **rule_counts(judgement),
        },
        "claim": report.claim.to_json(),
        "held": cells_json(report.record.tally),
        "rests_on": list(basis_of(report.record, heading.profile)),
        "classes": _classes(report.classes),
        "methods": [
            {
                "method": method.method,
                "name": method.name,
                "title": method.title,
                "states": method.states,
                "transitions": method.total,
                "covered": method.covered,
                "closed_off": method.closed_off,
                "deviated": method.deviated,
                "sequences": method.sequences,
                "complete": method.complete,
            }
            for method in report.record.methods.values()
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
                "unseen": list(result.unseen),
            }
            for result in judgement.rules
        ],
        "deviations": [
            *(_deviation(report, found, known=False) for found in judgement.new),
            *(_deviation(report, found, known=True) for found in judgement.known),
        ],
        "refused_as_documented": [
            {
                "call": call,
                "kind": limit.kind,
                "condition": limit.condition,
                "sentence": limit.sentence,
                "link": limit.link,
                "steps": times,
            }
            for (call, limit), times in documented_limits(report).items()
        ],
        "only_seen": only_seen(heading.profile),
        "known_not_seen": [
            {"rule": entry.rule, "operation": entry.operation, "reason": entry.reason}
            for entry in judgement.not_seen_again
            if not entry.id
        ],
        "known_expired": [
            {
                "rule": entry.rule,
                "operation": entry.operation,
                "reason": entry.reason,
                "owner": entry.owner,
                "expires": str(entry.expires),
            }
            for entry in report.assessment.known.expired
        ],
        **_baseline(report),
    }
    check_against("report", record)
    return record


def lost_rules(report: Report) -> dict[str, str]:
    """The rules that passed in the baseline and do not now, each with its status; deviations apart."""
    baseline = report.assessment.known.baseline
    if baseline is None:
        return {}
    return {
        result.rule.id: result.status
        for result in report.judgement.rules
        if baseline.rules.get(result.rule.id) == "pass" and result.status not in ("pass", "deviation")
    }


def _baseline(report: Report) -> dict[str, Any]:
    """What changed since the baseline, if there is one."""
    baseline = report.assessment.known.baseline
    if baseline is None:
        return {}
    return {
        "baseline": {
            "report": str(baseline.path),
            "driver_version": baseline.driver_version,
            "specification": baseline.specification,
            "gone": [entry.id for entry in report.judgement.not_seen_again if entry.id],
            "lost": [{"id": one, "status": status} for one, status in lost_rules(report).items()],
        }
    }


def _classes(coverage: ClassCoverage) -> dict[str, Any]:
    """Each class of each argument with its steps, and the pairs that no step met."""
    record: dict[str, Any] = {
        "feasible": coverage.feasible,
        "met": coverage.met,
        "empty": [text_of_cell(cell) for cell in coverage.empty],
        "steps": [
            {"call": cell.call, "argument": cell.argument, "class": cell.name, cell.answer: number}
            for cell, number in coverage.steps.items()
        ],
    }
    pairs = coverage.pairs
    if pairs is not None:
        ways = {text_of_pair(pair): text_of_way(way) for pair, way in pairs.empty.items()}
        record["pairs"] = {"feasible": pairs.feasible, "met": pairs.met, "empty": [*ways], "ways": ways}
    return record


def documented_limits(report: Report) -> dict[tuple[str, DocumentedRefusal], int]:
    """The limits of the profile by which steps were refused, with the number of steps, in its order."""
    counted = report.record.tally.documented
    return {
        (one.call, one): counted[one.call, one.kind, one.condition]
        for one in report.heading.profile.refuses
        if counted[one.call, one.kind, one.condition]
    }


def rule_counts(judgement: Judgement) -> dict[str, int]:
    """The number of rules with each result, in the words of the report."""
    return {
        "rules_passed": judgement.count("pass"),
        "rules_deviating": judgement.count("deviation"),
        "rules_known": judgement.count("known deviation"),
        "rules_not_observed": judgement.count("not observed"),
        "rules_not_claimed": judgement.count("not claimed"),
        "rules_judged_elsewhere": judgement.count("judged elsewhere"),
    }


def _claimants(identifier: str, profile: Profile) -> list[str]:
    """Who carries out the operations of the rule: ``native``, ``adapter``, both or none."""
    calls = {call for aspect in rule(identifier).aspects for call in aspect.calls}
    return sorted({profile.operations[call] for call in calls if call in profile.operations})


def _deviation(report: Report, found: Deviation, *, known: bool) -> dict[str, Any]:
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
        "also_in": list(found.also_in),
        "expected": list(found.expected),
        "observed": found.observed,
        "differences": differences,
        "sequence": [
            {"call": call_text(taken.operation, taken.before), "operation": taken.operation.to_json()}
            for taken in found.run.steps
        ],
        **_interrupted(found),
        "replay": report.replay_command(found),
        "method": found.method,
        "flaky": found.flaky,
        "known": known,
    }


def _interrupted(found: Deviation) -> dict[str, Any]:
    """Where the last call was cut off, for a deviation of a kill or an error."""
    cut_off = found.run.interruption
    if cut_off is None:
        return {}
    moment = cut_off.moment
    effects = [{"number": one.number, "effect": one.text, "happened": one.happened} for one in moment.around]
    return {
        "interrupted": {
            "kind": moment.kind,
            "done": moment.done,
            "of": moment.of,
            "effects": effects,
            "against": {state: list(texts) for state, texts in cut_off.against.items()},
        }
    }
