"""Words that are shorter or that a user of virsh knows, each of them one call of the specification.

The mapping is a plain one, on purpose: no word looks at the tree to choose what
it means. virsh's own delete does; here a call says which of the deletes is meant.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from snaptree.conformance.shell.reading import Argument
from snaptree.conformance.shell.session import Mistake

Change = tuple[str | None, tuple[str, str] | None]
"""What a flag makes of a call: another call, or None for the same; an argument and its value, or None."""


@dataclass(frozen=True)
class Alias:
    """A word of virsh: the call that it is, and what each of its own flags changes."""

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
        force=(None, ("forced", "true")),
    ),
    "snapshot-list": _alias("list", "snapshot-list"),
    "snapshot-current": _alias("current", "snapshot-current"),
    "snapshot-parent": _alias("parent", "snapshot-parent NAME"),
    "destroy": _alias("stop", "destroy"),
    "suspend": _alias("pause", "suspend"),
    "managedsave": _alias("managed_save", "managedsave"),
    "managedsave-remove": _alias("managed_save_remove", "managedsave-remove"),
}

FORCEABLE: Final = ("merge_into_parent", "discard")


def expanded(word: str, arguments: Sequence[Argument]) -> tuple[str, list[Argument]]:
    """The call, and its arguments, that an alias with these arguments stands for. Raises Mistake."""
    alias = ALIASES[word]
    call, chosen, rest = alias.call, "", list[Argument]()
    for argument in arguments:
        flag = argument.key or ""
        if argument.text is not None or flag not in alias.flags:
            rest.append(argument)
            continue
        other, extra = alias.flags[flag]
        if flag != "force":
            if chosen and chosen != flag:
                raise Mistake(f"{_typed(chosen)} and {_typed(flag)} exclude each other")
            chosen = flag
        call = other or call
        if extra is not None:
            rest.append(Argument(extra[1], extra[0]))
    if any(one.key == "forced" for one in rest) and call not in FORCEABLE:
        raise Mistake(f"--force goes with --parent or --discard: {call} has nothing to force")
    return call, rest


def _typed(flag: str) -> str:
    return "--" + flag.replace("_", "-")
