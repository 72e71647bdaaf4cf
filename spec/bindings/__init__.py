"""The bindings: shapes that the API could have, each a thin layer over the operations.

A binding translates one call of its API, under a profile, into operations of ``snaptree.spec.operations``,
or answers it at once: refused before the hypervisor is asked, or accepted because only the record changes.
No binding knows the meaning of an operation; ``outcome_of`` is given a function for that.

This module holds the shared parts. The shapes are ``refined_flags``, ``separate_calls``,
``direction_flags`` and ``libvirt``; libvirt's lists and REDEFINE have modules of their own.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import IntFlag

from snaptree.spec.operations import Operation, Reclaim
from snaptree.spec.outcomes import Accepted, Outcome, Refused
from snaptree.spec.profiles import Profile
from snaptree.spec.state import Domain

Translation = tuple[Operation, ...] | Outcome
"""What a call becomes: operations that happen all or not at all, or the answer itself."""


def refused(*kinds: str) -> Refused:
    """A call that is refused before it becomes an operation; each kind is a correct answer."""
    return Refused(frozenset(kinds))


def asked(profile: Profile, *operations: Operation) -> tuple[Operation, ...]:
    """The operations; where the profile does not claim one, that one alone.

    The specification refuses it as it refuses every unclaimed call: as ``Unsupported`` and nothing else.
    """
    unclaimed = [operation for operation in operations if not profile.claims(operation.call)]
    return tuple(unclaimed[:1]) or operations


def is_number(flags: object) -> bool:
    """Whether an argument can be flags at all: a whole number, and neither a text, a fraction nor a truth."""
    return isinstance(flags, int) and not isinstance(flags, bool)


def has_unknown(flags: int, kind: type[IntFlag]) -> bool:
    """Whether the flags are no number, or a bit is set that no flag of this kind has."""
    known = 0
    for flag in kind:
        known |= int(flag)  # as a plain number: the complement of an IntFlag is that within its flags
    return not is_number(flags) or bool(int(flags) & ~known)


def outcome_of(
    translation: Translation,
    domain: Domain,
    profile: Profile,
    step: Callable[[Domain, Operation, Profile], Outcome],
) -> Outcome:
    """The outcome of a translated call on the domain that it was translated for.

    The result is that of the first operation. If any operation is refused, the whole call is refused and
    the domain does not change.
    """
    if not isinstance(translation, tuple):
        return translation
    result = None
    for number, operation in enumerate(translation):
        outcome = step(domain, operation, profile)
        if isinstance(outcome, Refused):
            return outcome
        domain = outcome.domain
        result = outcome.result if number == 0 else result
    return Accepted(result, domain)


def reclaim(snapshot: str, profile: Profile) -> Translation:
    """Give back the storage of a retired snapshot: the same call in every shape."""
    return asked(profile, Reclaim(snapshot))
