"""What stands behind a rule: tests, faulty hypervisors, recorded runs and findings, from a collected index.

``rule_index.json`` is written by ``make index`` and comes with the package. A file
that it names is left out where it is not there, as in an installed wheel.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Final

INDEX: Final = "rule_index.json"


@dataclass(frozen=True)
class Evidence:
    """What was collected for one rule.

    ``tests`` are ``path::function``; ``traces`` and ``findings`` are paths, all from
    the top of the repository. ``mutants`` are names of the catalogue.
    """

    tests: tuple[str, ...] = ()
    mutants: tuple[str, ...] = ()
    traces: tuple[str, ...] = ()
    findings: tuple[str, ...] = ()

    def within(self, top: Path) -> Evidence:
        """The same without the files that are not under ``top``."""

        def there(names: tuple[str, ...]) -> tuple[str, ...]:
            return tuple(one for one in names if (top / one.partition("::")[0]).is_file())

        return Evidence(there(self.tests), self.mutants, there(self.traces), there(self.findings))


@cache
def rule_index() -> dict[str, Evidence]:
    """What was collected, by rule."""
    text = files("snaptree.conformance.reports").joinpath(INDEX).read_text(encoding="utf-8")
    return {
        rule: Evidence(**{kind: tuple(names) for kind, names in kinds.items()})
        for rule, kinds in json.loads(text).items()
    }


def evidence_of(rule: str) -> Evidence:
    """What is there of what stands behind a rule."""
    # The package is a link into the repository, or a folder of an installation.
    top = Path(__file__).resolve().parents[2]
    return rule_index().get(rule, Evidence()).within(top)
