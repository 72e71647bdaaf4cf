"""Objects of a driver's own are findings or plain values in the parent, which runs none of their code."""

from __future__ import annotations

import json
import pickle
import threading
from pathlib import Path
from typing import Any

import pytest

from snaptree.conformance.cli.command import run
from snaptree.conformance.running.portable import portable
from snaptree.spec.operations import Create
from snaptree.spec.profiles import load_profile

DRIVER = """
import os
import threading
from snaptree.conformance.drivers.simulator import SimulatedDomain, SimulatorDriver
from snaptree.spec.outcomes import Busy

PARENT = os.getppid()


class Text(str):
    def __reduce__(self):
        raise RuntimeError("cannot be pickled")


class Acts(dict):
    def __reduce__(self):
        return os.mkdir, ("acted",)


class Opaque:
    def __repr__(self):
        raise RuntimeError("has no words")

    def __reduce__(self):
        return os.mkdir, ("acted",)


def nest(depth):
    found = []
    for _ in range(depth):
        found = [found]
    return found


SHOWN = {
    "generator": lambda seen: (one for one in ()),
    "lock": lambda seen: {**seen, "current": threading.Lock()},
    "opaque": lambda seen: Opaque(),
    "acts": lambda seen: Acts(seen, snapshots=3),
    "acts and fits": lambda seen: Acts(seen, current=Text("nobody")),
    "text": lambda seen: {**seen, "current": Text("nobody")},
    "deep": lambda seen: nest(2_000),
    "class": lambda seen: Opaque,
}


class Domain(SimulatedDomain):
    shows = "text"

    def observe(self):
        seen = super().observe()
        return SHOWN[self.shows](seen) if len(seen["snapshots"]) == 2 else seen


class Answers(SimulatedDomain):
    def count(self):
        return Acts(seen=1)

    def lookup_by_name(self, name):
        return Text("nobody")

    def rename(self, snapshot, name):
        raise Busy(Text("later"), casualties=[Text("s1")])


class Driver(SimulatorDriver):
    domain_class = Domain

    def __init__(self, options):
        super().__init__(options)
        Domain.shows = os.environ["SHOWS"]


class AnsweringDriver(SimulatorDriver):
    domain_class = Answers
"""

BOUNDS = (
    "--graph", "tree=2", "--sequences", "2", "--seed", "1", "--methods", "examples,exhaustive", "--jobs", "1",
    "--deviations", "none", "--out", "out",
)  # fmt: skip


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    (tmp_path / "shows_objects.py").write_text(DRIVER)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    return "shows_objects"


@pytest.mark.parametrize(
    ("shows", "part"),
    [
        ("generator", "form"), ("lock", "form"), ("opaque", "form"), ("acts", "form"), ("deep", "form"),
        ("class", "form"), ("text", "current"), ("acts and fits", "current"),
    ],
)  # fmt: skip
def test_what_a_driver_shows_is_a_finding(
    module: str, shows: str, part: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SHOWS", shows)
    assert run(["check", f"{module}:Driver", *BOUNDS]) == 1
    report = json.loads(Path("out/report.json").read_text())
    assert part in {one["part"] for found in report["deviations"] for one in found["differences"]}
    assert report["complete"]
    assert not (tmp_path / "acted").exists()
    traces = sorted(Path("out/traces").iterdir())
    assert run(["judge", str(traces[0])]) == 1
    assert run(["replay", str(traces[0]), "--driver", f"{module}:Driver"]) == 1
    assert not (tmp_path / "acted").exists()


def test_what_a_driver_answers_is_a_finding(module: str, tmp_path: Path) -> None:
    assert run(["check", f"{module}:AnsweringDriver", *BOUNDS]) == 1
    assert run(["smoke", f"{module}:AnsweringDriver"]) in (0, 1)
    assert not (tmp_path / "acted").exists()


class Own(dict[str, Any]):
    def items(self) -> Any:
        raise RuntimeError("has no items")


class OwnText(str):
    __slots__ = ()

    def __str__(self) -> str:
        return "another"


def test_own_types_become_plain_and_all_else_stays() -> None:
    message = (Create("n1"), load_profile("rfc"), {"a": [1, None, 2.5]}, frozenset({"x"}))
    assert pickle.loads(portable(message)) == message
    own = pickle.loads(portable([Own(a=OwnText("b")), OwnText("c"), threading.Lock(), Own]))
    assert [type(one) for one in own] == [dict, str, str, str]
    assert own[:2] == [{"a": "b"}, "c"]
    assert type(own[0]["a"]) is str
