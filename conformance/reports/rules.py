"""One rule on a terminal: sentence, reason, sources, tests, and its figures computed by the model."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from rich.columns import Columns
from rich.console import Console
from rich.text import Text

from snaptree.conformance.reports.rule_index import evidence_of
from snaptree.conformance.reports.trees import draw_tree, sketch_of
from snaptree.conformance.reports.words import answer_in_words, call_text
from snaptree.spec.examples import example_operations, example_profile, example_start
from snaptree.spec.model_functions import full_name, functions_of, modules_of, source_of
from snaptree.spec.outcomes import Accepted
from snaptree.spec.rules import Example, Rule, rule
from snaptree.spec.semantics import step
from snaptree.spec.vocabulary import ELSEWHERE


def print_rule(console: Console, identifier: str) -> None:
    """One rule with its reason, its sources, its figures, and where it lives in code, tests and records."""
    one = rule(identifier)
    console.print(Text.assemble((one.id, "bold"), f" ({one.level}), chapter {one.chapter}"))
    console.print(Text(one.sentence))
    if one.why:
        console.print(Text.assemble(("\nwhy  ", "bold"), one.why))
    for source in one.sources:
        console.print(Text.assemble(("source  ", "bold"), source))
    for example in one.examples:
        console.print()
        _figure(console, example)
    console.print()
    for label, texts in _places(one):
        for text in texts:
            console.print(Text.assemble((f"{label:12}", "bold"), text), soft_wrap=True)
            label = ""


def _places(one: Rule) -> Iterator[tuple[str, Iterable[str]]]:
    """Labels, and what stands behind a rule under each."""
    functions = [(full_name(function), *source_of(function)) for function in functions_of(one)]
    yield "model", (f"{name}  {_from_here(file)}:{line}" for name, file, line in functions)
    yield "modules", modules_of(one)
    if one.judged_elsewhere:
        yield "checked by", [ELSEWHERE[one.judged_elsewhere]]
    else:
        suite = f"pytest --pyargs snaptree.conformance.suite -k {one.id}"
        yield "checked by", [f"every step of snaptree check, and {suite}"]
    found = evidence_of(one.id)
    yield "tests", found.tests
    yield "caught", [f"{name}  snaptree mutants {name}" for name in found.mutants]
    yield "traces", found.traces
    yield "findings", found.findings


def _from_here(file: str) -> str:
    """A path as short as it can be opened from the working folder."""
    path = Path(file).resolve()
    here = Path.cwd()
    return str(path.relative_to(here) if path.is_relative_to(here) else path)


def _figure(console: Console, example: Example) -> None:
    """An example, computed by the model."""
    profile = example_profile(example)
    domain = example_start(example)
    pictures = [draw_tree(sketch_of(domain), f"tree: {example.scene}")]
    for operation in example_operations(example):
        outcome = step(domain, operation, profile)
        title = f"after {call_text(operation, domain)}"
        if isinstance(outcome, Accepted):
            domain = outcome.domain
            pictures.append(draw_tree(sketch_of(domain), title))
        else:
            pictures.append(draw_tree(sketch_of(domain), f"{title}: {answer_in_words(outcome, domain)}"))
    console.print(Columns(pictures, padding=(0, 6), expand=False))
