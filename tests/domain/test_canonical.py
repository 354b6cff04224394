"""Canonical JSON and strict strings."""

import pytest
import rfc8785
from hypothesis import given
from tests.strategies import passages

from undersigned.domain.canonical import check_string, format_canonical
from undersigned.errors import FormatError


@pytest.mark.parametrize("value", [2**53, -(2**53), float("nan"), "\ud800", {1: 2}, b"bytes"])
def test_what_json_cannot_hold(value: object) -> None:
    """A FormatError, whatever it is."""
    with pytest.raises(FormatError):
        format_canonical(value)


@pytest.mark.parametrize("text", ["\x00", "\x7f", "\x85", "\t", "\r", "e\u0301", "\ud800", "a\n"])
def test_strings_of_one_line(text: str) -> None:
    """No control characters, no halves of a pair, and NFC."""
    with pytest.raises(FormatError):
        check_string(text, "member")


@given(passages(50))
def test_strings_of_several_lines(text: str) -> None:
    """Line feeds are taken where they are meant, and the text is written as it is."""
    check_string(text, "member", longest=50, lines=True)
    assert format_canonical({"text": text}) == rfc8785.dumps({"text": text})
    with pytest.raises(FormatError):
        check_string(text + "x" * 50, "member", longest=49, lines=True)
