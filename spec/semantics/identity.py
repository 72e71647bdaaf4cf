"""rename and describe: what a snapshot is called never is what it is."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from snaptree.spec.copies import replace
from snaptree.spec.operations import Describe, Rename
from snaptree.spec.profiles import Profile
from snaptree.spec.state import Domain

_NO_XML: Final = re.compile("[\\x00-\\x08\\x0b\\x0c\\x0e-\\x1f\\ud800-\\udfff\\ufffe\\uffff]")
"""What is no Char of XML 1.0: most control characters, halves of surrogate pairs, U+FFFE and U+FFFF.

What is left out is listed, not what is in: Python compiles the short list in a twentieth of the time.
"""


def unwritable(description: str, profile: Profile) -> Iterator[str]:
    """A description that the profile's hypervisor cannot keep."""
    if profile.descriptions == "xml" and _NO_XML.search(description):
        yield "InvalidArgument"


def rename_arguments(domain: Domain, operation: Rename, profile: Profile) -> Iterator[str]:
    """An invalid name, or one that another snapshot bears where names do not repeat."""
    if not profile.names.allows(operation.name):
        yield "InvalidName"
    bearers = [bearer for bearer in domain.names.get(operation.name, ()) if bearer != operation.snapshot]
    if bearers and profile.names.policy != "duplicates":
        yield "NameInUse"


def rename_refused(domain: Domain, operation: Rename, profile: Profile) -> Iterator[str]:
    """Nothing: what is wrong with a name is wrong whatever snapshot is to bear it."""
    yield from ()


def rename_effect(domain: Domain, operation: Rename, profile: Profile) -> tuple[Domain, None]:
    """The tree: another name on the same snapshot. The active state: unchanged."""
    snapshot = domain.snapshots[operation.snapshot]
    return domain.with_changed(replace(snapshot, name=operation.name)), None


def describe_arguments(domain: Domain, operation: Describe, profile: Profile) -> Iterator[str]:
    """A description that cannot be written."""
    yield from unwritable(operation.description, profile)


def describe_refused(domain: Domain, operation: Describe, profile: Profile) -> Iterator[str]:
    """Nothing: any listed snapshot can be described."""
    yield from ()


def describe_effect(domain: Domain, operation: Describe, profile: Profile) -> tuple[Domain, None]:
    """The tree: another description on the same snapshot. The active state: unchanged."""
    snapshot = domain.snapshots[operation.snapshot]
    return domain.with_changed(replace(snapshot, description=operation.description)), None
