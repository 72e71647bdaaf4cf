"""The sub-commands: where each is, loaded when it is asked for and not before.

To load all of them takes several times as long as most of them run.
"""

from __future__ import annotations

from collections.abc import Iterator, MutableMapping
from importlib import import_module
from typing import Any, Final

import typer
from typer.core import TyperGroup
from typer.main import get_command

COMMANDS: Final[dict[str, str]] = {
    "check": "check:check",
    "smoke": "check:smoke_command",
    "new": "new:new",
    "drivers": "drivers:drivers",
    "rules": "rules:rules_command",
    "plan": "plan:plan_command",
    "explore": "explore:explore_command",
    "graph": "graph:graph_command",
    "profiles": "profiles:profiles",
    "certificate": "certificate:certificate_command",
    "replay": "replay:replay",
    "judge": "replay:judge_command",
    "export": "export:export_command",
    "convert": "convert:convert_command",
    "shell": "shell:shell_command",
    "merge": "merge:merge_command",
    "compare": "compare:compare",
    "laws": "laws:laws_command",
    "validate": "validate:validate",
    "mutants": "mutants:mutants_command",
}
"""Each command in the order of ``--help``: its module in this folder, and its function there."""


class Commands(TyperGroup):
    """The group of all commands, as click knows it."""

    def __init__(self, **attributes: Any) -> None:
        super().__init__(**attributes)
        self.commands = LoadedOnDemand()


class LoadedOnDemand(MutableMapping[str, Any]):
    """Commands by name. To ask which there are loads none."""

    def __init__(self) -> None:
        self._loaded: dict[str, Any] = {}

    @property
    def loaded(self) -> tuple[str, ...]:
        """The commands that were asked for so far."""
        return tuple(self._loaded)

    def __getitem__(self, name: str) -> Any:
        if name not in self._loaded:
            self._loaded[name] = _load(name, COMMANDS[name])
        return self._loaded[name]

    def __setitem__(self, name: str, command: Any) -> None:
        self._loaded[name] = command

    def __delitem__(self, name: str) -> None:
        del self._loaded[name]

    def __contains__(self, name: object) -> bool:
        return name in COMMANDS or name in self._loaded

    def __iter__(self) -> Iterator[str]:
        return iter({**COMMANDS, **self._loaded})

    def __len__(self) -> int:
        return len({**COMMANDS, **self._loaded})


def _load(name: str, place: str) -> Any:
    module, _, function = place.partition(":")
    alone = typer.Typer(add_completion=False, rich_markup_mode="rich", pretty_exceptions_enable=False)
    alone.command(name)(getattr(import_module(f"snaptree.conformance.cli.{module}"), function))
    return get_command(alone)
