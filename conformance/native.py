"""What a driver that was asked in libvirt's own words answered, by the codes of its errors.

A call comes back as a refusal with the code of the error. Which kind that is depends on
what was asked: one code says several things. A code that is documented for none of the
refusals that are allowed is no refusal, and says nothing that a caller could act on.
"""

from __future__ import annotations

from snaptree.conformance.answers import Answer, Declined, Failed
from snaptree.spec.bindings.libvirt_calls import NativeCall
from snaptree.spec.bindings.libvirt_errors import NO_DOMAIN, kind_of
from snaptree.spec.outcomes import Accepted, Outcome, Refused
from snaptree.spec.state import Domain


def in_kinds(
    operation: NativeCall, before: Domain, outcome: Outcome, answer: Answer
) -> tuple[Outcome, Answer]:
    """The outcome that the answer is to be held against, and the answer in kinds of refusal.

    A refusal that the documentation leaves free takes the place of what is asked for otherwise.
    """
    if not isinstance(answer, Declined) or answer.native is None:
        return outcome, answer
    code = answer.native.get("code")
    if not isinstance(code, int):
        return outcome, answer
    free = operation.tolerated(before)
    if isinstance(outcome, Accepted):
        kind = kind_of(code, free)
        if kind is None:
            return outcome, answer
        return Refused(free), _as(kind, answer)
    if not before.defined:
        kind = "InvalidArgument" if code == NO_DOMAIN else None
    else:
        kind = kind_of(code, outcome.kinds | free)
    if kind is None:
        return outcome, Failed(f"error {code}, documented for no such refusal: {answer.text}"[:2000])
    return Refused(outcome.kinds | free, outcome.casualties), _as(kind, answer)


def _as(kind: str, answer: Declined) -> Declined:
    return Declined(kind, answer.casualties, answer.native, answer.text)
