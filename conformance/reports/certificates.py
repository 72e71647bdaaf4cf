"""A certificate: what one run showed, as an in-toto Statement with a test-result predicate.

It claims what the chapter on claims lets a run claim, and no more: the words are computed from the data, and
the data can be computed again, but for what the driver answered. It holds no times and no number of jobs, so
that two runs with one seed give the same certificate.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

from snaptree.conformance.judging.verdict import Verdict
from snaptree.conformance.methods.bounds import Bounds
from snaptree.conformance.methods.graph import Graph, Scope, graph_of
from snaptree.conformance.reports.claim import Claim
from snaptree.conformance.reports.results import Report, report_json, trace_path
from snaptree.conformance.reports.state_graphs import graph_digest
from snaptree.schemas import check_against
from snaptree.spec.digests import json_digest, package_digest, profile_digest, specification_digest
from snaptree.spec.files import write_whole
from snaptree.spec.profiles import Profile, record_of
from snaptree.spec.rules import specification_version
from snaptree.spec.text import cut_texts, without_secrets

CERTIFICATE_VERSION: Final = 1

STATEMENT: Final = "https://in-toto.io/Statement/v1"
PREDICATE: Final = "https://in-toto.io/attestation/test-result/v0.1"

PROVES: Final = (
    "digests prove that nothing was edited since they were signed; that the system gave these answers, only "
    "whoever ran this can say"
)

WITHOUT: Final[dict[Verdict, str]] = {
    "incomplete": "the run is incomplete",
    "interrupted": "the run was interrupted",
    "nothing was tested": "nothing was tested",
}
"""Verdicts of which there is no certificate, and why."""

Record = dict[str, Any]


def why_no_certificate(report: Report) -> str:
    """Why a run gives no certificate; empty if it does."""
    if report.judgement.verdict in WITHOUT:
        return WITHOUT[report.judgement.verdict]
    if not report.judgement.complete:
        return WITHOUT["incomplete"]
    if report.assessment.exit_code not in (0, 1):
        return f"the run ended with exit code {report.assessment.exit_code}"
    return "" if report.heading.components else "the driver names no file of the system that it drives"


def write_certificate(report: Report, path: Path) -> None:
    """Write the certificate of a run. Raises OSError."""
    text = json.dumps(certificate_of(report), indent=1, ensure_ascii=True)
    write_whole(path, without_secrets(text).encode() + b"\n")


def certificate_of(report: Report) -> Record:
    """The certificate of a run that gives one, checked against its schema."""
    heading, bounds = report.heading, report.assessment.bounds
    whole = report_json(report)
    shown = _report(report, whole)
    statement = {
        "_type": STATEMENT,
        "subject": [{"name": one.name, "digest": {"sha256": one.sha256}} for one in heading.components],
        "predicateType": PREDICATE,
        "predicate": {
            "result": result_of(shown),
            "configuration": [
                _resource(f"specification {specification_version}", specification_digest()),
                _resource(f"profile {heading.profile.name}", profile_digest(heading.profile)),
            ],
            **tests_of(shown),
            "snaptree": {
                "certificate": CERTIFICATE_VERSION,
                "claim": list(words_of(whole["claim"], report.claim, shown, heading.title)),
                "versions": {
                    "snaptree": heading.snaptree_version,
                    "suite_sha256": suite_digest(),
                    "specification": specification_version,
                    "specification_sha256": specification_digest(),
                },
                "driver": {
                    "asked": heading.asked,
                    "name": heading.driver,
                    "version": heading.driver_version,
                    "options": list(heading.options),
                },
                "profile": {
                    "sha256": profile_digest(heading.profile),
                    "record": record_of(heading.profile),
                },
                "bounds": bounds_json(bounds),
                "graphs": [graph_json(graph) for graph in graphs_of(heading.profile, bounds)],
                "data": whole["claim"],
                "report": shown,
                "found": [
                    {"rule": rule, "operation": operation}
                    for rule, operation in sorted(
                        {(one.rule, one.operation.call) for one in report.record.deviations.values()}
                    )
                ],
                "not_observed": [one["id"] for one in shown["rules"] if one["status"] == "not observed"],
                "traces": list(_traces(report)),
            },
        },
    }
    check_against("certificate", statement)
    return statement


def suite_digest() -> str:
    """One digest for all code that tests and judges."""
    packages = ("snaptree.conformance", "snaptree.simulator", "snaptree.schemas")
    return json_digest({package: package_digest(package) for package in packages})


def graphs_of(profile: Profile, bounds: Bounds) -> list[Graph]:
    """Every graph that a run used, in the order of the bounds."""
    asked: dict[tuple[Scope, int], None] = {}
    for scopes in (bounds.scopes, bounds.history_scopes, bounds.crash_scopes, bounds.failure_scopes):
        asked |= dict.fromkeys(scopes)
    return [graph_of(profile, bound, scope) for scope, bound in asked]


def graph_json(graph: Graph) -> Record:
    """A graph by its digest."""
    return {
        "graph": f"{graph.scope}={graph.bound}",
        "states": len(graph.edges),
        "transitions": graph.transitions,
        "sha256": graph_digest(graph),
    }


def bounds_json(bounds: Bounds) -> Record:
    """All that decides what a run does, but for the number of jobs."""

    def named(scopes: Sequence[tuple[Scope, int]]) -> list[str]:
        return [f"{scope}={bound}" for scope, bound in scopes]

    return {
        "graphs": named(bounds.scopes),
        "graphs_asked": bounds.graphs_asked,
        "history": bounds.history,
        "history_graphs": named(bounds.history_scopes),
        "looks": list(bounds.looks),
        "crash_graphs": named(bounds.crash_scopes),
        "failure_graphs": named(bounds.failure_scopes),
        "torn_writes": bounds.torn,
        "held": bounds.held,
        "limits": bounds.limits,
        "sequences": bounds.sequences,
        "longest": bounds.longest,
        "batch": bounds.batch,
        "seed": bounds.seed,
        "methods": None if bounds.methods is None else list(bounds.methods),
        "calls": None if bounds.calls is None else sorted(bounds.calls),
        "pace": bounds.pace,
    }


def result_of(shown: Record) -> str:
    """The result of the predicate: failed by a new deviation, with a warning for known ones."""
    if shown["verdict"] == "deviates":
        return "FAILED"
    return "WARNED" if shown["deviations"] else "PASSED"


def tests_of(shown: Record) -> dict[str, list[str]]:
    """The rules by their results: a rule that was not observed is in none of the lists."""
    by = {"passedTests": "pass", "warnedTests": "known deviation", "failedTests": "deviation"}
    return {
        name: [one["id"] for one in shown["rules"] if one["status"] == status] for name, status in by.items()
    }


def words_of(data: Record, claim: Claim, shown: Record, title: str) -> Iterator[str]:
    """The claim in words, all of them from the data."""
    verdict = "conforms to what its profile claims" if shown["verdict"] == "conforms" else "DEVIATES"
    yield f"{title} {verdict}"
    if data["graphs"]:
        yield (
            "from a fresh domain, by at least one history each, every call of the scope in every state of "
            "the graphs below was made on the system, and its answer and all that the profile claims visible "
            "were among those that the specification allows, but for what is named below"
        )
    yield from claim.sentences()
    for found in shown["deviations"]:
        known = f"known deviation: {found['reason']}" if found["known"] else "NEW DEVIATION"
        yield f"{found['id']} {', '.join(found['rules'][:1]) or 'process'} in {found['operation']}: {known}"
    closed = sum(part["closed_off"] for part in shown["methods"])
    if closed:
        yield f"closed off by deviations, and never made: {closed:,} items of work"
    for status, text in (
        ("not observed", "no step showed"),
        ("judged elsewhere", "no run of steps can judge"),
    ):
        rules = [one["id"] for one in shown["rules"] if one["status"] == status]
        if rules:
            yield f"{text} {len(rules)} rules: {', '.join(rules)}"
    for limit in shown["refused_as_documented"]:
        steps = f"{limit['steps']:,} steps"
        yield f"refused as documented, no pass: {limit['call']} as {limit['kind']} in {steps}"
    classes = shown["classes"]
    yield f"classes of arguments: {classes['met']:,} of {classes['feasible']:,} were met"
    yield from shown["rests_on"]
    yield PROVES


def _resource(name: str, digest: str) -> Record:
    return {"name": name, "digest": {"sha256": digest}}


def _report(report: Report, whole: Record) -> Record:
    """The parts of a report that a certificate has: nothing of times, jobs and places."""
    reasons = {found.id: report.judgement.entry_of(found).reason for found in report.judgement.known}
    kept = ("id", "rules", "operation", "also_in", "expected", "observed", "method", "flaky", "known")
    shown = {
        key: whole[key]
        for key in (
            "verdict", "exit_code", "complete", "classes", "methods", "rules", "refused_as_documented",
            "only_seen", "rests_on",
        )
    }  # fmt: skip
    shown["counts"] = {key: number for key, number in whole["counts"].items() if isinstance(number, int)}
    shown["deviations"] = [
        {**{key: found[key] for key in kept}, "reason": reasons.get(found["id"], "")}
        for found in whole["deviations"]
    ]
    return dict(cut_texts(shown))


def _traces(report: Report) -> Iterator[Record]:
    if report.folder is None:
        return
    for found in report.assessment.deviations:
        path = trace_path(report.folder, found)
        if path.is_file():
            yield {"name": path.name, "sha256": sha256(path.read_bytes()).hexdigest()}
