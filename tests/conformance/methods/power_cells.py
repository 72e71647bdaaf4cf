"""What each shipped profile claims, and allows in each power state: a table written by hand.

It shares nothing with ``Profile.allows_power`` or with the reading of profiles, which model and simulator
have in common. The three signs of a call are for off, running and paused: ``+`` it is accepted in some state
of the domain, ``-`` it is always refused as ``InvalidPowerState``.
"""

from __future__ import annotations

from typing import Final

POWERS: Final = ("off", "running", "paused")

OWN_NEEDS: Final = {
    "start": "+--", "stop": "-++", "pause": "-+-", "resume": "--+", "managed_save": "-++",
    "write_memory": "-++", "undefine": "+--", "undefine_forced": "+--",
}  # fmt: skip
"""What calls need under any profile; every other call is ``+++``."""

BARRED: Final[dict[str, dict[str, str]]] = {
    "libvirt-qemu-external": {"write_disk": "++-"},
    "libvirt-qemu-external-no-revert": {"write_disk": "++-"},
    "libvirt-qemu-mixed": {"write_disk": "++-"},
    "virtualbox": dict.fromkeys(
        ("revert", "merge_into_children", "discard", "discard_forced", "remove_subtree", "write_disk"), "+--"
    ),
}
"""What a profile bars beside that."""

UNREACHED: Final[dict[str, tuple[str, ...]]] = {
    "esx": ("paused",),
    "qemu": ("running", "paused"),
    "qemu-in-place": ("running", "paused"),
    "qemu-internal": ("running", "paused"),
    "virtualbox": ("running", "paused"),
}
"""Power states that no call of the profile leads to: none of their cells can be held by a step."""

_LOOK_UPS: Final = "list children parent current lookup_by_name lookup_by_id count"
_TREE: Final = f"create revert merge_into_children discard discard_forced remove_subtree describe {_LOOK_UPS}"
_LIBVIRT: Final = (
    f"{_TREE} start stop pause resume managed_save managed_save_remove undefine undefine_forced "
    "write_disk configure"
)
_MEMORY: Final = f"{_LIBVIRT} write_memory"


def _without(calls: str, *dropped: str) -> frozenset[str]:
    return frozenset(calls.split()) - set(dropped)


CLAIMED: Final[dict[str, frozenset[str]]] = {
    "esx": _without(f"{_TREE} rename start stop configure undefine undefine_forced"),
    "libvirt": _without(_LIBVIRT),
    "libvirt-qemu-external": _without(_MEMORY, "remove_subtree", "discard_forced"),
    "libvirt-qemu-external-no-revert": _without(
        _MEMORY, "remove_subtree", "discard_forced", "revert", "discard"
    ),
    "libvirt-qemu-internal": _without(f"{_MEMORY} resize_disk attach_disk detach_disk"),
    "libvirt-qemu-mixed": _without(_MEMORY, "remove_subtree", "discard_forced", "undefine_forced"),
    "libvirt-test": _without(_LIBVIRT, "write_disk"),
    "qemu": _without(
        f"{_TREE} rename merge_into_parent merge_into_parent_forced retire reclaim write_disk resize_disk"
    ),
    "qemu-in-place": _without(
        f"{_TREE} rename merge_into_parent merge_into_parent_forced retire reclaim write_disk resize_disk"
    ),
    "qemu-internal": _without(f"{_TREE} write_disk resize_disk"),
    "qemu-live": _without(
        f"{_MEMORY} rename merge_into_parent merge_into_parent_forced retire reclaim crash resize_disk",
        "configure",
        "undefine",
        "undefine_forced",
    ),
    "rfc": _without(
        f"{_MEMORY} rename merge_into_parent merge_into_parent_forced retire reclaim crash resize_disk "
        "attach_disk detach_disk"
    ),
    "virtualbox": _without(f"{_TREE} rename crash write_disk configure"),
}

SIZES: Final[dict[str, dict[str, tuple[int, int]]]] = {
    "esx": {
        "tree=3": (17, 242), "ages=3": (27, 417), "storage=2": (6, 83), "power=1": (8, 59),
        "cycles=1": (8, 59), "memory=1": (8, 55), "configuration=2": (11, 95),
    },
    "libvirt": {
        "tree=3": (31, 451), "ages=3": (51, 801), "storage=2": (11, 155), "power=1": (40, 570),
        "cycles=1": (40, 570), "memory=1": (12, 78), "configuration=2": (11, 95),
    },
    "libvirt-qemu-external": {
        "tree=3": (18, 248), "ages=3": (20, 284), "storage=2": (8, 104), "power=1": (198, 3058),
        "cycles=1": (100, 1214), "memory=1": (24, 118), "configuration=2": (8, 64),
    },
    "libvirt-qemu-external-no-revert": {
        "tree=3": (8, 78), "ages=3": (8, 78), "storage=2": (6, 64), "power=1": (198, 2338),
        "cycles=1": (96, 930), "memory=1": (24, 118), "configuration=2": (6, 40),
    },
    "libvirt-qemu-internal": {
        "tree=3": (31, 451), "ages=3": (51, 801), "storage=2": (11, 155), "power=1": (108, 1598),
        "cycles=1": (49, 563), "memory=1": (18, 84), "configuration=2": (11, 95), "libvirt=1": (78, 4099),
    },
    "libvirt-qemu-mixed": {
        "tree=3": (31, 451), "ages=3": (51, 801), "storage=2": (11, 155), "power=1": (144, 2182),
        "cycles=1": (61, 725), "memory=1": (18, 84), "configuration=2": (11, 95),
    },
    "libvirt-test": {
        "tree=3": (17, 242), "ages=3": (27, 417), "storage=2": (6, 83), "power=1": (20, 285),
        "cycles=1": (20, 285), "memory=1": (6, 39), "configuration=2": (11, 95), "libvirt=1": (29, 1763),
    },
    "qemu": {"tree=3": (34, 484), "ages=3": (54, 834), "storage=2": (42, 588)},
    "qemu-in-place": {"tree=3": (34, 484), "ages=3": (54, 834), "storage=2": (42, 588)},
    "qemu-internal": {"tree=3": (31, 451), "ages=3": (51, 801), "storage=2": (11, 155)},
    "qemu-live": {
        "tree=3": (34, 484), "ages=3": (54, 834), "storage=2": (42, 588), "power=1": (144, 2326),
        "running=3": (35, 485), "memory=1": (24, 134), "cycles=1": (75, 949),
    },
    "rfc": {
        "tree=3": (34, 484), "ages=3": (54, 834), "storage=2": (42, 588), "power=1": (216, 3566),
        "cycles=1": (99, 1293), "memory=1": (24, 134), "configuration=2": (12, 102),
    },
    "virtualbox": {
        "tree=3": (18, 248), "ages=3": (20, 284), "storage=2": (8, 104), "configuration=2": (8, 64),
    },
}  # fmt: skip
"""States and transitions of the graphs that a run tours; one that shrinks leaves something out in silence."""


def expected(profile: str, call: str, power: str) -> str:
    """The sign of a cell: ``+``, ``-``, or ``?`` for one that no step can hold."""
    if power in UNREACHED.get(profile, ()):
        return "?"
    place = POWERS.index(power)
    rows = (OWN_NEEDS.get(call, "+++"), BARRED.get(profile, {}).get(call, "+++"))
    return "+" if all(row[place] == "+" for row in rows) else "-"
