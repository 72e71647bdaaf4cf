"""pairs: sequences drawn by class are the same for the same unit, and meet what no other sequence does."""

from __future__ import annotations

from snaptree.conformance.driver import DriverOptions
from snaptree.conformance.drivers.simulator import SimulatorDriver
from snaptree.conformance.engine.coverage import Tally
from snaptree.conformance.judging.class_coverage import class_coverage
from snaptree.conformance.methods.class_draws import ClassDraws
from snaptree.conformance.methods.method import Ledger
from snaptree.conformance.methods.pairs import Pairs
from snaptree.conformance.methods.sampled import Batch
from snaptree.spec.domains.search import DISKS
from snaptree.spec.domains.situation import Situation
from snaptree.spec.domains.table import ARGUMENTS, classes_of
from snaptree.spec.profiles import load_profile
from snaptree.spec.state import blank_domain

QEMU = load_profile("qemu")


def drawn(unit: Batch) -> Tally:
    ledger = Ledger()
    assert list(Pairs().perform(SimulatorDriver(DriverOptions(profile="qemu")), unit, ledger)) == []
    return ledger.tally


def test_one_unit_draws_the_same_again() -> None:
    unit = Batch("pairs", 3, 20, 8, 30)
    assert drawn(unit).classes == drawn(unit).classes


def test_the_least_drawn_class_comes_first() -> None:
    """In one state every class of every argument that it offers comes before any comes often."""
    draws, situation = ClassDraws(QEMU), Situation(blank_domain(DISKS), QEMU)
    seen: dict[str, set[tuple[str, ...]]] = {}
    for number in range(900):
        operation = draws.operation(situation, (number % 251, number % 241, number % 239), grows=True)
        classes = classes_of(operation, situation)
        assert classes is not None
        seen.setdefault(operation.call, set()).add(classes[2:])
    (name, *_) = ARGUMENTS["create"]
    offered = set(name.menu(situation, {}))
    assert {classes[0] for classes in seen["create"]} == offered
    assert {classes[1] for classes in seen["write_disk"]} >= {"first", "last", "one beyond", "negative"}
    assert "undefine_forced" not in seen


def test_where_nothing_grows_nothing_is_created() -> None:
    draws, situation = ClassDraws(QEMU), Situation(blank_domain(DISKS), QEMU)
    assert all(draws.operation(situation, (1, 2, 3), grows=False).call != "create" for _ in range(100))


def test_sequences_by_class_meet_most_pairs() -> None:
    coverage = class_coverage(drawn(Batch("pairs", 0, 0, 60, 50)), QEMU, pairs=True)
    assert coverage.pairs is not None
    assert coverage.pairs.met > 0.5 * coverage.pairs.feasible
