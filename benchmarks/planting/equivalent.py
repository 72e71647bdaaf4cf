"""Faults that change nothing that anybody can see, each with the reason."""

from __future__ import annotations

from typing import Final

EQUIVALENT: Final[dict[str, str]] = {
    "active_state.is_size: isinstance(size, int) and _is_number(size) and (size > 0) and (size % BLOCK_STRIDE"
    " == 0) → _is_number(size) and size > 0 and (size % BLOCK_STRIDE == 0)": (
        "_is_number asks for an int again."
    ),
    "active_state.is_block: isinstance(block, int) and _is_number(block) and disk.holds(block)"
    " → _is_number(block) and disk.holds(block)": "_is_number asks for an int again.",
    "active_state.is_size: 0 → 1": "No positive multiple of 64 KiB is 1.",
    "discard.effect: isinstance(operation, DiscardForced) and lost.active → lost.active": (
        "A plain discard that would lose the active state is refused, and its plan is that of the forced one."
    ),
    "merge_into_parent.effect: isinstance(operation, MergeIntoParentForced) and lost.active → lost.active": (
        "A plain merge that would lose the active state is refused, and its plan is that of the forced one."
    ),
    "create._generated_uuid: 4096 → 4097": "How many uuids are kept: what is not kept is computed again.",
    "listing.lookup_effect: 1 → 0": "A walk finds the only bearer as well.",
}
"""Reasons by the key of the fault."""
