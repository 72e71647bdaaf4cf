"""What the walks write: never a value twice, half of every pattern, in one call where a driver can."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from snaptree.conformance.driver import DEFAULT_DISKS, WritesBlocks
from snaptree.conformance.drivers.simulator import SimulatedDomain, SimulatorDriver
from snaptree.conformance.engine.coverage import Tally
from snaptree.conformance.engine.lockstep import Lockstep
from snaptree.conformance.methods.content import FreshContent, half_of_every_pattern
from snaptree.conformance.methods.exhaustive import Tour, chunks
from snaptree.conformance.methods.graph import Scope, graph_of
from snaptree.conformance.methods.method import Counts
from snaptree.spec import operations as ops
from snaptree.spec.operations import Operation
from snaptree.spec.outcomes import Accepted, Refused
from snaptree.spec.profiles import load_profile
from snaptree.spec.semantics import step
from snaptree.spec.state import Domain, blank_domain

RFC = load_profile("rfc")


class Writing(SimulatedDomain):
    """Records every value that it is asked to write, by place."""

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self.written: list[tuple[tuple[str, object], object]] = []
        DOMAINS.append(self)

    def write_disk(self, disk: str, block: int, value: int) -> None:
        self.written.append(((disk, block), value))
        super().write_disk(disk, block, value)

    def write_memory(self, value: int) -> None:
        self.written.append((("memory", 0), value))
        super().write_memory(value)

    def configure(self, key: str, value: str) -> None:
        self.written.append((("entry", key), value))
        super().configure(key, value)


class WritingSingly(Writing):
    write_blocks = None  # type: ignore[assignment]


DOMAINS: list[Writing] = []


def tour(scope: Scope, bound: int, profile: str, domain: type[SimulatedDomain]) -> Counts:
    driver, counts = SimulatorDriver(), Counts()
    driver.profile, driver.domain_class = load_profile(profile), domain
    graph = graph_of(driver.profile, bound, scope)
    for unit in chunks(graph):
        assert list(Tour.over(driver, graph, unit).walk(counts, Tally(), expired=lambda: False)) == []
    assert counts.covered == graph.transitions
    return counts


@pytest.mark.parametrize(
    ("scope", "bound", "profile", "domain"),
    [
        ("tree", 4, "rfc", Writing),
        ("tree", 3, "rfc", WritingSingly),
        ("ages", 3, "rfc", Writing),
        ("storage", 2, "rfc", Writing),
        ("storage", 2, "rfc", WritingSingly),
        ("memory", 2, "rfc", Writing),
        ("power", 1, "rfc", Writing),
        ("cycles", 1, "rfc", WritingSingly),
        ("configuration", 3, "esx", Writing),
        ("libvirt", 1, "libvirt-qemu-internal", Writing),
    ],
)
def test_no_walk_writes_a_value_twice_nor_what_another_disk_had(
    scope: Scope, bound: int, profile: str, domain: type[Writing]
) -> None:
    DOMAINS.clear()
    tour(scope, bound, profile, domain)
    stale = writes = 0
    for opened in DOMAINS:
        seen: set[tuple[object, object]] = set()
        for (place, block), value in opened.written:
            kind = place if place in ("memory", "entry") else "disk"
            stale += (kind, block, value) in seen
            writes += 1
            seen.add((kind, block, value))
    assert writes > 100
    assert stale == 0


def test_a_domain_whose_counts_would_come_round_is_spent_before_they_do() -> None:
    content, domain = FreshContent(together=True), blank_domain(DEFAULT_DISKS)
    seen: set[tuple[int, int]] = set()
    times = 0
    while not content.spent:
        for operation in content.writes("disks", domain):
            assert isinstance(operation, ops.WriteBlocks)
            content.record(operation)
            for pair in operation.blocks:
                assert pair not in seen
                assert 1 <= pair[1] <= 255
                seen.add(pair)
        times += 1
    assert times > 100


def captured(domain: Domain, parents: list[int], content: FreshContent) -> Domain:
    """Snapshots that hang at the given places among those made before (0 is the base), and a last write."""
    for place in [*parents, None]:
        if place:
            domain = after(domain, ops.Revert(f"s{place}"))
        for operation in content.writes("disks", domain):
            content.record(operation)
            domain = after(domain, operation)
        if place is not None:
            domain = after(domain, ops.Create(f"n{domain.serial}"))
    return domain


def after(domain: Domain, operation: Operation) -> Domain:
    outcome = step(domain, operation, RFC)
    assert isinstance(outcome, Accepted), outcome
    return outcome.domain


def patterns(domain: Domain) -> Iterator[tuple[str, tuple[bool, ...]]]:
    layers = [*((one.point, one.parent) for one in domain.in_order()), (domain.active, domain.current)]
    for disk, block in product(DEFAULT_DISKS, range(16)):
        yield (
            disk,
            tuple(
                point.disks[disk].blocks.get(block, 0)
                != (domain.base if under is None else domain.snapshots[under].point)
                .disks[disk]
                .blocks.get(block, 0)
                for point, under in layers
            ),
        )


@given(st.tuples(st.just(0), st.integers(0, 1), st.integers(0, 2)))
def test_each_disk_has_every_pattern_of_three_snapshots_and_the_active_state(
    parents: tuple[int, ...],
) -> None:
    domain = captured(blank_domain(DEFAULT_DISKS), [*parents], FreshContent(together=True))
    for disk in DEFAULT_DISKS:
        assert {found for one, found in patterns(domain) if one == disk} == set(
            product((False, True), repeat=4)
        )


@given(st.tuples(st.just(0), st.integers(0, 1), st.integers(0, 2), st.integers(0, 3)))
def test_both_disks_together_have_every_pattern_of_four_snapshots_and_the_active_state(
    parents: tuple[int, ...],
) -> None:
    domain = captured(blank_domain(DEFAULT_DISKS), [*parents], FreshContent(together=True))
    assert {found for _, found in patterns(domain)} == set(product((False, True), repeat=5))


@given(st.tuples(st.just(0), st.integers(0, 1)))
def test_single_writes_are_four_and_have_every_pattern_of_three_layers(parents: tuple[int, ...]) -> None:
    content = FreshContent(together=False)
    domain = captured(blank_domain(DEFAULT_DISKS), [*parents], content)
    assert {found for _, found in patterns(domain)} == set(product((False, True), repeat=3))
    assert len(content.writes("disks", domain)) == 4


def test_of_blocks_that_the_same_layers_wrote_half_are_written() -> None:
    domain = captured(blank_domain(DEFAULT_DISKS), [0, 1], FreshContent(together=True))
    domain = after(after(domain, ops.MergeIntoChildren("s1")), ops.Revert("s2"))
    chosen = set(half_of_every_pattern(domain, 16))
    written = {
        (disk, block)
        for disk, block in product(DEFAULT_DISKS, range(16))
        if domain.active.disks[disk].blocks.get(block)
    }
    assert (len(written), len(written & chosen), len(chosen)) == (24, 12, 16)


# --- several blocks in one call -----------------------------------------------------


BLOCKS = st.dictionaries(st.integers(0, 17), st.integers(-1, 256), max_size=4)


@given(st.lists(st.tuples(st.sampled_from(["vda", "vdb", "vdz"]), BLOCKS), max_size=4))
def test_write_blocks_means_the_same_as_single_calls(calls: list[tuple[str, dict[int, int]]]) -> None:
    """On the model, and on a simulated hypervisor with the call and one without."""
    together = Lockstep(SimulatorDriver().open(), RFC)
    absent = SimulatorDriver()
    absent.domain_class = WritingSingly
    singly = Lockstep(absent.open(), RFC)
    assert isinstance(together.domain, WritesBlocks)
    assert not isinstance(singly.domain, WritesBlocks)
    expected = blank_domain(DEFAULT_DISKS)
    for disk, blocks in calls:
        operation = ops.WriteBlocks(disk, tuple(blocks.items()))
        singles = expected
        refused = not blocks
        for one in operation.single_writes():
            outcome = step(singles, one, RFC)
            refused = refused or isinstance(outcome, Refused)
            singles = outcome.domain if isinstance(outcome, Accepted) else singles
        expected = expected if refused else singles
        for lockstep in (together, singly):
            taken = lockstep.do(operation)
            assert taken.differences == ()
            assert isinstance(taken.outcome, Refused) == refused
            assert lockstep.model.active.disks == expected.active.disks


def test_a_domain_that_writes_some_of_several_blocks_is_blamed_for_it() -> None:
    class Forgets(SimulatedDomain):
        def write_blocks(self, disk: str, blocks: dict[str, int]) -> None:
            super().write_blocks(disk, dict(list(blocks.items())[:-1]))

    driver = SimulatorDriver()
    driver.domain_class = Forgets
    taken = Lockstep(driver.open(), RFC).do(ops.WriteBlocks("vda", ((1, 7), (2, 9))))
    assert [difference.part for difference in taken.differences] == ["content"]
