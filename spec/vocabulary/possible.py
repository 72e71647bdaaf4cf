"""What a profile can show: which outcomes its calls can have, whatever is drawn.

A rule about an outcome that no call can have under a profile is not claimed by it. Otherwise it is claimed,
and not observed until the outcome was seen. This depends on the profile alone, never on what a run drew.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from snaptree.spec.libvirt.names import CALL_NAMES
from snaptree.spec.operations import KINDS
from snaptree.spec.profiles import Profile
from snaptree.spec.state import POWER_STATES
from snaptree.spec.vocabulary.conditions import CONDITIONS

_ON_SNAPSHOT: Final = frozenset(
    [
        "revert", "merge_into_children", "merge_into_parent", "merge_into_parent_forced", "discard",
        "discard_forced", "remove_subtree", "retire", "reclaim", "rename", "describe", "children", "parent",
        "lookup_by_name", "lookup_by_id",
    ]
)  # fmt: skip
_NAMES_A_STATE: Final = frozenset(["revert", "merge_into_parent_forced", "discard_forced"])
_DELETES: Final = frozenset(["merge_into_children", "merge_into_parent", "discard"])
_REMOVES_A_ROOT: Final = frozenset(
    ["merge_into_children", "merge_into_parent", "merge_into_parent_forced", "retire"]
)
_OF_DISKS: Final = frozenset(["write_disk", "resize_disk", "attach_disk", "detach_disk", "configure"])


def _powers(profile: Profile) -> frozenset[str]:
    """The power states that a domain can be in."""
    if profile.libvirt:
        return frozenset(POWER_STATES)
    resumes = profile.claims("revert") and profile.offers("resume_as")
    found = {"off"}
    if profile.claims("start") or resumes:
        found.add("running")
    if resumes or (profile.claims("pause") and "running" in found):
        found.add("paused")
    return frozenset(found)


def _saves(profile: Profile) -> bool:
    """Whether a domain can have a managed-save image."""
    if "running" not in _powers(profile):
        return False
    return profile.claims("managed_save") or (
        profile.revert_with_memory == "saved" and profile.memory != "never" and profile.claims("create")
    )


def _loses_its_root(profile: Profile) -> bool:
    """Whether a domain can be without a current snapshot and have others."""
    most = profile.limits.merge_children
    merges = profile.claims("merge_into_children") and (most is None or most > 1)
    return merges or profile.claims("retire") or profile.offers("reset_to_base")


def _splits_a_root(call: str, profile: Profile) -> bool:
    """Whether a call can be refused because removing the only root would leave several."""
    if profile.roots != "single" or call not in _REMOVES_A_ROOT:
        return False
    # Where a merge into two children is beyond the limit, that is as good a reason: nothing shows this one.
    most = profile.limits.merge_children
    return call != "merge_into_children" or most is None or most > 1


def _second_root(call: str, _outcome: str, profile: Profile) -> bool:
    return _loses_its_root(profile) if call == "create" else _splits_a_root(call, profile)


def _captures(profile: Profile) -> bool:
    """Whether a snapshot can hold memory."""
    return profile.memory != "never" and len(_powers(profile)) > 1


def _unsupported(call: str, profile: Profile) -> bool:
    if not profile.claims(call):
        return True
    if call == "create":
        disks_only = profile.memory == "always" and len(_powers(profile)) > 1
        return (
            profile.memory == "never"
            or disks_only
            or profile.roots == "single"
            or not profile.offers("quiesce")
        )
    if _splits_a_root(call, profile):
        return True
    if call in _NAMES_A_STATE and not profile.offers("resume_as"):
        return True
    if call in ("merge_into_parent_forced", "discard_forced"):
        return not profile.offers("reset_to_base")
    if call == "attach_disk":
        return not profile.offers("independent_disks")
    return call == "managed_save" and profile.offers("transient")


def _wrong_power(call: str, profile: Profile) -> bool:
    powers = _powers(profile)
    if any(not profile.allows_power(call, power) for power in POWER_STATES if power in powers):
        return True
    if call == "create":
        image = profile.create_with_managed_save == "refuses" and _saves(profile)
        return profile.memory != "never" or profile.offers("quiesce") or image
    if call in ("stop", "pause", "resume", "managed_save", "write_memory"):
        return True  # a domain that is off
    if call in ("start", "undefine", "undefine_forced"):
        return len(powers) > 1
    return call in _OF_DISKS and _saves(profile)


def _bad_argument(call: str, profile: Profile) -> bool:
    if call == "create":
        return profile.observes.get("uuid", "never") != "never"
    resumes = call in _NAMES_A_STATE and profile.offers("resume_as")
    return call in _OF_DISKS or call in ("reclaim", "write_memory") or resumes


def _too_many(call: str, profile: Profile) -> bool:
    limits = profile.limits
    if call == "create":
        return limits.depth is not None or limits.count is not None or limits.merge_children is not None
    return call == "merge_into_children" and limits.merge_children is not None


def _in_use(call: str, profile: Profile) -> bool:
    policy = profile.names.policy
    return (call == "create" and policy == "unique") or (call == "rename" and policy != "duplicates")


def _ambiguous(call: str, profile: Profile) -> bool:
    names = profile.names
    return call == "lookup_by_name" and names.policy == "duplicates" and names.lookup == "ambiguous"


_CALLS_REFUSED: Final[dict[str, frozenset[str]]] = {
    "NoSuchSnapshot": _ON_SNAPSHOT,
    "InvalidName": frozenset(["create", "rename"]),
    "WouldDiscard": _DELETES | {"undefine"},
    "Busy": frozenset(),
}
"""The claimed calls that are refused with a kind, whatever else the profile says."""

_REFUSES: Final[dict[str, Callable[[str, Profile], bool]]] = {
    "AmbiguousName": _ambiguous,
    "NameInUse": _in_use,
    "InvalidArgument": _bad_argument,
    "InvalidPowerState": _wrong_power,
    "LimitExceeded": _too_many,
}
"""Whether a claimed call can be refused with a kind under a profile."""


def _accepts(call: str, profile: Profile) -> bool:
    """Whether a claimed call is ever accepted: some need another call before them."""
    if call == "reclaim":
        return profile.claims("retire")
    if call in ("pause", "resume"):
        return {"pause": "running", "resume": "paused"}[call] in _powers(profile)
    return call not in ("stop", "write_memory", "managed_save") or len(_powers(profile)) > 1


def _is_offered(condition: str, call: str, profile: Profile) -> bool:
    # libvirt's undefine makes an active domain transient, whatever the profile says of creating one.
    return CONDITIONS[condition].can_hold(profile) or (condition == "transient" and call in CALL_NAMES)


def _disks_only(call: str, outcome: str, profile: Profile) -> bool:
    accepted = profile.memory != "always" or outcome != "accepted"
    return call != "create" or (accepted and len(_powers(profile)) > 1)


def _image(call: str, outcome: str, profile: Profile) -> bool:
    barred = call == "create" and outcome == "accepted" and profile.create_with_managed_save == "refuses"
    return _saves(profile) and not barred


def _resumes(call: str, outcome: str, profile: Profile) -> bool:
    offered = profile.offers("resume_as") or call in CALL_NAMES
    return offered is (outcome != "Unsupported") if outcome in ("accepted", "Unsupported") else True


def _quiesces(_call: str, outcome: str, profile: Profile) -> bool:
    if outcome == "Unsupported":
        return not profile.offers("quiesce")
    return profile.offers("quiesce") and (outcome != "accepted" or "running" in _powers(profile))


_HOLDS: Final[dict[str, Callable[[str, str, Profile], bool]]] = {
    "with-memory": lambda _call, _outcome, profile: _captures(profile),
    "disk-only": _disks_only,
    "image": _image,
    "second-root": _second_root,
    "repeated-name": lambda _call, outcome, profile: (
        outcome != "accepted" or profile.names.lookup != "ambiguous"
    ),
    "resume-as": _resumes,
    "quiesce": _quiesces,
}
"""Where a condition can hold under a profile, whether it can for this call and outcome."""


def can_vary(part: str, profile: Profile) -> bool:
    """Whether a part can have more than one value: what never can is no evidence of anything."""
    if part in ("power", "memory"):
        return len(_powers(profile)) > 1
    return part != "managed_save" or _saves(profile)


def can_answer(call: str, outcome: str, profile: Profile) -> bool:
    """Whether some step with this call can have this outcome under the profile."""
    if call in CALL_NAMES:
        return bool(profile.libvirt)
    if outcome == "Unsupported":
        return _unsupported(call, profile)
    if not profile.claims(call):
        return outcome == "refused"
    if outcome == "accepted":
        return _accepts(call, profile)
    if outcome == "refused":
        return True
    if outcome in _CALLS_REFUSED:
        return call in _CALLS_REFUSED[outcome]
    return _REFUSES[outcome](call, profile)


def can_be(call: str | None, outcome: str, conditions: frozenset[str], profile: Profile) -> bool:
    """Whether some step can have this outcome where the conditions hold; None is any call."""
    if call is None:
        return any(can_be(one, outcome, conditions, profile) for one in (*KINDS, *CALL_NAMES))
    if conditions and outcome == "Unsupported" and call in KINDS and not profile.claims(call):
        return False  # what is not claimed at all is no case of anything
    return can_answer(call, outcome, profile) and all(
        _is_offered(condition, call, profile)
        and (condition not in _HOLDS or _HOLDS[condition](call, outcome, profile))
        for condition in conditions
    )
