"""The contract with drivers: every shipped driver keeps it, and what lacks a part of it is told in words."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable
from dataclasses import fields, replace
from importlib import import_module
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from snaptree.conformance.driver import (
    CALL_PROTOCOLS,
    Domain,
    Driver,
    DriverOptions,
    DriverUnavailable,
    Holds,
    Sessions,
    announcement_of,
    is_fast,
    kept_at,
)
from snaptree.conformance.drivers import SHIPPED, open_driver
from snaptree.conformance.drivers.esx.domain import EsxDomain
from snaptree.conformance.drivers.esx.serving import ServedEsx
from snaptree.conformance.drivers.libvirt.calls.domain import LibvirtDomain
from snaptree.conformance.drivers.libvirt.calls.imaged import ImagedDomain
from snaptree.conformance.drivers.libvirt.serving import ServedLibvirt
from snaptree.conformance.drivers.qemu.domain import QemuDomain
from snaptree.conformance.drivers.qemu.in_place import InPlaceDomain
from snaptree.conformance.drivers.qemu.internal.domain import InternalDomain
from snaptree.conformance.drivers.qemu.live.domain import LiveDomain
from snaptree.conformance.drivers.remote.calls import PARAMETERS
from snaptree.conformance.drivers.simulator import SimulatedDomain, SimulatorDriver
from snaptree.conformance.drivers.virtualbox.domain import VirtualBoxDomain
from snaptree.conformance.drivers.virtualbox.serving import ServedVirtualBox
from snaptree.conformance.running.smoke import smoke
from snaptree.spec.operations import KINDS
from snaptree.spec.profiles import ProfileError, load_profile

DRIVERS = [getattr(import_module(one.module), one.class_name) for one in SHIPPED.values()]
DRIVERS += [ServedEsx, ServedLibvirt, ServedVirtualBox]

DOMAINS = {
    SimulatedDomain: "rfc",
    QemuDomain: "qemu",
    InPlaceDomain: "qemu-in-place",
    InternalDomain: "qemu-internal",
    LiveDomain: "qemu-live",
    LibvirtDomain: None,
    ImagedDomain: "libvirt-qemu-internal",
    EsxDomain: "esx",
    VirtualBoxDomain: "virtualbox",
}
"""The classes of domains, and the profile that they come with."""

DECLARED: dict[str, Callable[..., Any]] = {
    name: member
    for protocol in CALL_PROTOCOLS
    for name, member in vars(protocol).items()
    if inspect.isfunction(member) and not name.startswith("_")
}
"""Every call as its Protocol declares it."""


OF_CALLERS = {
    name
    for protocol in (Sessions, Holds)
    for name, member in vars(protocol).items()
    if inspect.isfunction(member) and not name.startswith("_")
}
"""The calls that are about callers. A gate that can let nothing fail leaves an argument out."""


def parameters(call: Callable[..., Any]) -> list[tuple[str, Any]]:
    return [(one.name, one.kind) for one in inspect.signature(call).parameters.values()]


def test_the_protocols_declare_every_call_with_the_arguments_of_its_operation() -> None:
    for call, kind in KINDS.items():
        names = [name for name, _ in parameters(DECLARED[call])]
        assert names == ["self", *(field.name for field in fields(kind))], call
    assert {*DECLARED, *OF_CALLERS} == set(PARAMETERS)


def misfits(kind: type) -> list[str]:
    """Calls of a class that cannot be made as the Protocol declares them."""
    return [
        f"{name}: {parameters(getattr(kind, name))}, not {parameters(declared)}"
        for name, declared in DECLARED.items()
        if hasattr(kind, name) and parameters(getattr(kind, name)) != parameters(declared)
    ]


@pytest.mark.parametrize("kind", DOMAINS, ids=lambda kind: kind.__name__)
def test_every_shipped_domain_takes_its_calls_as_they_are_declared(kind: type) -> None:
    assert misfits(kind) == []
    assert {name for name in vars(Domain) if name in DECLARED} <= set(dir(kind))


@pytest.mark.parametrize(("kind", "profile"), [(kind, name) for kind, name in DOMAINS.items() if name])
def test_every_shipped_domain_has_the_calls_that_its_profile_claims(kind: type, profile: str) -> None:
    assert [call for call in load_profile(profile).operations if not hasattr(kind, call)] == []


@pytest.mark.parametrize("kind", DRIVERS, ids=lambda kind: kind.__name__)
def test_every_shipped_driver_is_constructed_opened_and_closed_as_declared(kind: Any) -> None:
    assert parameters(kind.__init__) == parameters(Driver.__init__)
    assert parameters(kind.close) == parameters(Driver.close)
    declared, own = parameters(Driver.open), parameters(kind.open)
    assert own in (declared, declared[:-1]), "persistent may be left out"


def test_a_domain_that_calls_an_argument_otherwise_is_noticed() -> None:
    class Otherwise(SimulatedDomain):
        def revert(self, point: str, resume_as: str | None = None) -> None:
            super().revert(point, resume_as)

    assert [line.partition(":")[0] for line in misfits(Otherwise)] == ["revert"]


class Ignoring:
    """Has a profile of its own in its class, and looks at no options."""

    name, version = "ignoring", "1"
    profile = load_profile("qemu")

    def __init__(self, options: DriverOptions) -> None:
        self.options = options

    def open(self, disks: Any = None) -> Any:  # noqa: ARG002 - it has no disks
        return SimulatorDriver().open()

    def close(self) -> None:
        """Nothing to end."""


# --- what lacks a part ----------------------------------------------------------


def opened(kind: type, profile: str | None, monkeypatch: pytest.MonkeyPatch) -> Driver:
    """A driver of this class, brought up by its name."""
    module = ModuleType("contract_mine")
    vars(module)["Mine"] = kind
    monkeypatch.setitem(sys.modules, "contract_mine", module)
    return open_driver("contract_mine:Mine", DriverOptions(profile=profile))


@pytest.mark.parametrize("part", ["version", "open", "close"])
def test_a_driver_that_lacks_a_part_is_told_in_words(part: str, monkeypatch: pytest.MonkeyPatch) -> None:
    parts = {name: member for name, member in vars(Ignoring).items() if name != part and name != "__dict__"}
    with pytest.raises(DriverUnavailable, match=rf"is no driver, it lacks {part}(\(\))?; see Driver"):
        opened(type("Mine", (), parts), None, monkeypatch)


@pytest.mark.parametrize("call", ["create", "observe", "close"])
def test_a_domain_that_lacks_a_call_is_told_by_smoke(call: str) -> None:
    calls = {name: lambda *_: None for name in ("create", "observe", "close") if name != call}

    class Mine(SimulatorDriver):
        def open(self, disks: Any = None, *, persistent: bool = True) -> Any:  # noqa: ARG002 - it has no disks
            return SimpleNamespace(**calls)

    (probe,) = smoke(Mine())
    assert probe.problem == f"its domain lacks {call}(); see Domain in snaptree.conformance.driver"


def test_what_is_optional_is_absent_or_declared() -> None:
    plain: Any = SimpleNamespace(name="mine", version="1", profile=load_profile("rfc"))
    assert (is_fast(plain), announcement_of(plain), kept_at(plain)) == (False, None, None)
    told: Any = SimpleNamespace(fast=True, announcement="two machines on host a", kept_at=Path("/there"))
    assert (is_fast(told), announcement_of(told), kept_at(told)) == (
        True,
        "two machines on host a",
        Path("/there"),
    )


# --- how a profile reaches a driver ----------------------------------------------


class Adapting(SimulatorDriver):
    """Loads the profile that is asked for, and takes back what it cannot keep."""

    def __init__(self, options: DriverOptions | None = None) -> None:
        super().__init__(options)
        kept = {call: claim for call, claim in self.profile.operations.items() if call != "retire"}
        self.profile = replace(self.profile, operations=kept)


class IgnoringInConstructor(Ignoring):
    """The same, in its constructor."""

    def __init__(self, options: DriverOptions) -> None:
        super().__init__(options)
        self.profile = load_profile("esx")


class Fixed(Ignoring):
    """Its profile cannot be set."""

    profile: Any = property(lambda _: load_profile("qemu"))


def test_what_a_driver_adapted_stays_adapted(monkeypatch: pytest.MonkeyPatch) -> None:
    driver = opened(Adapting, "esx", monkeypatch)
    assert driver.profile.name == "esx"
    assert load_profile("rfc").claims("retire")
    assert not opened(Adapting, "rfc", monkeypatch).profile.claims("retire")
    assert not opened(Adapting, None, monkeypatch).profile.claims("retire")


@pytest.mark.parametrize("kind", [Ignoring, IgnoringInConstructor])
def test_a_driver_that_ignores_its_options_is_given_the_profile(
    kind: type, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert opened(kind, "virtualbox", monkeypatch).profile == load_profile("virtualbox")
    mine = tmp_path / "mine.toml"
    mine.write_text('name = "qemu"\ninherits = "rfc"\n', encoding="utf-8")
    assert opened(kind, str(mine), monkeypatch).profile.claims("start")
    assert opened(kind, None, monkeypatch).profile.name in ("qemu", "esx")


def test_a_driver_whose_open_knows_no_persistent_claims_no_transient_domains(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert load_profile("rfc").offers("transient")
    assert not opened(Ignoring, "rfc", monkeypatch).profile.offers("transient")
    assert opened(SimulatorDriver, "rfc", monkeypatch).profile.offers("transient")


def test_a_driver_that_cannot_be_given_a_profile_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(DriverUnavailable, match="cannot be given the profile virtualbox"):
        opened(Fixed, "virtualbox", monkeypatch)
    assert opened(Fixed, "qemu", monkeypatch).profile == load_profile("qemu")


def test_a_profile_that_cannot_be_used_is_told_before_the_driver_is_brought_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    brought_up = []

    class Mine(SimulatorDriver):
        def __init__(self, options: DriverOptions | None = None) -> None:
            brought_up.append(options)
            super().__init__()

    with pytest.raises(ProfileError, match="no profile 'nobody'"):
        opened(Mine, "nobody", monkeypatch)
    assert brought_up == []
