"""names: every name and text that somebody's code has tripped over, once, on the driver.

Random sequences meet each of them seldom. Here each gets a short life: a snapshot is created under it,
looked up by it, another is renamed to it, and described by it. Where the driver claims that its hypervisor
can be killed, a few of them at a time are there when it is, and must be there when it is back.
"""

from __future__ import annotations

from functools import cache
from typing import Final

from snaptree.conformance.methods.sampled import ODD_NAMES
from snaptree.spec import operations as ops
from snaptree.spec.operations import Operation
from snaptree.spec.profiles import Profile

Sequence = tuple[Operation, ...]

MORE_NAMES: Final = (
    "plain", " leading", "trailing ", "two  blanks", "\t", "a\tb", "a\rb", "a\r\nb", "\x7f", "\u0085",
    "\u2028", "]]>", "<!--", "&#10;", "\"'`", "\\", "/", "a/b", ".", "..", "-", "--", "*", "?", "0", "-1",
    "1e3", "null", "None", "00000000-0000-0000-0000-000000000000", "6ba7b810-9dad-41d1-80b4-00c04fd430c8",
    "6BA7B810-9DAD-41D1-80B4-00C04FD430C8", "{6ba7b810-9dad-41d1-80b4-00c04fd430c8}", "\ufeffbom", "\ufffe",
    "\u00e9" * 127, "\u00e9" * 128, "x" * 248,
)  # fmt: skip
"""Beside those that the sampled method draws: blanks, markup, what looks like a path, an option, an id."""


AT_ONCE: Final = 8
"""Names that are there when the hypervisor is killed, which takes it a while to come back from."""


@cache
def name_sequences(profile: Profile) -> tuple[Sequence, ...]:
    """A short life of each name, and what outlives a crash; calls that are not claimed are left out."""
    names = tuple(dict.fromkeys((*ODD_NAMES, *MORE_NAMES)))
    lives = [_life(profile, name) for name in names]
    if profile.claims("crash"):
        allowed = [name for name in names if profile.names.allows(name)]
        lives += [_survived(allowed[first : first + AT_ONCE]) for first in range(0, len(allowed), AT_ONCE)]
    return tuple(lives)


def _life(profile: Profile, name: str) -> Sequence:
    life = (
        ops.Create("first"),
        ops.Create(name),
        ops.LookupByName(name),
        ops.Rename("s1", f"{name}{name}"),
        ops.Describe("s1", name),
        ops.LookupByName(f"{name}{name}"),
        ops.Rename("s1", name),
    )
    # What a description may hold no profile says; what a name may hold, a description can carry.
    described = profile.names.allows(name)
    return tuple(one for one in life if profile.claims(one.call) and (described or one.op != "describe"))


def _survived(names: list[str]) -> Sequence:
    return (*(ops.Create(name, description=name) for name in names), ops.Crash())
