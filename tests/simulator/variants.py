"""Profiles that nobody ships, for what no shipped one varies."""

from __future__ import annotations

from pathlib import Path
from typing import Final

VARIANTS: Final = {
    "replacing": 'inherits = "rfc"\n[names]\npolicy = "replace"\n',
    "breadth-first": 'inherits = "rfc"\n[names]\npolicy = "duplicates"\nlookup = "first-breadth-first"\n',
    "narrow": 'inherits = "rfc"\nroots = "single"\n[limits]\nmerge_children = 2\ndepth = 2\ncount = 3\n',
    "narrow-replacing": 'inherits = "rfc"\n[names]\npolicy = "replace"\n[limits]\ndepth = 2\ncount = 2\n',
    "no-base": 'inherits = "rfc"\n[features]\nreset_to_base = false\nresume_as = false\n',
    "forgetful": 'inherits = "rfc"\nrevert_with_memory = "off"\ncreate_with_managed_save = "drops"\n',
    "replacing-into-one": 'inherits = "rfc"\n[names]\npolicy = "replace"\n[limits]\nmerge_children = 1\n',
    "replacing-without-merges": 'inherits = "rfc"\n[operations]\nmerge_into_children = false\n'
    'discard = false\n[names]\npolicy = "replace"\n',
    "uuid-is-id": 'inherits = "rfc"\nidentity = "uuid"\n',
    "small-disks": 'inherits = "rfc"\n[limits]\ndisk_size = 1048576\n',
    "plain-disks": 'inherits = "rfc"\n[features]\nindependent_disks = false\n',
    "saving": 'inherits = "rfc"\nrevert_with_memory = "saved"\n',
    "image-bars": 'inherits = "rfc"\ncreate_with_managed_save = "refuses"\n',
    "without-memory": 'inherits = "rfc"\nmemory = "never"\n',
    "never-off": 'inherits = "rfc"\ntransient_off = "refused"\n',
    "virtualbox-with-module": 'inherits = "virtualbox"\nmemory = "always"\n[operations]\nstart = "native"\n'
    'stop = "native"\npause = "native"\nresume = "native"\nmanaged_save = "native"\n'
    'managed_save_remove = "native"\n[observes]\nmemory = "always"\n',
}
"""Between them, these take every value that a variation point has and no shipped profile uses."""


def profile_path(name: str, folder: Path) -> str:
    """The name of a shipped profile as it is, a variant as the path of a file in ``folder``."""
    if name not in VARIANTS:
        return name
    path = folder / f"{name}.toml"
    path.write_text(f'name = "{name}"\n{VARIANTS[name]}', encoding="utf-8")
    return str(path)
