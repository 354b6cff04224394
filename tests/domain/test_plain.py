"""Plain words, as documents have them and as people type them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from undersigned.domain.plain import check_words, clean_words
from undersigned.errors import FormatError


def test_what_was_typed_is_cleaned() -> None:
    """Line ends of forms, tabs, decomposed letters and space around it are not refused."""
    assert clean_words("  Cafe\u0301\r\n\topens\rnow \r\n") == "Café\n opens\nnow"
    assert clean_words(" \r\n\t") is None


@pytest.mark.parametrize("text", ["", " ", "a\x00", "a\nb", "x" * 11, "e\u0301"])
def test_what_says_nothing_on_one_line_is_refused(text: str) -> None:
    """Nothing, too much, several lines, control characters."""
    with pytest.raises(FormatError, match=r"^member: "):
        check_words(text, "member", longest=10, lines=False)


def test_none_is_no_words() -> None:
    """Where a text may be missing it is not looked at."""
    check_words(None, "member", longest=10)


@given(st.text(st.characters(exclude_categories=("Cc", "Cs")), max_size=60))
def test_cleaned_words_are_words(text: str) -> None:
    """Whatever was typed, but for control characters, it is words or nothing; once is enough."""
    words = clean_words(text)
    check_words(words, "member", longest=200)
    assert words is None or clean_words(words) == words
