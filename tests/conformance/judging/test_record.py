"""How the result of a run counts."""

from __future__ import annotations

import pytest

from snaptree.conformance.judging.record import count_of
from snaptree.conformance.methods.catalogue import METHODS


@pytest.mark.parametrize(
    ("number", "noun", "text"),
    [(1, "story", "1 story"), (3, "story", "3 stories"), (2000, "step", "2,000 steps"), (2, "way", "2 ways")],
)
def test_a_number_with_its_noun(number: int, noun: str, text: str) -> None:
    assert count_of(number, noun) == text


def test_no_method_counts_in_a_word_that_does_not_exist() -> None:
    plurals = {count_of(2, method.noun).partition(" ")[2] for method in METHODS}
    assert not {word for word in plurals if word.endswith(("ys", "xs", "ss", "chs"))}
