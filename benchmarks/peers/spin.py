"""Run the Promela model: spin writes a verifier in C, which prints every move once."""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

MODEL: Final = Path(__file__).with_name("layers.pml")
TOOLS: Final = ("spin", "gcc")
_DEEPEST: Final = 5_000_000
_FOOTER: Final = re.compile(
    r"^\s*([\d.e+]+)\s+(states, stored|actual memory usage for states|total actual memory)"
)


class SpinError(Exception):
    """spin, the compiler or the verifier did not do what it was asked; the text says what they said."""


@dataclass(frozen=True, slots=True)
class Search:
    """What the verifier printed: for every state the moves out of it, and what the search took."""

    moves: dict[str, set[str]] = field(repr=False)
    states: int
    seconds: float
    mebibytes: float


def missing_tools() -> list[str]:
    """Those of spin and gcc that are not installed."""
    return [tool for tool in TOOLS if shutil.which(tool) is None]


def search(bound: int, *, storage: bool, equal: bool, patterns: bool, fault: int = 0) -> Search:
    """Every move of the Promela model with at most ``bound`` listed snapshots.

    Raises SpinError if a tool fails, or if the verifier did not visit every state.
    """
    settings = {
        "N": bound,
        "STORAGE": int(storage),
        "EQUAL": int(equal),
        "PATTERNS": int(patterns),
        "FAULT": fault,
    }
    began = time.perf_counter()
    with tempfile.TemporaryDirectory(prefix="snaptree-peers-") as folder:
        _run(["spin", *(f"-D{name}={value}" for name, value in settings.items()), "-a", str(MODEL)], folder)
        # One process, so there is nothing to reduce; printing is left out of verifiers unless asked for.
        _run(["gcc", "-O1", "-w", "-DPRINTF", "-DNOREDUCE", "-DSAFETY", "-o", "pan", "pan.c"], folder)
        with subprocess.Popen(
            ["./pan", f"-m{_DEEPEST}"],
            cwd=folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        ) as pan:
            assert pan.stdout is not None
            moves, footer = _read(pan.stdout)
        if pan.returncode or "errors: 0" not in footer or "too small" in footer:
            raise SpinError(f"the verifier ended with {pan.returncode} and said:\n{footer}")
    figures = {match[2]: float(match[1]) for match in map(_FOOTER.match, footer.splitlines()) if match}
    return Search(
        moves,
        int(figures["states, stored"]),
        time.perf_counter() - began,
        figures.get("total actual memory", figures["actual memory usage for states"]),
    )


def _read(lines: Iterable[str]) -> tuple[dict[str, set[str]], str]:
    moves: dict[str, set[str]] = {}
    footer = []
    for line in lines:
        before, slash, rest = line.rstrip("\n").partition(" ")
        if slash and before.count("/") == 3:
            moves.setdefault(before, set()).add(rest)
        else:
            footer.append(line)
    return moves, "".join(footer)


def _run(command: list[str], folder: str) -> None:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SpinError(f"{' '.join(command)} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
