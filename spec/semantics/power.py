"""start, stop, pause, resume and crash: power, and the memory that lives by it."""

from __future__ import annotations

from collections.abc import Iterator

from snaptree.spec.copies import replace
from snaptree.spec.operations import Crash, Pause, Resume, Start, Stop
from snaptree.spec.profiles import Profile
from snaptree.spec.state import Domain, blank_domain


def start_refused(domain: Domain, operation: Start, profile: Profile) -> Iterator[str]:
    """A domain that is not off."""
    if domain.active.power != "off":
        yield "InvalidPowerState"


def start_effect(domain: Domain, operation: Start, profile: Profile) -> tuple[Domain, None]:
    """The tree: unchanged. The active state: runs, from the image if there is one."""
    image = domain.managed_save
    if image is None:
        active = replace(domain.active, memory="unspecified", power="running")
    else:
        active = replace(domain.active, memory=image.memory, power=image.power)
    return replace(domain, active=active, managed_save=None), None


def stop_refused(domain: Domain, operation: Stop, profile: Profile) -> Iterator[str]:
    """A domain that is off already."""
    if domain.active.power == "off":
        yield "InvalidPowerState"


def stop_effect(domain: Domain, operation: Stop, profile: Profile) -> tuple[Domain, None]:
    """The tree: unchanged, but a transient domain ends with it. The active state: off."""
    return _off(domain), None


def crash_refused(domain: Domain, operation: Crash, profile: Profile) -> Iterator[str]:
    """Nothing: a crash does not ask."""
    yield from ()


def crash_effect(domain: Domain, operation: Crash, profile: Profile) -> tuple[Domain, None]:
    """The tree: unchanged. The active state: off, without memory; disks and image stay."""
    return _off(domain), None


def _off(domain: Domain) -> Domain:
    if not domain.persistent and domain.active.power != "off":
        return removed(domain)
    return replace(domain, active=replace(domain.active, memory=None, power="off"))


def removed(domain: Domain) -> Domain:
    """What is left of a domain that was removed: nothing but the fact."""
    return replace(blank_domain({}, persistent=domain.persistent), serial=domain.serial, defined=False)


def pause_refused(domain: Domain, operation: Pause, profile: Profile) -> Iterator[str]:
    """A domain that does not run."""
    if domain.active.power != "running":
        yield "InvalidPowerState"


def pause_effect(domain: Domain, operation: Pause, profile: Profile) -> tuple[Domain, None]:
    """The tree: unchanged. The active state: paused, memory kept."""
    return replace(domain, active=replace(domain.active, power="paused")), None


def resume_refused(domain: Domain, operation: Resume, profile: Profile) -> Iterator[str]:
    """A domain that is not paused."""
    if domain.active.power != "paused":
        yield "InvalidPowerState"


def resume_effect(domain: Domain, operation: Resume, profile: Profile) -> tuple[Domain, None]:
    """The tree: unchanged. The active state: running, memory kept."""
    return replace(domain, active=replace(domain.active, power="running")), None
