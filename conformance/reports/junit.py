"""junit.xml: one test suite a chapter, one test case a rule, as CI systems show it."""

from __future__ import annotations

from itertools import groupby
from xml.etree import ElementTree

from snaptree.conformance.deviations import Deviation
from snaptree.conformance.reports.results import Finished
from snaptree.conformance.reports.words import plain, spoken
from snaptree.conformance.verdict import RuleResult


def junit_xml(finished: Finished) -> bytes:
    """The file's content. A rule that was not seen is skipped, with the reason; it never passes."""
    heading, judgement = finished.heading, finished.judgement
    found = {one.id: one for one in (*judgement.new, *judgement.known)}
    root = ElementTree.Element("testsuites", name=f"snaptree check {plain(heading.asked)}")
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
            _case(suite, result, found, finished)
    ElementTree.indent(root)
    return bytes(ElementTree.tostring(root, encoding="utf-8", xml_declaration=True))


def _case(
    suite: ElementTree.Element, result: RuleResult, found: dict[str, Deviation], finished: Finished
) -> None:
    name = f"snaptree.{result.rule.chapter}"
    case = ElementTree.SubElement(suite, "testcase", classname=name, name=result.rule.id, time="0")
    if result.status == "deviation":
        failure = ElementTree.SubElement(case, "failure", message=plain(result.rule.sentence, 400))
        failure.text = "\n\n".join(_text(found[one], finished) for one in result.deviations)
    elif result.status != "pass":
        ElementTree.SubElement(case, "skipped", message=result.status)


def _text(deviation: Deviation, finished: Finished) -> str:
    steps = [spoken(taken.operation, taken.before) for taken in deviation.run.steps]
    lines = [
        f"deviation {deviation.id}",
        f"allowed: {plain(' or '.join(deviation.expected), 400)}",
        f"seen: {plain(deviation.observed, 400)}",
        f"sequence: {'; '.join(steps)}",
    ]
    command = finished.replay_command(deviation)
    if command is not None:
        lines.append(f"replay: {plain(command, 1000)}")
    return "\n".join(lines)
