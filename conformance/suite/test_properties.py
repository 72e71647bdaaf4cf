"""Properties of whole sequences on the driver under test; state your own in the same way."""

import pytest

from snaptree.conformance.suite.properties import (
    Candidate,
    Property,
    keeps_in_step_with_the_model,
    looking_changes_nothing,
    refusal_changes_nothing,
    try_property,
)


@pytest.mark.parametrize(
    "holds",
    [keeps_in_step_with_the_model, refusal_changes_nothing, looking_changes_nothing],
    ids=lambda holds: str(holds.__name__),
)
def test_property(snaptree_candidate: Candidate, holds: Property) -> None:
    try_property(snaptree_candidate, holds)
