"""The documents that take the longest of those that the limits let through."""

from __future__ import annotations

from collections.abc import Callable

from snaptree.schemas.xml import LIMITS

HEAD, TAIL = b"<domainsnapshot>", b"</domainsnapshot>"


def inside(data: bytes) -> bytes:
    return HEAD + b"<cookie>" + data + b"</cookie>" + TAIL


def disks(data: bytes) -> bytes:
    return HEAD + b"<disks>" + data + b"</disks>" + TAIL


def in_source(data: bytes) -> bytes:
    return disks(b"<disk name='vda'><source file='/a'>" + data + b"</source></disk>")


def filled(begin: bytes, unit: bytes, end: bytes) -> bytes:
    """As large as the limits let it be."""
    return begin + unit * ((LIMITS.size - len(begin) - len(end)) // len(unit)) + end


WIDE = LIMITS.children - 10
SPACES = b" ".join(b"xmlns:a%d='u:%d'" % (n, n) for n in range(64))
WORST: dict[str, Callable[[], bytes]] = {
    "elements": lambda: inside((b"<a>" + b"<a/>" * WIDE + b"</a>") * 9),
    "depth": lambda: inside(b"<a>" * 90 + b"</a>" * 90),
    "references": lambda: filled(HEAD + b"<name>", b"&lt;", b"</name>" + TAIL),
    # Each error of libxml2 costs a walk over all that stands before it, and all keys are compared.
    "disks without a name": lambda: disks(b"<disk/>" * WIDE),
    "one disk many times": lambda: disks(b"<disk name='vda'/>" * WIDE),
    "many disks": lambda: disks(b"".join(b"<disk name='vda%060d'/>" % n for n in range(WIDE))),
    "disks that break everything": lambda: disks(
        b"<disk name='vda' type='network' snapshot='no'><source dev='a'><slices/></source></disk>" * WIDE
    ),
    "attributes that nobody knows": lambda: disks(
        (b"<disk " + b" ".join(b"a%d=''" % n for n in range(64)) + b"/>") * 300
    ),
    "in many namespaces": lambda: (
        HEAD[:-1]
        + b" "
        + SPACES
        + b"><disks>"
        + b"<disk a1:x='' a2:x='' a3:x=''/>" * WIDE
        + b"</disks>"
        + TAIL
    ),
    # Assertions that look at siblings.
    "order in a source": lambda: in_source(b"<seclabel/><slices/><encryption/>" * (WIDE // 3)),
    "in the wrong order": lambda: in_source(b"<slices/>" * (WIDE // 2) + b"<seclabel/>" * (WIDE // 2)),
    # libxml2 measures a text again with each piece that it is put together from.
    "a text in pieces": lambda: HEAD + b"<name>" + (b"a" * 2_000 + b"<?b?>") * WIDE + b"</name>" + TAIL,
    "unknown ones and text": lambda: HEAD + (b"<x/>" + b"y" * 2_000) * WIDE + TAIL,
    "names of 49,000 letters": lambda: (
        HEAD + b"".join(b"<%s%d/>" % (b"descriptio" * 4_900, n) for n in range(80)) + TAIL
    ),
    # Patterns and messages that see the whole of a long value.
    "a long path": lambda: filled(HEAD + b"<disks><disk name='/", b"a", b"'/></disks>" + TAIL),
    "a long name of no disk": lambda: filled(HEAD + b"<disks><disk name='fd", b"a", b"%'/></disks>" + TAIL),
    "a long state": lambda: filled(HEAD + b"<state>", b" x", b"</state>" + TAIL),
    "a long number": lambda: filled(HEAD + b"<creationTime>", b"9", b"</creationTime>" + TAIL),
    "a long nothing": lambda: filled(HEAD + b"<creationTime>", b"0", b"</creationTime>" + TAIL),
    "a long uuid": lambda: filled(HEAD + b"<domain><uuid>", b"0", b"</uuid></domain>" + TAIL),
    "a long name of a checkpoint": lambda: filled(
        b"<domaincheckpoint><name>", b"a", b"%</name></domaincheckpoint>"
    ),
}
