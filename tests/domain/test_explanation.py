"""Explanations: what an organiser says in public of an invalidated signature."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from undersigned.domain.explanation import (
    LONGEST_EXPLANATION,
    format_explanation,
    parse_explanation,
)
from undersigned.errors import FormatError


@pytest.mark.parametrize("text", ["Nobody of that name works here.", "Two\nlines", "é", "{}"])
def test_what_is_written_is_read(text: str) -> None:
    """Plain text, with line feeds."""
    assert parse_explanation(format_explanation(text)) == text


@pytest.mark.parametrize("text", ["", " \n", "a\tb", "a\r\nb", "\x7f", "e\u0301", "\ud800"])
def test_what_is_no_explanation(text: str) -> None:
    """Nothing, control characters, and letters in two parts."""
    with pytest.raises(FormatError):
        format_explanation(text)


def test_the_longest_explanation() -> None:
    """Characters are counted, not bytes."""
    longest = "𝄞" * LONGEST_EXPLANATION
    assert parse_explanation(format_explanation(longest)) == longest
    with pytest.raises(FormatError, match="longer"):
        format_explanation("a" * (LONGEST_EXPLANATION + 1))
    with pytest.raises(FormatError, match="longer"):
        parse_explanation(longest.encode() + b"a")


@given(
    st.binary(max_size=64) | st.text(max_size=64).map(lambda text: text.encode(errors="replace"))
)
def test_any_bytes_are_one_or_are_refused(data: bytes) -> None:
    """Reading gives back the bytes, or a FormatError."""
    try:
        text = parse_explanation(data)
    except FormatError:
        return
    assert format_explanation(text) == data
