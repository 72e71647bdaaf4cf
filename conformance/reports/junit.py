"""junit.xml: one test suite for each chapter, one test case for each rule, as CI systems show it."""

from __future__ import annotations

from itertools import groupby
from xml.etree import ElementTree

from snaptree.conformance.judging.deviations import Deviation
from snaptree.conformance.judging.record import count_of
from snaptree.conformance.judging.rule_results import RuleResult
from snaptree.conformance.judging.verdict import EARLY_CODES
from snaptree.conformance.reports.claim import claim_of
from snaptree.conformance.reports.results import Report, documented_limits
from snaptree.conformance.reports.words import call_text, plain


def junit_xml(report: Report) -> bytes:
    """The content of the file. A rule that was not observed is skipped with the reason; it never passes.

    A run that ended early is an error of its own, and so is a method that was not completed.
    """
    heading, judgement = report.heading, report.judgement
    found = {one.id: one for one in report.assessment.deviations}
    root = ElementTree.Element("testsuites", name=f"snaptree check {plain(heading.asked)}")
    _process_suite(root, report)
    for chapter, group in groupby(judgement.rules, key=lambda result: result.rule.chapter):
        results = list(group)
        suite = ElementTree.SubElement(
            root,
            "testsuite",
            name=chapter,
            tests=str(len(results)),
            failures=str(sum(result.status == "deviation" for result in results)),
            errors="0",
            skipped=str(sum(result.status not in ("pass", "deviation") for result in results)),
        )
        properties = ElementTree.SubElement(suite, "properties")
        for key, value in (
            ("driver", heading.driver),
            ("driver_version", heading.driver_version),
            ("profile", heading.profile.name),
            ("seed", str(heading.seed)),
        ):
            ElementTree.SubElement(properties, "property", name=key, value=plain(value))
        for result in results:
            _case(suite, result, found, report)
    _run_suite(root, report)
    for count in ("tests", "failures", "errors", "skipped"):
        root.set(count, str(sum(int(suite.get(count, "0")) for suite in root)))
    root.set("time", f"{report.record.seconds:.3f}")
    ElementTree.indent(root)
    return bytes(ElementTree.tostring(root, encoding="utf-8", xml_declaration=True))


def _process_suite(root: ElementTree.Element, report: Report) -> None:
    """Faults of the driver's process, each a test case that fails."""
    faults = [found for found in report.judgement.new if found.of_process]
    if not faults:
        return
    suite = ElementTree.SubElement(
        root,
        "testsuite",
        name="process",
        tests=str(len(faults)),
        failures=str(len(faults)),
        errors="0",
        skipped="0",
    )
    for found in faults:
        name = f"{plain(found.operation.call)} {found.id}"
        case = ElementTree.SubElement(suite, "testcase", classname="snaptree.process", name=name, time="0")
        failure = ElementTree.SubElement(case, "failure", type="PROCESS", message=plain(found.observed, 400))
        failure.text = _text(found, report)


def _run_suite(root: ElementTree.Element, report: Report) -> None:
    """A test case for each part of a method and each limit that was met, and one for an early end."""
    judgement, record = report.judgement, report.record
    early = judgement.ending.why in (*EARLY_CODES, "interrupted")
    limits = documented_limits(report)
    errors = 0 if judgement.accepted else len(record.unfinished)
    suite = ElementTree.SubElement(
        root,
        "testsuite",
        name="run",
        tests=str(len(record.methods) + early + len(limits)),
        failures="0",
        errors=str(errors + early),
        skipped=str(len(record.unfinished) - errors + len(limits)),
    )
    properties = ElementTree.SubElement(suite, "properties")
    for number, sentence in enumerate(claim_of(record, report.assessment.bounds).sentences(), start=1):
        ElementTree.SubElement(properties, "property", name=f"claim {number}", value=plain(sentence, 600))
    if early:
        text = f"{judgement.ending.why}: {judgement.ending.text}".removesuffix(": ")
        case = ElementTree.SubElement(suite, "testcase", classname="snaptree.run", name="run", time="0")
        ElementTree.SubElement(case, "error", type=judgement.ending.why, message=plain(text, 2000))
    for (call, limit), times in limits.items():
        where = f" where {limit.condition}" if limit.condition else ""
        name = f"refused as documented: {call}{where}"
        case = ElementTree.SubElement(suite, "testcase", classname="snaptree.run", name=plain(name), time="0")
        text = f"{times:,} steps refused as {limit.kind}: {limit.sentence} ({limit.link})"
        ElementTree.SubElement(case, "skipped", message=plain(text, 1200))
    for part in record.methods.values():
        name = part.method if part.name == part.method else f"{part.method} {part.name}"
        case = ElementTree.SubElement(
            suite, "testcase", classname="snaptree.run", name=f"{name}: {part.title}", time="0"
        )
        if not part.complete:
            kind = "skipped" if judgement.accepted else "error"
            text = f"incomplete: {part.done:,} of {count_of(part.total, part.noun)} were done"
            mark = ElementTree.SubElement(case, kind, message=text)
            if kind == "error":
                mark.set("type", "incomplete")


def _case(
    suite: ElementTree.Element, result: RuleResult, found: dict[str, Deviation], report: Report
) -> None:
    name = f"snaptree.{result.rule.chapter}"
    case = ElementTree.SubElement(suite, "testcase", classname=name, name=result.rule.id, time="0")
    if result.status == "deviation":
        failure = ElementTree.SubElement(
            case, "failure", type=result.rule.level, message=plain(result.rule.sentence, 400)
        )
        failure.text = "\n\n".join(_text(found[one], report) for one in result.deviations)
    elif result.status != "pass":
        ElementTree.SubElement(case, "skipped", message=_why_skipped(result, report))


def _why_skipped(result: RuleResult, report: Report) -> str:
    """The status of a rule, and what it rests on: the unseen parts, or the reason of the known deviation."""
    if result.status == "known deviation":
        known = {found.id: found for found in report.judgement.known}
        reasons = [report.judgement.entry_of(known[one]).reason for one in result.deviations]
        return plain(f"known deviation: {'; '.join(dict.fromkeys(reasons))}", 600)
    if result.status == "not observed" and result.unseen:
        return plain(f"not observed: {', '.join(result.unseen)}", 600)
    return result.status


def _text(deviation: Deviation, report: Report) -> str:
    steps = [call_text(taken.operation, taken.before) for taken in deviation.run.steps]
    lines = [
        f"deviation {deviation.id}",
        f"allowed: {plain(' or '.join(deviation.expected), 400)}",
        f"seen: {plain(deviation.observed, 400)}",
        f"sequence: {'; '.join(steps)}",
    ]
    command = report.replay_command(deviation)
    if command is not None:
        lines.append(f"replay: {plain(command, 1000)}")
    return "\n".join(lines)
