"""Every call and outcome that a rule speaks of is shown: by an example, or by what is near one."""

from __future__ import annotations

import pickle
from collections.abc import Mapping

import pytest

from snaptree.conformance.driver import DEFAULT_DISKS, DriverOptions
from snaptree.conformance.drivers.simulator import SimulatedDomain, SimulatorDriver
from snaptree.conformance.engine.coverage import Tally
from snaptree.conformance.judging.rule_results import RuleResult, rule_results
from snaptree.conformance.methods.aspects import Aspects, aspect_sequences
from snaptree.conformance.methods.bounds import Bounds
from snaptree.conformance.methods.examples import Examples, example_sequences, transient_sequences
from snaptree.conformance.methods.method import Ledger
from snaptree.conformance.sequences.running import Run
from snaptree.spec.profiles import load_profile, varied
from snaptree.spec.rules import rules

# A domain that libvirt's own undefine made transient: neither method makes that call.
UNDEFINED = {"POWER-18": ("any call refused as InvalidArgument where gone, transient",)}
LEFT = {
    "rfc": {},
    "esx": {},
    "libvirt-test": UNDEFINED,
    "libvirt-qemu-internal": UNDEFINED,
    # A driver that looks at power first answers InvalidPowerState, which is as right; and the limit is far.
    "qemu": {
        "CREATE-15": ("create refused as Unsupported where memory-never",),
        "LIMIT-4": ("create refused as LimitExceeded where too-deep",),
    },
    "virtualbox": {
        "CREATE-15": ("create refused as Unsupported where memory-never",),
        "LIMIT-4": ("create refused as LimitExceeded where too-deep",),
    },
}
"""What the two methods leave out under a profile, by rule."""


def played(profile: str) -> tuple[Tally, list[Run]]:
    driver = SimulatorDriver(DriverOptions(profile=profile))
    bounds = Bounds(sequences=0)
    ledger = Ledger(Tally())
    runs = [
        run
        for method in (Examples(), Aspects())
        for unit in method.units(driver.profile, bounds)
        for run in method.perform(driver, unit, ledger)  # type: ignore[arg-type] # its own units
    ]
    return ledger.tally, runs


def shown_elsewhere(result: RuleResult) -> bool:
    """Whether a rule waits for libvirt's own calls, for kills and errors, or for several callers."""
    return result.rule.id.startswith("BIND-") or result.rule.chapter in ("durability", "concurrency")


@pytest.mark.parametrize("profile", LEFT)
def test_no_rule_waits_for_a_lucky_draw(profile: str) -> None:
    tally, runs = played(profile)
    assert runs == []
    results = rule_results(rules(), tally.coverage, load_profile(profile), (), ())
    unseen = {
        one.rule.id: one.unseen
        for one in results
        if one.status == "not observed" and not shown_elsewhere(one)
    }
    assert unseen == LEFT[profile]


def test_the_model_finds_what_examples_leave_out() -> None:
    profile = load_profile("rfc")
    found = aspect_sequences(profile)
    assert 20 < len(found) < 80
    assert len(set(found)) == len(found)
    shown = {(one, True) for one in example_sequences(profile)}
    assert shown.isdisjoint(found)
    assert sum(len(sequence) for sequence, _ in found) < 600, "each is short"


def test_a_unit_holds_its_sequences_so_that_no_worker_searches() -> None:
    profile = load_profile("qemu")
    units = [*Aspects().units(profile, Bounds())]
    assert [one for unit in pickle.loads(pickle.dumps(units)) for one in unit.sequences] == [
        *aspect_sequences(profile)
    ]


def test_examples_of_a_transient_domain_are_played_on_one() -> None:
    profile = load_profile("rfc")
    assert len(transient_sequences(profile)) >= 5
    assert transient_sequences(varied("rfc", ["features.transient=false"])) == ()
    opened: list[bool] = []

    class Watched(SimulatorDriver):
        def open(
            self, disks: Mapping[str, int] = DEFAULT_DISKS, *, persistent: bool = True
        ) -> SimulatedDomain:
            opened.append(persistent)
            return super().open(disks, persistent=persistent)

    driver = Watched()
    for unit in Examples().units(profile, Bounds()):
        assert [*Examples().perform(driver, unit, Ledger(Tally()))] == []
    assert opened.count(False) == len(transient_sequences(profile))
    assert opened.count(True) == len(example_sequences(profile))
