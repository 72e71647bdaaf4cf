"""One test for each method of a run: a method that the budget left unfinished is an error.

The rules that the unfinished part would have tested are skipped or pass by what was seen, so that they alone
would leave a session green.
"""

from __future__ import annotations

import pytest

from snaptree.conformance.judging.record import count_of
from snaptree.conformance.methods.catalogue import METHODS
from snaptree.conformance.running.assess import Assessment


@pytest.fixture
def unfinished(request: pytest.FixtureRequest, snaptree_assessment: Assessment) -> list[str]:
    """The unfinished parts of the method of this test. An error unless the user accepts them."""
    method = request.getfixturevalue("method")
    record = snaptree_assessment.record
    parts = [part for part in record.unfinished if part.method == method]
    told = [f"{part.title}: {part.done:,} of {count_of(part.total, part.noun)} were done" for part in parts]
    if told and not snaptree_assessment.judgement.accepted:
        pytest.fail("\n".join([f"{method} is incomplete", *told]), pytrace=False)
    return told


@pytest.mark.parametrize("method", [one.name for one in METHODS])
def test_method(method: str, snaptree_assessment: Assessment, unfinished: list[str]) -> None:
    """The method did all that the bounds ask for."""
    if unfinished:
        pytest.skip("; ".join(unfinished))
    if not any(part.method == method for part in snaptree_assessment.record.methods.values()):
        pytest.skip("the bounds of this run do not include it")
