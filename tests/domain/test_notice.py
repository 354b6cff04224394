"""Notices: plain text within its limits, whatever a person's editor makes of it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from undersigned.domain.notice import LONGEST_NOTICE, clean_notice, format_notice, parse_notice
from undersigned.errors import FormatError


@pytest.mark.parametrize("text", ["x", "Seven have left.\n\nWe are 763.", "é" * LONGEST_NOTICE])
def test_a_notice_is_read_as_it_was_written(text: str) -> None:
    """What is written is UTF-8, nothing more."""
    assert format_notice(text) == text.encode()
    assert parse_notice(text.encode()) == text


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"x" * (LONGEST_NOTICE + 1),
        b"a\tb",
        b"a\rb",
        b"\xff",
        "e\u0301".encode(),
        b"x" * 300_000,
    ],
)
def test_what_is_no_plain_text_is_refused(data: bytes) -> None:
    """Empty, too long, with control characters, not UTF-8, not NFC."""
    with pytest.raises(FormatError):
        parse_notice(data)


@given(st.binary(max_size=200))
def test_any_bytes_are_a_notice_or_refused(data: bytes) -> None:
    """Whatever comes, it is the text itself or a FormatError."""
    try:
        text = parse_notice(data)
    except FormatError:
        return
    assert format_notice(text) == data


def test_a_lone_surrogate_is_refused() -> None:
    """What no UTF-8 can hold is not written."""
    with pytest.raises(FormatError):
        format_notice("\ud800")


def test_a_persons_file_is_cleaned() -> None:
    """Byte order mark, Windows line ends, decomposed letters and space around it are not refused."""
    assert clean_notice(b"\xef\xbb\xbf  Caf\x65\xcc\x81\r\nopens \r\n") == "Café\nopens"


@pytest.mark.parametrize("data", [b" \r\n ", b"\xff", b"a\tb"])
def test_a_persons_file_without_words_is_refused(data: bytes) -> None:
    """White space alone, other encodings and tabs are said to be none."""
    with pytest.raises(FormatError):
        clean_notice(data)
