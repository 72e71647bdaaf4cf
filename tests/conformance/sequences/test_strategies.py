"""The public strategies: what they draw means something, reaches far, and shrinks."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import HealthCheck, find, given, seed, settings

from snaptree.conformance.driver import DriverOptions
from snaptree.conformance.drivers.simulator import SimulatorDriver
from snaptree.conformance.mutants import MUTANTS, MutantDriver, options_for
from snaptree.conformance.sequences import run_sequence
from snaptree.conformance.strategies import domains, operations, sequences
from snaptree.spec.operations import Operation, operation_from_json
from snaptree.spec.outcomes import Accepted
from snaptree.spec.profiles import load_profile
from snaptree.spec.semantics import step
from snaptree.spec.state import Domain, blank_domain

RFC = load_profile("rfc")
quick = settings(max_examples=40, deadline=None, database=None, suppress_health_check=list(HealthCheck))


@seed(1)
@quick
@given(sequences(RFC, min_size=3, max_size=8))
def test_a_sequence_has_the_length_asked_for_and_survives_a_trace(sequence: tuple[Operation, ...]) -> None:
    assert 3 <= len(sequence) <= 8 or sequence[-1].call.startswith("undefine")
    assert [operation_from_json(operation.to_json()) for operation in sequence] == list(sequence)


@seed(2)
@quick
@given(sequences(RFC))
def test_simulator_keeps_in_step_with_the_model(sequence: tuple[Operation, ...]) -> None:
    assert run_sequence(SimulatorDriver(DriverOptions()), sequence).differences == ()


@seed(3)
@quick
@given(domains(RFC))
def test_law_every_snapshot_but_a_root_has_a_parent_that_was_created_before_it(domain: Domain) -> None:
    for snapshot in domain.snapshots.values():
        assert snapshot.parent is None or domain.snapshots[snapshot.parent].serial < snapshot.serial


def test_what_is_drawn_means_something_and_reaches_every_call_that_is_claimed() -> None:
    accepted = total = 0
    calls: set[str] = set()

    @seed(4)
    @settings(quick, max_examples=300)
    @given(sequences(RFC, min_size=10))
    def draw(sequence: tuple[Operation, ...]) -> None:
        nonlocal accepted, total
        domain = blank_domain({"vda": 1_048_576, "vdb": 1_048_576})
        for operation in sequence:
            outcome = step(domain, operation, RFC)
            total += 1
            calls.add(operation.call)
            if isinstance(outcome, Accepted):
                accepted += 1
                domain = outcome.domain

    draw()
    rare = {"managed_save_remove", "pause", "resume", "stop", "undefine", "undefine_forced"}
    assert set(RFC.operations) - calls <= rare
    assert accepted / total > 0.6


def test_only_the_calls_that_are_named_are_drawn() -> None:
    @seed(5)
    @quick
    @given(sequences(RFC, calls=("create", "revert")))
    def draw(sequence: tuple[Operation, ...]) -> None:
        assert {operation.call for operation in sequence} <= {"create", "revert"}

    draw()
    with pytest.raises(ValueError, match="no call is named explode; there are create"):
        find(operations(blank_domain({}), RFC, calls=("explode",)), bool)


@pytest.mark.parametrize(
    ("name", "calls"),
    [
        ("revert-drops-newer", ["create", "create", "revert"]),
        ("create-stops-guest", ["start", "create"]),
        ("second-disk-forgotten", ["write_disk", "create"]),
    ],
)
def test_a_planted_fault_shrinks_to_the_steps_that_show_it(name: str, calls: list[str]) -> None:
    (mutant,) = (one for one in MUTANTS if one.name == name)
    driver = MutantDriver(options_for(mutant))
    found: list[Operation] = []
    # Hypothesis stops to shrink after a while: on a busy machine one search may end early.
    for number in (1, 2, 3):
        found = find(
            sequences(driver.profile),
            lambda sequence: bool(run_sequence(driver, sequence).differences),
            settings=settings(quick, max_examples=1_000),
            random=Random(number),
        )
        if [operation.call for operation in found] == calls:
            break
    assert [operation.call for operation in found] == calls
    assert found[0].to_json() in (
        {"op": "create", "name": "n1"},
        {"op": "start"},
        {"op": "write_disk", "disk": "vdb", "block": 0, "value": 1},
    ), "plain arguments"
