"""Base64url, base64 and hexadecimal, in one spelling each."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from undersigned.encoding import (
    format_base64,
    format_base64url,
    parse_base64,
    parse_base64url,
    parse_hex,
)
from undersigned.errors import FormatError


@given(st.binary(max_size=100))
def test_round_trip(value: bytes) -> None:
    """What a formatter writes its parser reads, at the given size and no other."""
    assert parse_base64url(format_base64url(value)) == value
    assert parse_base64url(format_base64url(value), size=len(value)) == value
    assert parse_base64(format_base64(value), size=len(value)) == value
    assert parse_hex(value.hex(), len(value)) == value
    for parse, text in (
        (parse_base64url, format_base64url(value)),
        (parse_base64, format_base64(value)),
    ):
        with pytest.raises(FormatError):
            parse(text, size=len(value) + 1)
    with pytest.raises(FormatError):
        parse_hex(value.hex(), len(value) + 1)


@given(st.text(max_size=12) | st.text("AQgw+/-_= \n", max_size=12))
def test_one_spelling(text: str) -> None:
    """Any text is refused with a FormatError, or is what the formatter would write."""
    pairs: list[tuple[Callable[[str], bytes], Callable[[bytes], str]]] = [
        (parse_base64url, format_base64url),
        (parse_base64, format_base64),
        (lambda hexadecimal: parse_hex(hexadecimal, len(hexadecimal) // 2), bytes.hex),
    ]
    for parse, form in pairs:
        try:
            value = parse(text)
        except FormatError:
            continue
        assert form(value) == text


@pytest.mark.parametrize(
    "text",
    [
        "A",
        "AA==",
        "AB",
        "AA A",
        " AAAA",
        "AAAA\n",
        "A+AA",
        "A/AA",
        "=",
        "ÄAAA",
        "\ud800AAA",
        "AA=A",
    ],
)
def test_base64url_refuses(text: str) -> None:
    """Padding, stray bits, white space and the other alphabet are refused."""
    with pytest.raises(FormatError):
        parse_base64url(text)


@pytest.mark.parametrize(
    "text", ["AA", "AB==", "AA=", "AAAA=", "AA==\n", "A-AA", "A_AA", "AA==AA==", "ÄAAA"]
)
def test_base64_refuses(text: str) -> None:
    """Missing padding, stray bits, white space and the other alphabet are refused."""
    with pytest.raises(FormatError):
        parse_base64(text)


@pytest.mark.parametrize("text", ["0A", "0", "0g", " 0", "00 ", "٠٠", "\ud800\ud800", "0x"])
def test_hex_refuses(text: str) -> None:
    """Upper case, odd lengths, spaces and foreign digits are refused."""
    with pytest.raises(FormatError):
        parse_hex(text, 1)


@pytest.mark.parametrize("parse", [parse_base64, parse_base64url])
def test_values_are_not_in_errors(parse: Any) -> None:
    """What was refused is not repeated in the error: it may have been a secret."""
    with pytest.raises(FormatError) as caught:
        parse("c2VjcmV0+/-_===")
    assert "c2VjcmV0" not in caught.value.detail
    assert caught.value.__cause__ is None
