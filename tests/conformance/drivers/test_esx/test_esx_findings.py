"""What the suite finds on vcsim is what is known, and every finding can be seen without snaptree."""

from __future__ import annotations

import pytest

from snaptree.conformance.judging.deviations import rules_broken
from snaptree.conformance.methods.examples import example_sequences
from snaptree.conformance.methods.graph import Scope
from snaptree.conformance.running.smoke import smoke
from snaptree.conformance.sequences.running import run_sequence
from snaptree.spec import operations as ops
from snaptree.spec.operations import Operation
from snaptree.spec.profiles import load_profile

from ..hypervisors import known_of, tour, unknown
from .conftest import Opening

SEEN_IN = "vcsim 0.24.2, VMware ESXi 6.5.0"


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
    covered, found = tour(driver, scope, bound)
    assert unknown(driver, found) == []
    assert covered >= at_least


GONE: list[Operation] = [
    ops.Create("a"), ops.Create("b"), ops.Create("c"), ops.Revert("s1"), ops.RemoveSubtree("s2")
]  # fmt: skip
"""What comes before a call on a snapshot that went with its parent."""

TWO_ROOTS: list[Operation] = [
    ops.Create("a"), ops.Create("b"), ops.Revert("s1"), ops.Create("c"), ops.MergeIntoChildren("s1")
]  # fmt: skip
"""What comes before the removal of a current root beside another one."""

FOUND: list[tuple[str, list[Operation]]] = [
    ("REVERT-7", [ops.Create("a"), ops.Configure("k", "v"), ops.Revert("s1")]),
    ("FORCE-8", [ops.Create("a"), ops.Create("b"), ops.Configure("k", "v"), ops.DiscardForced("s2")]),
    ("SUBTREE-4", [ops.Create("a"), ops.Create("b"), ops.Create("c"), ops.RemoveSubtree("s2")]),
    ("REFUSE-4", [*GONE, ops.Revert("s3")]),
    ("REFUSE-4", [*GONE, ops.Describe("s3", "words")]),
    ("TREE-4", [ops.Create("a"), ops.Create("b"), ops.Revert("s1"), ops.MergeIntoChildren("s1")]),
    ("REVERT-5", [ops.Create("a"), ops.Start(), ops.Revert("s1")]),
    ("REVERT-10", [ops.Start(), ops.Create("a", memory=True), ops.Stop(), ops.Revert("s1")]),
    ("ACTIVE-9", [ops.Configure("k", "1"), ops.Configure("k", "2")]),
    ("LIMIT-4", [ops.Create(f"n{number}") for number in range(33)]),
    ("NAME-11", [ops.Create("a"), ops.Rename("s1", "b")]),
    ("TREE-4", [ops.Create("a"), ops.Describe("s1", "words")]),
    ("SUBTREE-8", [*TWO_ROOTS, ops.RemoveSubtree("s3")]),
    ("NAME-22", [ops.Create("a"), ops.Rename("s1", "a")]),
    ("ACTIVE-10", [ops.Configure("k", "")]),
    ("CREATE-9", [ops.Create("a", "a\rb")]),
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
    assert sorted(seen) == sorted((entry.rule, entry.operation) for entry in known_of("esx", driver.version))
    assert run_sequence(driver, [ops.Create("a"), ops.Create("b"), ops.Revert("s1")]).differences == ()


def test_the_suite_walks_to_the_limit_by_itself() -> None:
    longest = max(example_sequences(load_profile("esx")), key=len)
    assert [operation.call for operation in longest] == ["create"] * 33


def test_nothing_that_is_known_of_vcsim_is_known_of_a_real_host() -> None:
    assert known_of("esx", "VMware ESXi 8.0.3 build-24022510") == []
    assert len({entry.link for entry in known_of("esx", SEEN_IN)}) >= 5
