"""The pages of the chapters: the normative text, each rule in a box with its computed figures."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable
from typing import Final

from pages.covering import SUITE, breakers, source_page, tests_of
from pages.words import linked, rule_link, speaks_of
from snaptree.conformance.reports.rule_index import evidence_of
from snaptree.spec.figures import Panel, example_panels, svg
from snaptree.spec.model_functions import full_name, functions_of, modules_of
from snaptree.spec.rules import RENAMED, Chapter, Example, Rule, chapters, rules
from snaptree.spec.vocabulary import ELSEWHERE

_HEAD: Final = re.compile(r"^> \*\*([A-Z]+-\d+)\*\* ")


def chapter_pages() -> dict[str, str]:
    """A page for each chapter, and the catalogue of all rules."""
    pages = {f"chapters/{chapter.name}.md": _chapter(chapter) for chapter in chapters()}
    pages |= {f"chapters/{old}.md": _moved(old, new) for old, new in RENAMED.items()}
    made = [
        "# All rules\n",
        f"{len(rules())} sentences, in the order of the chapters. The same ids are used by the text, the",
        "model, the suite and every report.\n",
    ]
    for chapter in chapters():
        if chapter.rules:
            made.append(f"## {chapter.title}\n")
            made += [f"- {rule_link(one.id)} {one.level}: {linked(one.sentence)}" for one in chapter.rules]
            made.append("")
    pages["rules.md"] = "\n".join(made) + "\n"
    return pages


def _chapter(chapter: Chapter) -> str:
    stated = {one.id: one for one in chapter.rules}
    made: list[str] = [f"# {chapter.title}\n"]
    if stated:
        made.append(":::{container} snaptree-rules\n" + ", ".join(map(rule_link, stated)) + "\n:::\n")
    in_rule = False
    for line in chapter.text.splitlines():
        head = _HEAD.match(line)
        if head is not None:
            made.append(rule_box(stated[head[1]]))
            in_rule = True
        elif in_rule and line.startswith(">"):
            continue
        else:
            in_rule = False
            made.append(linked(line))
    return "\n".join(made) + "\n"


def _moved(old: str, new: str) -> str:
    """The page at the former address of a chapter, which leads on to the chapter."""
    return (
        f"---\norphan: true\n---\n\n# {old}\n\n"
        f'```{{raw}} html\n<meta http-equiv="refresh" content="0; url={new}.html">\n```\n\n'
        f"This chapter is now [{new}]({new}.md).\n"
    )


def rule_box(rule: Rule) -> str:
    """A rule as an admonition with its anchor: sentence, reason, sources, figures, checks."""
    body = [f":::{{container}} sentence\n{linked(rule.sentence)}\n:::"]
    if rule.why:
        body.append(f"*Why:* {linked(rule.why)}")
    body.extend(f"*Source:* {linked(source)}" for source in rule.sources)
    body.extend(figure(example) for example in rule.examples)
    body.append(_fields(rule))
    title = f"{rule_link(rule.id)} {rule.level}"
    text = "\n\n".join(body)
    look = f"snaptree-rule {rule.level.lower()}"
    return f"({rule.id.lower()})=\n::::::{{admonition}} {title}\n:class: {look}\n\n{text}\n::::::\n"


def _fields(rule: Rule) -> str:
    speaks = [speaks_of(aspect) for aspect in rule.aspects]
    if rule.judged_elsewhere:
        speaks.append(ELSEWHERE[rule.judged_elsewhere])
    fields = [("Speaks of", " ".join(speaks))]
    model = [f"{{py:func}}`{_short(name)} <{name}>`" for name in map(full_name, functions_of(rule))]
    model += [f"{{py:mod}}`{name}`" for name in modules_of(rule)]
    if model:
        fields.append(("Model", _shortened(model)))
    tests = [_test_link(source_page(SUITE), f"{SUITE}::test_rule[{rule.id}]")]
    tests += [
        _test_link(source_page(one.path), f"{one.path}::{one.test}", f"#line-{one.line}")
        for one in tests_of(rule)
    ]
    # Names of tests are long: one a line.
    fields.append(("Tests", _shortened(tests, "<br>")))
    traces = evidence_of(rule.id).traces
    if traces:
        fields.append(("Recorded", ", ".join(f"`{path}`" for path in traces)))
    if breakers(rule):
        wrong = [f'<a href="../mutants.html#mutant-{one.name}">{one.name}</a>' for one in breakers(rule)]
        fields.append(("Catches", ", ".join(wrong)))
    lines = "\n".join(f"- **{label}** {text}" for label, text in fields)
    return f":::{{container}} fields\n{lines}\n:::"


def _test_link(page: str, test: str, line: str = "") -> str:
    return f'<a href="../{page}.html{line}"><code class="literal">{html.escape(test)}</code></a>'


def _short(name: str) -> str:
    *_, module, function = name.split(".")
    return f"{module}.{function}"


def _shortened(links: list[str], between: str = ", ", most: int = 8) -> str:
    rest = [f"and {len(links) - most} more"] if len(links) > most else []
    return between.join([*links[:most], *rest])


def figure(example: Example) -> str:
    """An example, computed by the model, as raw HTML."""
    return panels_figure(example_panels(example))


def panels_figure(panels: Iterable[Panel]) -> str:
    """Panels beside each other, as raw HTML."""
    shown = "".join(
        f"<figure>{svg(panel)}<figcaption>{html.escape(panel.title)}</figcaption></figure>"
        for panel in panels
    )
    return f'```{{raw}} html\n<div class="snaptree-figure">{shown}</div>\n```'
