"""A tree that the driver keeps over a backend of copies: the suite passes it, and catches a faulty one."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from snaptree.conformance.cli.command import run
from snaptree.conformance.driver import DriverOptions
from snaptree.conformance.drivers.kit.kept_tree import KeptTree, layer_changes, tree_from_json
from snaptree.conformance.drivers.kit.kept_tree.changes import CreateRequest, create
from snaptree.spec.outcomes import Refusal, Unsupported
from snaptree.spec.profiles import load_profile

from .shelf import Shelf, ShelfDriver

PROFILE = load_profile("qemu")


@pytest.mark.parametrize(("driver", "code"), [("ShelfDriver", 0), ("LeavesLayersDriver", 1)])
def test_the_suite_passes_the_smallest_driver_and_catches_a_faulty_one(
    driver: str, code: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(Path(__file__).parent)
    command = ["check", f"shelf:{driver}", "--snapshots", "2", "--seed", "1", "--sequences", "20"]
    assert run([*command, "--out", str(tmp_path / "out")]) == code
    report = json.loads((tmp_path / "out" / "report.json").read_text(encoding="utf-8"))
    assert bool(report["deviations"]) is bool(code)


CALLS = st.lists(
    st.tuples(
        st.sampled_from(
            (
                "create", "revert", "merge_into_children", "merge_into_parent", "merge_into_parent_forced",
                "discard", "discard_forced", "remove_subtree", "retire", "reclaim", "write_disk",
            )
        ),
        st.integers(0, 9),
    ),
    max_size=25,
)  # fmt: skip


@given(calls=CALLS)
def test_storage_holds_the_layers_of_the_tree_and_no_others(calls: list[tuple[str, int]]) -> None:
    domain = ShelfDriver(DriverOptions()).open({"vda": 1 << 20})
    for number, (call, choice) in enumerate(calls):
        ids = [*domain.list(), *domain.tree().retired, "nobody"]
        before = domain.tree()
        try:
            if call == "create":
                domain.create(f"n{number}")
            elif call == "write_disk":
                domain.write_disk("vda", choice, number)
            else:
                getattr(domain, call)(ids[choice % len(ids)])
        except Refusal:
            assert domain.tree() is before
        tree = domain.tree()
        assert frozenset(domain._layers) == tree.layers()
        assert len(tree.layers()) == 2 + tree.count() + len(tree.retired)
        assert tree_from_json(json.loads(json.dumps(tree.to_json()))) == tree
        domain.observe()


def test_the_new_layer_is_the_active_one_and_comes_from_what_is_current() -> None:
    before = KeptTree()
    after, issued = create(before, PROFILE, CreateRequest("n1", "", None, memory=False, quiesce=False), now=5)
    needed = layer_changes(before, after)
    assert (needed.new, needed.source, needed.gone) == (
        after.active,
        after.snapshots[issued].layer,
        frozenset(),
    )
    reverted = layer_changes(after, after.with_fresh_active(issued))
    assert reverted.gone == {after.active}


def test_retired_layers_go_where_only_so_many_may_stay() -> None:
    class Short(Shelf):
        most_retired = 2

    domain = Short(PROFILE, {"vda": 1 << 20})
    for number in range(3):
        domain.retire(domain.create(f"n{number}"))
        assert sum(gone.layer is not None for gone in domain.tree().retired.values()) <= 2
    assert len(domain.tree().retired) == 3


def test_a_call_that_the_profile_does_not_claim_is_refused() -> None:
    profile = load_profile("esx")
    assert not profile.claims("merge_into_parent")
    domain = Shelf(profile, {"vda": 1 << 20})
    snapshot = domain.create("n1")
    with pytest.raises(Unsupported, match="merge_into_parent"):
        domain.merge_into_parent(snapshot)
    assert domain.list() == [snapshot]
