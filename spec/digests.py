"""Digests that say which specification and which profile a result is about.

A digest says that two texts are equal, and nothing about who wrote them.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cache
from hashlib import sha256
from importlib.resources import files
from importlib.resources.abc import Traversable

from snaptree.spec.profiles import Profile, record_of


def specification_digest() -> str:
    """SHA-256, in hexadecimal, of every file of the specification: chapters, model, claims, vocabulary."""
    return package_digest("snaptree.spec")


@cache
def package_digest(package: str) -> str:
    """SHA-256, in hexadecimal, of every file of a package, each with its path."""
    digest = sha256()
    for name, content in sorted(_content(files(package), "")):
        digest.update(f"{name}\0{len(content)}\0".encode())
        digest.update(content)
    return digest.hexdigest()


def profile_digest(profile: Profile) -> str:
    """SHA-256, in hexadecimal, of a profile in full, as canonical JSON."""
    return json_digest(record_of(profile))


def json_digest(value: object) -> str:
    """SHA-256, in hexadecimal, of a value as JSON in ASCII, keys sorted, without blanks."""
    return sha256(json.dumps(value, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def _content(folder: Traversable, path: str) -> Iterator[tuple[str, bytes]]:
    """Every file below a folder by its path, but for what Python compiled."""
    for entry in folder.iterdir():
        if entry.is_dir():
            if entry.name != "__pycache__":
                yield from _content(entry, f"{path}{entry.name}/")
        elif not entry.name.endswith((".pyc", ".orig", ".rej")):
            yield f"{path}{entry.name}", entry.read_bytes()
