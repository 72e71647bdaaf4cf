"""What a URI asks for: what is libvirt's of it, and what is ours.

``?snapshots=`` says how a domain of QEMU's keeps its snapshots, ``?tree=`` in which
private tree libvirt is looked for, ``?thin=yes`` that its calls are made unasked, and
``?root=`` belongs to ``qemu:///embed``: none of them is shown to libvirt.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal, get_args
from urllib.parse import parse_qsl, quote, urlencode, urlsplit, urlunsplit

from snaptree.conformance.driver import DriverUnavailable

Kind = Literal["internal", "external", "mixed"]
"""Inside the images; as overlays; by turns, the first one inside."""

KINDS: Final[tuple[Kind, ...]] = get_args(Kind)


@dataclass(frozen=True)
class Address:
    """A URI without what is ours, and that."""

    uri: str
    kind: Kind = "internal"
    root: str | None = None
    tree: str | None = None
    thin: bool = False

    @property
    def plain(self) -> str:
        """The URI without a query, for people."""
        return self.uri.partition("?")[0]


def read_address(target: str) -> Address:
    """Read what stands behind ``libvirt:``. Raises DriverUnavailable for what cannot be asked for."""
    parts = urlsplit(target)
    query = dict(parse_qsl(parts.query, keep_blank_values=True))
    asked = query.pop("snapshots", "internal")
    kind = next((one for one in KINDS if one == asked), None)
    if kind is None:
        raise DriverUnavailable(f"snapshots={asked!r:.50} is none of {', '.join(KINDS)}")
    tree = query.pop("tree", None)
    thin = query.pop("thin", "no")
    if thin not in ("yes", "no"):
        raise DriverUnavailable(f"thin={thin!r:.50} is neither yes nor no")
    root = query.pop("root", None) if parts.path.startswith("/embed") else None
    rest = urlencode(query, quote_via=quote, safe="/")
    # urlunsplit drops the empty authority of a scheme that it does not know.
    uri = f"{parts.scheme}://{parts.netloc}{urlunsplit(('', '', parts.path, rest, ''))}"
    return Address(uri if parts.scheme else target, kind, root, tree, thin == "yes")
