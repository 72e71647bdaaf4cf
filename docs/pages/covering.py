"""The tests of a rule: the suite's own, this project's, recorded runs and faulty hypervisors."""

from __future__ import annotations

import ast
import html
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import PythonLexer

from pages.words import rule_link
from snaptree.conformance.mutants.catalogue import MUTANTS
from snaptree.conformance.mutants.mutant import Mutant
from snaptree.conformance.reports.rule_index import evidence_of
from snaptree.spec.rules import Rule, rules

ROOT: Final = Path(__file__).parents[2]
SUITE: Final = "conformance/suite/test_rules.py"
"""The module of the suite that tests every rule."""
EXAMPLE_DRIVER: Final = "conformance/drivers/simulator.py"
"""The shortest driver that is real, shown to authors."""


@dataclass(frozen=True, order=True)
class TestPlace:
    """A test that bears a rule. ``line`` is its first line."""

    path: str
    line: int
    test: str


def tests_of(rule: Rule) -> tuple[TestPlace, ...]:
    """The tests that bear a rule, of this project."""
    found = (one.split("::") for one in evidence_of(rule.id).tests)
    return tuple(TestPlace(path, _lines(path)[name], name) for path, name in found)


@cache
def _lines(path: str) -> dict[str, int]:
    """The first line of each function of a module, its decorators included."""
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    return {
        node.name: min([node.lineno, *(one.lineno for one in node.decorator_list)])
        for node in tree.body
        if isinstance(node, ast.FunctionDef)
    }


def breakers(rule: Rule) -> tuple[Mutant, ...]:
    """The faulty hypervisors that the suite has to catch by this rule."""
    return tuple(one for one in MUTANTS if rule.id in one.caught_by)


def source_page(path: str) -> str:
    """The page that shows a module of the tests."""
    return f"source/{path.removesuffix('.py')}"


def source_pages() -> dict[str, str]:
    """Every test module that names a rule, with an anchor for each line."""
    paths = {place.path for one in rules() for place in tests_of(one)} | {SUITE, EXAMPLE_DRIVER}
    return {f"{source_page(path)}.md": _source(path) for path in sorted(paths)}


def _source(path: str) -> str:
    code = (ROOT / path).read_text(encoding="utf-8")
    shown = highlight(code, PythonLexer(), HtmlFormatter(lineanchors="line", cssclass="highlight"))
    title = html.escape(path)
    tested = [one.id for one in rules() if any(place.path == path for place in tests_of(one))]
    about = "Rules: " + ", ".join(map(rule_link, tested)) + "." if tested else ""
    return (
        f"---\norphan: true\n---\n\n# `{path}`\n\n{about}\n\n"
        f'`````{{raw}} html\n<div class="snaptree-source" aria-label="{title}">\n{shown}</div>\n`````\n'
    )
