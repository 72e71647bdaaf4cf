"""Trees of thousands: nothing recurses, nothing is read again for each snapshot, little is drawn."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from itertools import pairwise

import pytest

from snaptree.conformance.cli.command import run
from snaptree.conformance.driver import DEFAULT_DISKS
from snaptree.conformance.reports.console import TextConsole
from snaptree.conformance.reports.trees import MOST_DRAWN, Note, draw_tree, sketch_of
from snaptree.conformance.shell.showing import print_tree
from snaptree.simulator import Machine
from snaptree.simulator.layers import Layer
from snaptree.spec.examples import scripted_domain
from snaptree.spec.profiles import load_profile
from snaptree.spec.shapes import DEEP, key_of, shape_of
from snaptree.spec.state import Domain

LONG = 3000
"""Snapshots of a chain: three times the depth at which Python ends a recursion."""


def chain(length: int) -> Domain:
    return scripted_domain(";".join(f"create n{number}" for number in range(length)) + "; write")


@pytest.fixture(scope="module")
def long_chain() -> Domain:
    return chain(LONG)


def test_a_deep_tree_has_a_shape(long_chain: Domain) -> None:
    shape = shape_of(long_chain)
    assert [*shape.order] == [one.id for one in long_chain.in_order()]
    assert shape.key == key_of(long_chain)
    assert len(repr(shape.key)) < 100 * DEEP
    assert {shape.key: 1}[shape_of(long_chain).key] == 1


def test_deep_trees_of_other_lengths_have_other_shapes() -> None:
    lengths = [1, 2, DEEP - 1, DEEP, DEEP + 1, DEEP + 2, 2 * DEEP, 2 * DEEP + 1, 3 * DEEP + 1]
    keys = [shape_of(chain(length)).key for length in lengths]
    assert len(set(keys)) == len(lengths)
    assert sorted(key[0] for key in keys)  # codes of every height can be compared


def test_deep_and_flat_siblings_are_ordered_by_their_codes() -> None:
    deep = ";".join(f"create d{number}" for number in range(DEEP + 2))
    one = scripted_domain(f"create r; {deep}; revert r; create f; revert r")
    other = scripted_domain(f"create r; create f; revert r; {deep}; revert r")
    assert shape_of(one).key == shape_of(other).key
    names = [[domain.snapshots[id].name for id in shape_of(domain).order] for domain in (one, other)]
    assert names[0] == names[1]


def test_every_point_of_a_long_script_differs() -> None:
    domain = chain(600)
    seen = Counter(repr(one.point.seen) for one in domain.in_order())
    assert set(seen.values()) == {1}


def test_a_plan_on_a_long_script_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    script = ";".join(f"create n{number}" for number in range(LONG))
    assert run(["plan", "discard_forced(n5)", "--tree", script]) == 0
    said = capsys.readouterr().out
    assert "more snapshots, not drawn" in said
    assert len(said.splitlines()) < 200


def test_a_chain_is_read_once_from_the_ground_up(monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[Layer] = []
    own = Layer.seen_over

    def counted(self: Layer, below: Mapping[int, int]) -> dict[int, int]:
        read.append(self)
        return own(self, below)

    monkeypatch.setattr(Layer, "seen_over", counted)
    machine = Machine(load_profile("rfc"), DEFAULT_DISKS)
    for number in range(500):
        machine.write_disk("vda", number % 16, 1 + number % 255)
        machine.create(f"n{number}")
    shown = machine.observe()["snapshots"]
    # Base, snapshots and active state, two disks each, one reading each.
    assert len(read) == 2 * 502
    assert {one["point"]["disks"]["vda"]["blocks"]["0"] for one in shown[16:32]} == {17}
    read.clear()
    machine.merge_into_children(next(iter(machine.nodes)))
    machine.observe()
    assert len(read) == 2 * 501


def test_a_layer_reads_what_lies_under_what_it_hides() -> None:
    machine = Machine(load_profile("rfc"), DEFAULT_DISKS)
    size = DEFAULT_DISKS["vda"]
    blocks = []
    for block, value, now in ((3, 7, size), (15, 9, size), (3, 0, size), (2, 5, size // 2), (1, 4, size)):
        machine.resize_disk("vda", now)
        machine.write_disk("vda", block, value)
        machine.create(f"n{len(blocks)}")
        blocks.append(machine.observe()["snapshots"][-1]["point"]["disks"]["vda"]["blocks"])
    # A zero hides what is under it; what a smaller disk lost stays lost when it grows again.
    assert blocks == [{"3": 7}, {"3": 7, "15": 9}, {"15": 9}, {"2": 5}, {"1": 4, "2": 5}]


def test_of_a_large_tree_what_is_near_is_drawn(
    long_chain: Domain, capsys: pytest.CaptureFixture[str]
) -> None:
    print_tree(TextConsole(), long_chain, {"n7": Note("look here", "red")})
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) < 30
    assert any("n7" in line and "look here" in line for line in lines)
    assert any("n2998" in line for line in lines)
    assert "more snapshots, not drawn" in lines[-1]
    (between,) = (line for line in lines if "between" in line and "n2997" in line)
    assert "(2,988 between)" in between


def test_a_tree_up_to_the_limit_is_drawn_whole(capsys: pytest.CaptureFixture[str]) -> None:
    print_tree(TextConsole(), chain(MOST_DRAWN))
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == MOST_DRAWN + 2, "base, the snapshots, the active state"
    assert not any("not drawn" in line for line in lines)


def test_a_loop_of_parents_is_drawn_too() -> None:
    ids = [f"s{number}" for number in range(MOST_DRAWN + 5)]
    sketch = sketch_of(chain(1))
    loop = replace(
        sketch,
        snapshots=((ids[0], ids[0], ids[-1]), *((one, one, above) for above, one in pairwise(ids))),
        current=ids[9],
    )
    assert draw_tree(loop).children
