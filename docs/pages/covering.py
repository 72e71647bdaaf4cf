"""Which tests speak of a rule: the suite's own, this project's, recorded runs and faulty hypervisors."""

from __future__ import annotations

import ast
import html
import json
import re
from collections.abc import Iterator
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
from snaptree.spec.rules import Rule, rules

ROOT: Final = Path(__file__).parents[2]
SUITE: Final = "conformance/suite"
EXAMPLE_DRIVER: Final = "conformance/drivers/simulator.py"
"""The shortest driver that is real, shown to authors."""
_RULE_ID: Final = re.compile(r"\b[A-Z]{2,}[-_]\d+\b")


@dataclass(frozen=True, order=True)
class Mention:
    """A test that names a rule. ``line`` is where the test begins."""

    path: str
    line: int
    test: str


def suite_module(rule: Rule) -> str:
    """The module of the suite that tests a rule, from the top of the repository."""
    return f"{SUITE}/test_{rule.chapter.replace('-', '_')}.py"


@cache
def mentions() -> dict[str, tuple[Mention, ...]]:
    """The tests under ``tests/`` that name a rule, by rule."""
    found: dict[str, set[Mention]] = {}
    known = {one.id for one in rules()}
    for path in sorted((ROOT / "tests").rglob("test_*.py")):
        for identifier, mention in _in_module(path):
            if identifier in known:
                found.setdefault(identifier, set()).add(mention)
    return {identifier: tuple(sorted(them)) for identifier, them in found.items()}


def _in_module(path: Path) -> Iterator[tuple[str, Mention]]:
    text = path.read_text(encoding="utf-8")
    shown = path.relative_to(ROOT).as_posix()
    lines = text.splitlines()
    for node in ast.parse(text).body:
        if not isinstance(node, ast.FunctionDef) or not node.name.startswith("test"):
            continue
        first = min([node.lineno, *(one.lineno for one in node.decorator_list)])
        # The comment right above a test belongs to it.
        while first > 1 and lines[first - 2].startswith("#"):
            first -= 1
        for identifier in set(_RULE_ID.findall("\n".join(lines[first - 1 : node.end_lineno]))):
            yield identifier.replace("_", "-"), Mention(shown, first, node.name)


@cache
def traces() -> dict[str, tuple[str, ...]]:
    """Recorded runs that are replayed for ever, by the rule that their header names."""
    found: dict[str, list[str]] = {}
    for path in sorted((ROOT / "tests/traces").glob("*.jsonl")):
        with path.open(encoding="utf-8") as file:
            note = str(json.loads(file.readline()).get("note", ""))
        for identifier in _RULE_ID.findall(note):
            found.setdefault(identifier, []).append(path.stem)
    return {identifier: tuple(names) for identifier, names in found.items()}


def breakers(rule: Rule) -> tuple[Mutant, ...]:
    """The faulty hypervisors that this rule has to catch."""
    return tuple(one for one in MUTANTS if rule.id in one.caught_by)


def source_page(path: str) -> str:
    """The page on which a module of the tests is shown."""
    return f"source/{path.removesuffix('.py')}"


def source_pages() -> dict[str, str]:
    """Every module that some rule is tested in, with an anchor for each line."""
    paths = {mention.path for them in mentions().values() for mention in them}
    paths |= {suite_module(one) for one in rules()} | {EXAMPLE_DRIVER}
    return {f"{source_page(path)}.md": _source(path) for path in sorted(paths)}


def _is_named(identifier: str, path: str) -> bool:
    return any(one.path == path for one in mentions().get(identifier, ()))


def _source(path: str) -> str:
    code = (ROOT / path).read_text(encoding="utf-8")
    shown = highlight(code, PythonLexer(), HtmlFormatter(lineanchors="line", cssclass="highlight"))
    title = html.escape(path)
    tested = [one.id for one in rules() if suite_module(one) == path or _is_named(one.id, path)]
    about = "Rules: " + ", ".join(map(rule_link, tested)) + "." if tested else ""
    return (
        f"---\norphan: true\n---\n\n# `{path}`\n\n{about}\n\n"
        f'`````{{raw}} html\n<div class="snaptree-source" aria-label="{title}">\n{shown}</div>\n`````\n'
    )
