"""smoke: ten calls that tell "your adapter is wrong" from "your hypervisor is wrong".

It looks at the form of what a driver does, never at its meaning: are ids
strings, does an observation fit its schema and hold what the profile claims, is
a refusal a refusal. A driver
that passes can be judged; one that does not would only be misjudged.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, cast

from snaptree.conformance.driver import (
    DEFAULT_DISKS,
    Domain,
    Driver,
    DriverUnavailable,
    Json,
    NotObserved,
    Observation,
    domain_lacks,
    error_text,
)
from snaptree.conformance.engine.form import fault_of_form, fits_form
from snaptree.conformance.engine.visibility import left_out, summary
from snaptree.schemas.wording import value
from snaptree.spec.outcomes import Refusal
from snaptree.spec.profiles import Profile


@dataclass(frozen=True)
class Probe:
    """One call and what was wrong with it; ``problem`` is None if nothing was."""

    call: str
    problem: str | None = None


class _Wrong(Exception):
    """The text says what was expected and what came."""


def smoke(driver: Driver) -> Iterator[Probe]:
    """Probe a driver; stops at the first problem, since what follows would rest on it."""
    state: dict[str, Any] = {}
    probes: list[tuple[str, Callable[[Driver, dict[str, Any]], None]]] = [
        ("open() gives a domain", _opens),
        ("observe() shows a fresh domain", _observes_fresh),
        ("write_disk() changes the active state", _writes),
        ("create() returns an id", _creates),
        ("observe() lists the snapshot", _lists),
        ("write_disk() works after a snapshot", _writes_again),
        ("revert() returns", _reverts),
        ("revert() to an unknown id is refused", _refuses),
        ("a call that is not claimed is absent or refused", _unclaimed),
        ("close() returns", _closes),
    ]
    try:
        for call, probe in probes:
            problem = _problem(probe, driver, state)
            yield Probe(call, problem)
            if problem is not None:
                return
    finally:
        if "domain" in state:
            _problem(_closes, driver, state)


def _problem(
    probe: Callable[[Driver, dict[str, Any]], None], driver: Driver, state: dict[str, Any]
) -> str | None:
    try:
        probe(driver, state)
    except _Wrong as wrong:
        return str(wrong)
    except DriverUnavailable:
        raise
    except Refusal as refusal:
        return f"refused as {refusal.kind}, and this must be accepted: {error_text(refusal)}"
    except (Exception, SystemExit) as error:  # noqa: BLE001 - whatever a driver raises is a finding
        return error_text(error)
    return None


def _opens(driver: Driver, state: dict[str, Any]) -> None:
    for name, kind in (("name", str), ("version", str), ("profile", Profile)):
        if not isinstance(getattr(driver, name, None), kind):
            raise _Wrong(f"driver.{name} must be a {kind.__name__}")
    _claims_enough(driver.profile)
    domain = driver.open(DEFAULT_DISKS)
    missing = domain_lacks(domain)
    if missing:
        raise _Wrong(f"its domain lacks {', '.join(missing)}; see Domain in snaptree.conformance.driver")
    state["domain"] = domain
    absent = [call for call in driver.profile.operations if not callable(getattr(domain, call, None))]
    if absent:
        raise _Wrong(f"claimed by the profile and absent from the domain: {', '.join(sorted(absent))}")


def _claims_enough(profile: Profile) -> None:
    """Whether a run could say anything about a driver with this profile."""
    if not profile.claims("create"):
        raise _Wrong(
            f"the profile {profile.name} does not claim create, and without a snapshot nothing can be "
            'judged; say create = "native" or "adapter" under [operations]'
        )
    if not profile.claims("revert") and not profile.can_observe("tree"):
        raise _Wrong(
            f"the profile {profile.name} claims no revert and does not observe the tree: nothing that a "
            "snapshot does could be seen"
        )


LOOKS = 3
"""How often a domain is asked that cannot be observed at this moment."""


def _observed(driver: Driver, state: dict[str, Any]) -> Observation:
    seen = _look(state["domain"])
    if not fits_form(seen):
        raise _Wrong(fault_of_form(seen))
    missing = left_out(seen, driver.profile)
    if missing:
        raise _Wrong(summary(missing))
    return cast("Observation", seen)


def _look(domain: Domain) -> Json:
    for _ in range(LOOKS - 1):
        try:
            return domain.observe()
        except NotObserved:
            continue
    return domain.observe()


def _void(call: str, result: Json) -> None:
    if result is not None:
        raise _Wrong(f"{call} has no result: it returns null, not {value(result)}")


def _observes_fresh(driver: Driver, state: dict[str, Any]) -> None:
    if not _sees(driver.profile):
        return
    seen = _observed(driver, state)
    if seen.get("snapshots"):
        raise _Wrong("a fresh domain has no snapshots; is one left over from an earlier run?")
    if driver.profile.can_observe("disks"):
        disks = seen["active"]["disks"]
        if set(disks) != set(DEFAULT_DISKS):
            raise _Wrong(f"the disks asked for are {sorted(DEFAULT_DISKS)}, observe() shows {sorted(disks)}")


def _sees(profile: Profile) -> bool:
    """Whether the engine looks at the domains of a driver with this profile."""
    return profile.can_observe("tree") or profile.can_observe("disks")


def _writes(driver: Driver, state: dict[str, Any]) -> None:
    if not driver.profile.claims("write_disk"):
        return
    _void("write_disk()", state["domain"].write_disk(disk="vda", block=3, value=7))
    if driver.profile.can_observe("disks"):
        blocks = _observed(driver, state)["active"]["disks"]["vda"]["blocks"]
        if blocks != {"3": 7}:
            raise _Wrong(
                f"after write_disk('vda', 3, 7) the blocks are {{'3': 7}}, observe() shows {blocks!r}"
            )


def _creates(driver: Driver, state: dict[str, Any]) -> None:
    issued = state["domain"].create(name="smoke", description="", memory=False, uuid=None, quiesce=False)
    if not isinstance(issued, str) or not issued:
        raise _Wrong(f"create() returns the new snapshot's id, a string, not {value(issued)}")
    state["id"] = issued


def _lists(driver: Driver, state: dict[str, Any]) -> None:
    if not driver.profile.can_observe("tree"):
        return
    seen = _observed(driver, state)
    listed = [entry.get("id") for entry in seen["snapshots"]]
    if listed != [state["id"]]:
        raise _Wrong(f"one snapshot {state['id']!r} was created, observe() lists {listed!r}")
    if seen["current"] != state["id"]:
        raise _Wrong(f"current is the new snapshot's id {state['id']!r}, observe() shows {seen['current']!r}")


def _writes_again(driver: Driver, state: dict[str, Any]) -> None:
    if driver.profile.claims("write_disk"):
        _void("write_disk()", state["domain"].write_disk(disk="vda", block=3, value=8))


def _reverts(driver: Driver, state: dict[str, Any]) -> None:
    if driver.profile.claims("revert"):
        _void("revert()", state["domain"].revert(snapshot=state["id"], resume_as=None))


def _refuses(driver: Driver, state: dict[str, Any]) -> None:
    if not driver.profile.claims("revert") and not hasattr(state["domain"], "revert"):
        return
    try:
        state["domain"].revert(snapshot="no such snapshot", resume_as=None)
    except Refusal:
        return
    raise _Wrong("revert to an id that was never issued returned; raise NoSuchSnapshot")


def _unclaimed(driver: Driver, state: dict[str, Any]) -> None:
    for call, arguments in (("retire", {"snapshot": state["id"]}), ("start", {}), ("pause", {})):
        method = getattr(state["domain"], call, None)
        if method is None or driver.profile.claims(call):
            continue
        try:
            method(**arguments)
        except Refusal:
            continue
        raise _Wrong(f"{call}() is not claimed, and returned; raise Unsupported, or leave the method out")


def _closes(driver: Driver, state: dict[str, Any]) -> None:
    state.pop("domain").close()
