"""Refusals that a profile names as documented: no deviation, and no pass."""

from __future__ import annotations

from snaptree.conformance.engine.answers import Answer, Declined
from snaptree.spec.operations import Operation
from snaptree.spec.outcomes import Outcome, Refused
from snaptree.spec.profiles import DocumentedRefusal, Profile
from snaptree.spec.state import Domain
from snaptree.spec.vocabulary import CONDITIONS


def documented_refusal(
    operation: Operation, before: Domain, outcome: Outcome, answer: Answer, profile: Profile
) -> DocumentedRefusal | None:
    """The limit of the profile that this refusal is; None where it is right by the rules, or by nothing.

    The condition has to hold for the step, and the kind has to be the one that the profile names.
    """
    if not profile.refuses or not isinstance(answer, Declined):
        return None
    if isinstance(outcome, Refused) and answer.kind in outcome.kinds:
        return None
    return next(
        (
            one
            for one in profile.refuses
            if (one.call, one.kind) == (operation.call, answer.kind)
            and (not one.condition or CONDITIONS[one.condition].holds(before, operation, profile))
        ),
        None,
    )
