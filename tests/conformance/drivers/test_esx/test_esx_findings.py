"""What the suite finds on vcsim is what is known, and every finding can be seen without snaptree."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from importlib.resources import files
from pathlib import Path

import pytest

from snaptree.conformance.deviations import Deviation, rules_broken
from snaptree.conformance.drivers.esx import EsxDriver
from snaptree.conformance.drivers.esx.simulated import Simulated
from snaptree.conformance.known import Known, read_known
from snaptree.conformance.methods.examples import example_sequences
from snaptree.conformance.methods.exhaustive import chunks
from snaptree.conformance.methods.graph import Scope
from snaptree.conformance.sequences import run_sequence
from snaptree.conformance.smoke import smoke
from snaptree.conformance.units import Report, Unit, graph_of, perform
from snaptree.spec import operations as ops
from snaptree.spec.operations import Operation
from snaptree.spec.profiles import load_profile

from .conftest import Opening

PAGES = Path(__file__).resolve().parents[4] / "docs" / "findings"

SEEN_IN = "vcsim 0.24.2, VMware ESXi 6.5.0"


def known_of(version: str) -> list[Known]:
    """The shipped list of known deviations."""
    path = files("snaptree.conformance").joinpath("known_deviations", "esx.toml")
    return read_known(Path(str(path)), version)


def toured(driver: EsxDriver, scope: Scope, bound: int) -> tuple[int, list[Deviation]]:
    """How many transitions of a graph were as they should be, and what was not."""
    heard: list[Report] = []
    signs: set[object] = set()
    for number in range(len(chunks(graph_of(driver.profile, bound, scope)))):
        perform(driver, Unit("exhaustive", number, scope, bound), None, signs, heard.append)  # type: ignore[arg-type]
    found = [report.deviation for report in heard if report.deviation is not None]
    return sum(report.covered for report in heard), found


@pytest.mark.parametrize("target", ["vcsim", "vcsim-vcenter"])
def test_it_can_be_judged(opening: Opening, target: str) -> None:
    assert [probe.problem for probe in smoke(opening(target))] == [None] * 10


@pytest.mark.parametrize(
    ("target", "scope", "bound", "at_least"),
    [
        ("vcsim", "tree", 2, 30),
        ("vcsim-vcenter", "tree", 2, 30),
        ("vcsim", "storage", 2, 50),
        ("vcsim", "power", 1, 50),
        ("vcsim", "configuration", 2, 5),
    ],
)
def test_it_deviates_only_as_known(
    opening: Opening, target: str, scope: Scope, bound: int, at_least: int
) -> None:
    driver = opening(target)
    covered, found = toured(driver, scope, bound)
    known = known_of(driver.version)
    assert [one.rules for one in found if not any(entry.matches(one) for entry in known)] == []
    assert covered >= at_least


GONE: list[Operation] = [
    ops.Create("a"), ops.Create("b"), ops.Create("c"), ops.Revert("s1"), ops.RemoveSubtree("s2")
]  # fmt: skip
"""What comes before a call on a snapshot that went with its parent."""

FOUND: list[tuple[str, list[Operation]]] = [
    ("REVERT-7", [ops.Create("a"), ops.Configure("k", "v"), ops.Revert("s1")]),
    ("FORCE-2", [ops.Create("a"), ops.Create("b"), ops.Configure("k", "v"), ops.Discard("s2", forced=True)]),
    ("SUBTREE-4", [ops.Create("a"), ops.Create("b"), ops.Create("c"), ops.RemoveSubtree("s2")]),
    ("REFUSE-4", [*GONE, ops.Revert("s3")]),
    ("REFUSE-4", [*GONE, ops.Describe("s3", "words")]),
    ("TREE-4", [ops.Create("a"), ops.Create("b"), ops.Revert("s1"), ops.MergeIntoChildren("s1")]),
    ("REVERT-5", [ops.Create("a"), ops.Start(), ops.Revert("s1")]),
    ("REVERT-4", [ops.Start(), ops.Create("a", memory=True), ops.Stop(), ops.Revert("s1")]),
    ("ACTIVE-5", [ops.Configure("k", "1"), ops.Configure("k", "2")]),
    ("LIMIT-1", [ops.Create(f"n{number}") for number in range(33)]),
    ("NAME-11", [ops.Create("a"), ops.Rename("s1", "b")]),
    ("TREE-4", [ops.Create("a"), ops.Describe("s1", "words")]),
]  # fmt: skip
"""The smallest sequence of every known deviation."""


def test_every_known_deviation_comes_back_and_the_run_goes_on(opening: Opening) -> None:
    driver = opening("vcsim")
    if not driver.version.startswith(SEEN_IN):
        pytest.skip(f"the pages speak of {SEEN_IN}, not of {driver.version}")
    seen = []
    for rule, sequence in FOUND:
        run = run_sequence(driver, sequence)
        rules = rules_broken(run.steps[-1], run.differences, driver.profile)
        assert len(run.steps) == len(sequence), rules
        assert rules[0] == rule
        seen.append((rule, sequence[-1].call))
    assert sorted(seen) == sorted((entry.rule, entry.operation) for entry in known_of(driver.version))
    assert run_sequence(driver, [ops.Create("a"), ops.Create("b"), ops.Revert("s1")]).differences == ()


def test_the_suite_walks_to_the_limit_by_itself() -> None:
    longest = max(example_sequences(load_profile("esx")), key=len)
    assert [operation.call for operation in longest] == ["create"] * 33


def test_nothing_that_is_known_of_vcsim_is_known_of_a_real_host() -> None:
    assert known_of("VMware ESXi 8.0.3 build-24022510") == []
    assert len({entry.link for entry in known_of(SEEN_IN)}) >= 5


def test_every_known_deviation_has_a_page() -> None:
    for entry in known_of(SEEN_IN):
        page = PAGES / Path(entry.link).name
        assert page.is_file(), entry.link
        assert entry.rule in page.read_text(encoding="utf-8")


@pytest.mark.parametrize("page", sorted(PAGES.glob("esx-vcsim-*.md")), ids=lambda page: page.stem)
def test_a_page_shows_what_it_says_without_snaptree(host: Simulated, page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    if host.version not in text:
        pytest.skip(f"the page speaks of other versions than {host.version}")
    script, printed = re.findall(r"```(?:python|text)\n(.*?)```", text, re.DOTALL)
    assert "snaptree" not in script
    environment = {
        "VCSIM_PORT": str(host.address.port),
        "VCSIM_USER": host.credentials.user,
        "VCSIM_PASSWORD": host.credentials.password,
    }
    ran = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
        env={**os.environ, **environment},
    )
    assert ran.stdout == printed
