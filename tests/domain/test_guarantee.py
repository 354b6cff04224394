"""Guarantee documents: who promises what to those who sign."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.strategies import guarantees

from undersigned.domain.guarantee import (
    LONGEST_GUARANTEE,
    LONGEST_GUARANTOR,
    LONGEST_TERMS,
    Guarantee,
    format_guarantee,
    parse_guarantee,
)
from undersigned.errors import FormatError

PLACES = Guarantee("en", "The works", "A place for everyone.\nAt the same pay.", "works.example")


def test_the_bytes_are_those_of_the_formats() -> None:
    """The example of formats §3.4, to the byte."""
    assert format_guarantee(PLACES) == (
        b'{"domain":"works.example","guarantor":"The works","lang":"en","t":"guarantee",'
        b'"terms":"A place for everyone.\\nAt the same pay.","v":1}'
    )


@given(guarantees)
def test_what_is_written_is_read(guarantee: Guarantee) -> None:
    """Nothing is lost on the way."""
    assert parse_guarantee(format_guarantee(guarantee)) == guarantee


@pytest.mark.parametrize(
    "changed",
    [
        {"lang": ""},
        {"guarantor": " "},
        {"guarantor": "The\nworks"},
        {"guarantor": "x" * (LONGEST_GUARANTOR + 1)},
        {"terms": ""},
        {"terms": "a\rb"},
        {"terms": "x" * (LONGEST_TERMS + 1)},
        {"domain": "works"},
        {"domain": "works..example"},
    ],
)
def test_what_is_no_guarantee(changed: dict[str, Any]) -> None:
    """Each member has its bounds."""
    with pytest.raises(FormatError):
        replace(PLACES, **changed)


@given(st.binary(max_size=200), st.integers(0, 200), st.integers(1, 255))
def test_any_other_bytes_are_refused_or_another_guarantee(
    data: bytes, place: int, flip: int
) -> None:
    """Reading gives back the bytes, or a FormatError."""
    whole = bytearray(format_guarantee(PLACES))
    whole[place % len(whole)] ^= flip
    for each in (data, bytes(whole), b" " * (LONGEST_GUARANTEE + 1)):
        try:
            guarantee = parse_guarantee(each)
        except FormatError:
            continue
        assert format_guarantee(guarantee) == each
