"""Sizes and times as people write them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from undersigned.domain.as_of import AtSize, AtTime, format_time, parse_as_of
from undersigned.domain.canonical import GREATEST
from undersigned.errors import FormatError

NOON = 1_700_481_600


@pytest.mark.parametrize(
    ("text", "as_of"),
    [
        ("0", AtSize(0)),
        ("1234", AtSize(1234)),
        ("2023-11-20T12:00:00Z", AtTime(NOON)),
        ("2023-11-20T12:00Z", AtTime(NOON)),
        ("2023-11-20t12:00z", AtTime(NOON)),
        ("2023-11-20T04:00:00-08:00", AtTime(NOON)),
        ("2023-11-20T19:00+07:00", AtTime(NOON)),
        ("1970-01-01T00:00:00Z", AtTime(0)),
    ],
)
def test_both_are_read(text: str, as_of: AtSize | AtTime) -> None:
    """A number is a size, everything else a time with its offset."""
    assert parse_as_of(text) == as_of


@pytest.mark.parametrize(
    "text",
    [
        *("", "-1", "01", "1e3", "99999999999999999", "now", "yesterday", "١٢"),
        *("2023-11-20", "2023-11-20T12:00:00", "2023-11-20 12:00:00Z", "2023-13-01T00:00:00Z"),
        *("2023-02-30T00:00:00Z", "2023-11-20T24:00:00Z", "2023-11-20T12:00:60Z"),
        *("2023-11-20T12:00:00.5Z", "1969-12-31T23:59:59Z", "0001-01-01T00:00:00+23:59"),
        *("2023-11-20T12:00:00+24:00", "2023-11-20T12:00:00Z\n", "9" * 40),
        # A second after the last that can be written.
        *("9999-12-31T23:59:59-00:01", "9999-12-31T23:59:59-23:59"),
    ],
)
def test_what_is_neither(text: str) -> None:
    """Is refused with a sentence that has examples."""
    with pytest.raises(FormatError, match="2023-11-20T16:12:00Z"):
        parse_as_of(text)


@given(size=st.integers(0, GREATEST), at=st.integers(0, 253_402_300_799))
def test_what_is_written_is_read(size: int, at: int) -> None:
    """Every size, and every time to the end of the year 9999."""
    assert parse_as_of(str(size)) == AtSize(size)
    assert parse_as_of(format_time(at)) == AtTime(at)


@given(text=st.text(max_size=40) | st.from_regex(r"[0-9TtZz:+-]{0,30}", fullmatch=True))
def test_any_text_is_read_or_refused(text: str) -> None:
    """Nothing else happens."""
    try:
        parse_as_of(text)
    except FormatError:
        return
