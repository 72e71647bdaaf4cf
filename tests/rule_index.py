"""Collects what stands behind each rule: ``python -m tests.rule_index`` writes it where the package reads it.

pytest itself collects the tests that bear ``@pytest.mark.rule``: this module is a
plugin of that collection. Nothing is run.
"""

from __future__ import annotations

import json
import re
import sys
from collections import defaultdict
from pathlib import Path
from typing import Any, Final

import pytest

from snaptree.conformance.mutants.catalogue import MUTANTS
from snaptree.conformance.mutants.stored import STORED
from snaptree.conformance.reports import rule_index
from snaptree.spec.rules import rules

TOP: Final = Path(__file__).resolve().parents[1]
WRITTEN: Final = Path(rule_index.__file__).resolve().with_name(rule_index.INDEX)
KINDS: Final = ("tests", "mutants", "traces", "findings")
_RULE_ID: Final = re.compile(r"\b[A-Z]{2,}-\d+\b")

Index = dict[str, dict[str, list[str]]]


class MarkCollector:
    """A plugin of pytest that notes which test bears which rules."""

    def __init__(self) -> None:
        self.found: defaultdict[str, set[str]] = defaultdict(set)

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Note every mark, once for all cases of a test."""
        for item in session.items:
            for mark in item.iter_markers("rule"):
                for identifier in mark.args:
                    self.found[identifier].add(item.nodeid.partition("[")[0])


def marked_tests() -> dict[str, set[str]]:
    """The tests that bear a rule, by rule. Raises RuntimeError if the tests cannot be collected."""
    collector = MarkCollector()
    quiet = ["--collect-only", "-qq", "--no-summary", "--assert=plain", "-p", "no:cacheprovider"]
    where = ["-p", "no:xdist", f"--rootdir={TOP}", str(TOP / "tests")]
    code = pytest.main([*quiet, *where], plugins=[collector])
    if code != pytest.ExitCode.OK:
        raise RuntimeError(f"the tests were not collected: {code!r}")
    return collector.found


def collect() -> Index:
    """The index as it is to be. Raises ValueError for a rule that is not in the specification."""
    found: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    for identifier, tests in marked_tests().items():
        found[identifier]["tests"] |= tests
    for mutant in (*MUTANTS, *STORED):
        for identifier in mutant.caught_by:
            found[identifier]["mutants"].add(mutant.name)
    for path in (TOP / "tests/traces").rglob("*.jsonl"):
        with path.open(encoding="utf-8") as file:
            note = str(json.loads(file.readline()).get("note", ""))
        for identifier in _RULE_ID.findall(note):
            found[identifier]["traces"].add(path.relative_to(TOP).as_posix())
    order = [one.id for one in rules()]
    unknown = sorted(found.keys() - set(order))
    if unknown:
        raise ValueError(f"no such rule: {', '.join(unknown)}")
    for path in (TOP / "docs/findings").glob("*-*.md"):
        for identifier in set(_RULE_ID.findall(path.read_text(encoding="utf-8"))) & set(order):
            found[identifier]["findings"].add(path.relative_to(TOP).as_posix())
    return {
        one: {kind: sorted(found[one][kind]) for kind in KINDS if found[one].get(kind)}
        for one in order
        if one in found
    }


def text_of(index: Index) -> str:
    """The file that holds an index."""
    return json.dumps(index, indent=1, ensure_ascii=False) + "\n"


def main(arguments: list[str]) -> Any:
    """Write the index; with ``--check`` say whether it is up to date."""
    text = text_of(collect())
    if arguments == ["--check"]:
        return 0 if WRITTEN.read_text(encoding="utf-8") == text else "out of date; write it with: make index"
    WRITTEN.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
