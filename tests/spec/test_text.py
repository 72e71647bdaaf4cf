"""Text from outside: nothing of it acts on a terminal, and it has an end."""

from __future__ import annotations

from time import perf_counter

from hypothesis import given
from hypothesis import strategies as st

from snaptree.spec.text import LONGEST_TEXT, cut, plain

ANY_TEXT = st.text(st.characters(), max_size=80)


@given(ANY_TEXT, st.integers(1, 60), st.booleans())
def test_a_plain_text_is_printable_encodable_and_short(text: str, longest: int, lines: bool) -> None:
    shown = plain(text, longest, lines=lines)
    assert len(shown) <= longest
    assert all(char.isprintable() or (lines and char == "\n") for char in shown)
    shown.encode("utf-8")


@given(st.text(st.characters(categories=["L", "N", "P", "Zs"], max_codepoint=0x7E), max_size=60))
def test_a_printable_text_stays_as_it_is(text: str) -> None:
    assert plain(text) == text


def test_what_acts_on_a_terminal_is_escaped() -> None:
    assert plain("\x1b[31m\x9b\u202e\x00\n\u2028\ud800") == r"\x1b[31m\x9b\u202e\x00\n\u2028\ud800"
    assert plain("a\nb", lines=True) == "a\nb"


def test_a_huge_text_is_cut_before_it_is_escaped() -> None:
    started = perf_counter()
    assert len(plain("\x1b" * 20_000_000, 100)) == 100
    assert perf_counter() - started < 0.5


def test_the_end_of_a_text_that_is_cut_says_how_long_it_was() -> None:
    assert cut("a" * LONGEST_TEXT) == "a" * LONGEST_TEXT
    assert len(cut("a" * 2_000_000)) == LONGEST_TEXT
    assert cut("a" * 2_000_000).endswith("a… (2,000,000 characters)")
