"""The page of the protocol of `exec:`: messages, codes, deadlines and variables, from the code."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from pages.words import table
from snaptree.conformance.drivers.remote.deadlines import BRINGING_UP, DEADLINE, SHUTTING_DOWN
from snaptree.conformance.drivers.remote.messages import CODES, PROTOCOL
from snaptree.schemas import json_schema
from snaptree.spec.outcomes import REFUSALS

RESULTS: Final = {
    "hello": "an object: `name`, `version` and `profile`. The profile is a shipped one's name or all of it, "
    "and may be absent where the user gives `--profile`. Also `fast`, `announcement`, `settings`, `secrets`; "
    "`volatile` and `holds` of a driver that opens a domain again from its folder",
    "open": "an object: `domain`, the handle of the new domain; `calls`, the calls that it has; and "
    "`folder`, in which all lies that is persistent, if there is one; `fails`, whether `let_go` takes true",
    "reopen": "as `open`: the domain in that folder, recovered",
    "attach": "as `open`: another caller on the same domain, with a handle of its own. `close` ends that "
    "caller only",
    "held_at": "where the call of this caller is stopped now, a text, or null",
    "shutdown": "an object: `kept_at`, the folder of what was kept, or null. The process then ends",
    "create": "the id of the new snapshot, a text",
    "list": "all ids in order of creation",
    "children": "ids in order of creation",
    "parent": "an id, or null for a root",
    "current": "an id or null",
    "lookup_by_name": "an id",
    "lookup_by_id": "the id",
    "count": "an integer",
    "observe": "an observation, see {ref}`its schema <schema-observation>`",
    "digests": "SHA-256 of each whole disk in hexadecimal, by snapshot id, `active` or `base`, and by disk",
    "native_call": "what libvirt's call returns",
}
"""What a request is answered with; every other one with null."""

VARIABLES: Final = {
    "SNAPTREE_CHECK_MESSAGES": "1: the runner checks each message against its schema, and says what is wrong",
    "SNAPTREE_TRACEBACK": "1: a defect of snaptree itself shows where it happened",
    "SNAPTREE_CACHE": "the folder of private trees, which `snaptree drivers --install` fills",
    "SNAPTREE_QEMU_BIN": "the folder of qemu-img and qemu-io, where `--qemu-bin` does not say it",
    "SNAPTREE_ESX_USER": "the user of the ESX driver, where no file of credentials does",
    "SNAPTREE_ESX_PASSWORD": "its password",
    "SNAPTREE_REQUIRE": "hypervisors, separated by commas, whose absence is a failure and no skip",
}
"""The variables of the environment that snaptree reads."""


def protocol_pages() -> dict[str, str]:
    """One page: the text beside this module, with what the code says filled in."""
    deadlines = (
        ("a call", f"{DEADLINE:g}", "`--setting deadline=SECONDS`"),
        ("`hello` and `open`", f"{BRINGING_UP:g}", "`--setting opening=SECONDS`; else five deadlines"),
        ("`shutdown`, and the end of the process after it", f"{SHUTTING_DOWN:g}", "none"),
    )
    words = {
        "PROTOCOL": str(PROTOCOL),
        "REQUESTS": table(("method", "params", "result"), _requests()),
        "CODES": table(("code", "meaning"), ((f"`{code}`", text) for code, text in CODES.items())),
        "KINDS": ", ".join(f"`{kind}`" for kind in REFUSALS),
        "DEADLINES": table(("what", "seconds", "setting"), deadlines),
        "VARIABLES": table(
            ("variable", "meaning"), ((f"`{name}`", text) for name, text in VARIABLES.items())
        ),
    }
    text = (Path(__file__).parent / "protocol.md").read_text(encoding="utf-8")
    return {"protocol.md": re.sub("@([A-Z]+)@", lambda found: words[found[1]], text)}


def _requests() -> Iterator[tuple[str, str, str]]:
    for form in json_schema("rpc-request")["oneOf"]:
        named = form["properties"]["method"]
        params = form["properties"]["params"].get("properties", {})
        shown = ", ".join(_param(name, entry) for name, entry in params.items())
        for method in named.get("enum", [named.get("const")]):
            yield f"`{method}`", shown or "none", RESULTS.get(method, "null")


def _param(name: str, entry: dict[str, Any]) -> str:
    about = entry.get("description")
    constant = f" = {json.dumps(entry['const'])}" if "const" in entry else ""
    return f"`{name}{constant}`" + (f" ({about.rstrip('.')})" if about else "")
