"""libvirt's own calls, each with each set of flags once: which they are, who makes them, what they find."""

from __future__ import annotations

import pytest

from snaptree.conformance.drivers.simulator import SimulatedDomain, SimulatorDriver
from snaptree.conformance.methods.bounds import Bounds
from snaptree.conformance.methods.graph import graph_of
from snaptree.conformance.methods.method import Ledger
from snaptree.conformance.methods.own_calls import OwnCalls
from snaptree.spec.profiles import load_profile

WHOLE = Bounds((("ages", 3), ("cycles", 1)), limits=True)
KINDS = ("libvirt-qemu-internal", "libvirt-test")


@pytest.mark.parametrize("name", KINDS)
def test_every_call_of_the_graph_is_made_with_every_set_of_flags_and_no_two_alike(name: str) -> None:
    profile = load_profile(name)
    (part,) = OwnCalls().parts(profile, WHOLE)
    labels = {label for leaving in graph_of(profile, 1, "libvirt").edges.values() for label in leaving}
    asked = {(call, *arguments) for call, *rest in labels if call != "write" for _, *arguments in [rest]}
    assert part.total == len(asked) > 100
    assert part.states == 0, "no claim is made for every state"


def play(domain: type[SimulatedDomain]) -> tuple[int, int, int]:
    driver, ledger, method = SimulatorDriver(), Ledger(), OwnCalls()
    driver.profile, driver.domain_class = load_profile("libvirt-test"), domain
    units = [*method.units(driver.profile, WHOLE)]
    runs = [run for unit in units for run in method.perform(driver, unit, ledger)]
    (part,) = method.parts(driver.profile, WHOLE)
    return len(runs), ledger.counts.covered, part.total


def test_the_simulator_makes_them_all() -> None:
    runs, covered, total = play(SimulatedDomain)
    assert (runs, covered) == (0, total)


def test_a_flag_that_is_forgotten_is_found() -> None:
    class ForgetsPaused(SimulatedDomain):
        def native_call(self, name: str, arguments: dict[str, object]) -> object:
            flags = arguments.get("flags")
            if name == "virDomainManagedSave" and isinstance(flags, int):
                arguments = {**arguments, "flags": flags & ~4}
            return super().native_call(name, arguments)

    assert play(ForgetsPaused)[0] > 0


def test_a_driver_that_tours_the_graph_or_has_no_such_calls_is_not_asked() -> None:
    profile = load_profile("libvirt-test")
    assert OwnCalls().parts(profile, Bounds((("libvirt", 1),), limits=True)) == ()
    assert OwnCalls().parts(profile, Bounds(WHOLE.scopes, limits=False)) == ()
    assert OwnCalls().parts(load_profile("qemu"), WHOLE) == ()
    assert OwnCalls().parts(profile, Bounds(WHOLE.scopes, limits=True, calls=frozenset({"create"}))) == ()
