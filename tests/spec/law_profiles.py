"""Profiles that the laws are tried under beside the shipped ones."""

from __future__ import annotations

from dataclasses import replace

from snaptree.spec.profiles import Limits, Names, load_profile

RFC = load_profile("rfc")
NARROW = replace(
    RFC,
    name="narrow",
    operations={
        call: claim
        for call, claim in RFC.operations.items()
        if call not in ("merge_into_parent", "merge_into_parent_forced", "retire")
    },
    features={},
    power={"discard": ("off",), "merge_into_children": ("off", "running"), "revert": ("off",)},
    memory="always",
    names=Names("duplicates", "first-depth-first"),
    limits=Limits(merge_children=1, depth=3, count=5),
    roots="single",
    revert_with_memory="saved",
)
"""What VirtualBox could be like: limits, names that repeat, nothing on a running domain."""
WALKING = replace(RFC, name="walking", names=Names("duplicates", "first-breadth-first"))
REPLACING = replace(RFC, name="replacing", names=Names("replace"), create_with_managed_save="drops")
