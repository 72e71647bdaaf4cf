"""Documents of checkpoints, valid and mutated, and in what our schema and libvirt's differ about them."""

from __future__ import annotations

from hypothesis import strategies as st

from snaptree.spec.xml import read_checkpoint, write_checkpoint

from .agreement import DIFFERENCES, DOMAIN, TARGETS, WORDS, Node, Vocabulary, from_text, leaf, mutated

NAMES = st.sampled_from(["1525889631", "a", "-", "_a.b", "before-backup", "x" * 300])
SIZES = st.sampled_from(["0", "65536", "007", " 5 ", "18446744073709551615"])
BITMAPS = st.sampled_from(["1525889631", "", " b ", "größer"])


@st.composite
def disks(draw: st.DrawFn, name: str) -> Node:
    """A ``<disk>`` that takes part or does not."""
    disk = Node("disk", {"name": name}, text=draw(st.sampled_from(["", "", "\n"])))
    place = draw(st.sampled_from(["no", "bitmap", " bitmap", None]))
    if place is not None:
        disk.attributes["checkpoint"] = place
    if place != "no":
        for attribute, values in (("bitmap", BITMAPS), ("size", SIZES)):
            if draw(st.booleans()):
                disk.attributes[attribute] = draw(values)
    return disk


@st.composite
def disk_lists(draw: st.DrawFn) -> Node:
    """A list of at least one disk, each named once."""
    names = draw(st.lists(st.sampled_from(TARGETS), min_size=1, max_size=3, unique=True))
    return Node("disks", children=[draw(disks(name)) for name in names])


PARTS: list[st.SearchStrategy[Node]] = [
    leaf("name", NAMES),
    leaf("description", WORDS),
    leaf("creationTime", st.sampled_from(["0", "1525889631", " 12 ", "18446744073709551615"])),
    leaf("name", NAMES).map(lambda name: Node("parent", children=[name])),
    disk_lists(),
    st.just(DOMAIN).map(from_text),
]


@st.composite
def valid_checkpoints(draw: st.DrawFn) -> Node:
    """A ``<domaincheckpoint>`` as the documentation of libvirt describes it."""
    chosen = draw(st.lists(st.sampled_from(range(len(PARTS))), unique=True, max_size=len(PARTS)))
    return Node("domaincheckpoint", children=[draw(PARTS[number]) for number in chosen])


DOCUMENTS = st.one_of(valid_checkpoints(), mutated(valid_checkpoints()), mutated(valid_checkpoints()))

_ALSO_HERE = ("a disk listed twice", "space around a number", "inside a domain")
CHECKPOINTS = Vocabulary(
    "domaincheckpoint.rng",
    "checkpoint",
    read_checkpoint,
    write_checkpoint,
    tuple(
        one
        for one in DIFFERENCES
        if one.name in ("a disk listed twice", "space around a number", "inside a domain")
    ),
)
