"""Short words and words of virsh, each of them for one call of the specification.

The mapping never looks at the tree to choose a meaning. virsh's own delete does; here the user says which
of the deletes is meant.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from snaptree.conformance.shell.reading import Argument
from snaptree.conformance.shell.session import Mistake
from snaptree.spec.operations import FORCED

Change = tuple[str | None, tuple[str, str] | None]
"""What a flag makes of a call: another call, or None for the same; an argument and its value, or None."""


@dataclass(frozen=True)
class Alias:
    """A word of virsh: its call, and the change that each of its own flags makes."""

    call: str
    usage: str
    about: str
    flags: Mapping[str, Change]


def _alias(call: str, usage: str, about: str = "", **flags: Change) -> Alias:
    return Alias(call, usage, about or f"is {call}", flags)


_POWER: Final[dict[str, Change]] = {
    state: (None, ("resume_as", state)) for state in ("running", "paused", "off")
}

WRITE: Final = "write"

ALIASES: Final[dict[str, Alias]] = {
    WRITE: _alias(
        "write_disk", "write [VALUE]", "is write_disk, block 0 of the first disk, each time another value"
    ),
    "snapshot-create": _alias("create", "snapshot-create NAME [DESCRIPTION] [--memory] [--quiesce]"),
    "snapshot-create-as": _alias("create", "snapshot-create-as", "is snapshot-create"),
    "snapshot-revert": Alias(
        "revert", "snapshot-revert NAME [--running|--paused|--off]", "is revert", _POWER
    ),
    "snapshot-delete": _alias(
        "merge_into_children",
        "snapshot-delete NAME [--children|--children-only|--parent|--discard] [--force]",
        "is merge_into_children; --children is remove_subtree, --children-only keeps its root, "
        "--parent is merge_into_parent, --discard is discard, and --force is their forced variant",
        children=("remove_subtree", None),
        children_only=("remove_subtree", ("keep_root", "true")),
        parent=("merge_into_parent", None),
        discard=("discard", None),
        force=(None, None),
    ),
    "snapshot-list": _alias("list", "snapshot-list"),
    "snapshot-current": _alias("current", "snapshot-current"),
    "snapshot-parent": _alias("parent", "snapshot-parent NAME"),
    "destroy": _alias("stop", "destroy"),
    "suspend": _alias("pause", "suspend"),
    "managedsave": _alias("managed_save", "managedsave"),
    "managedsave-remove": _alias("managed_save_remove", "managedsave-remove"),
}

FORCE: Final = "force"
"""The flag that makes a call its forced variant."""


def expand_alias(word: str, arguments: Sequence[Argument]) -> tuple[str, list[Argument]]:
    """The call, with its arguments, for an alias with these arguments. Raises Mistake."""
    alias = ALIASES[word]
    call, chosen, forced, rest = alias.call, "", False, list[Argument]()
    for argument in arguments:
        flag = argument.key or ""
        if argument.text is not None or flag not in alias.flags:
            rest.append(argument)
            continue
        other, extra = alias.flags[flag]
        forced = forced or flag == FORCE
        if flag != FORCE:
            if chosen and chosen != flag:
                raise Mistake(f"{_flag(chosen)} and {_flag(flag)} exclude each other")
            chosen = flag
        call = other or call
        if extra is not None:
            rest.append(Argument(extra[1], extra[0]))
    if forced and call not in FORCED:
        raise Mistake(f"--force goes with --parent or --discard: {call} has nothing to force")
    return (FORCED[call].call if forced else call), rest


def _flag(flag: str) -> str:
    return "--" + flag.replace("_", "-")
