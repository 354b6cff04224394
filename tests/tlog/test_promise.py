"""Promises: their text, whose they are, and every flipped bit."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from undersigned.crypto.note_key import NoteKey
from undersigned.encoding import format_base64
from undersigned.errors import FormatError, VerificationError
from undersigned.tlog.merkle import leaf_hash
from undersigned.tlog.promise import (
    Promise,
    format_promise_text,
    parse_promise,
    parse_promise_text,
)

Line = Callable[[str], bytes]
PROMISE = Promise(leaf_hash(b"record"), 1_700_000_040)
TEXT = format_promise_text(PROMISE)
HASH = format_base64(PROMISE.leaf_hash)


def test_the_text_of_a_promise() -> None:
    """A promise has three lines: version, leaf hash, time."""
    text = f"undersigned/promise/v1\n{HASH}\n1700000040\n"
    assert format_promise_text(PROMISE) == text
    assert parse_promise_text(text) == PROMISE


@given(digest=st.binary(min_size=32, max_size=32), by=st.integers(0, 2**63 - 1))
def test_promises_come_back(digest: bytes, by: int) -> None:
    """Whatever promise is written is parsed to the same values."""
    promise = Promise(digest, by)
    assert parse_promise_text(format_promise_text(promise)) == promise


@given(position=st.integers(0, len(TEXT) - 1), sign=st.characters())
def test_damaged_promises(position: int, sign: str) -> None:
    """A text cut short, or with a character replaced or added, is refused or written as it came."""
    start = TEXT[:position]
    for damaged in (start, start + sign + TEXT[position + 1 :], start + sign + TEXT[position:]):
        try:
            parsed = parse_promise_text(damaged)
        except FormatError:
            continue
        assert format_promise_text(parsed) == damaged


@given(text=st.text(max_size=120))
def test_garbage_is_not_a_promise(text: str) -> None:
    """Garbage raises FormatError and nothing else."""
    for garbage in (text, "undersigned/promise/v1\n" + text):
        with pytest.raises(FormatError):
            parse_promise_text(garbage)


@pytest.mark.parametrize(
    "text",
    [
        "",
        f"undersigned/promise/v2\n{HASH}\n1\n",
        f"undersigned/promise/v1 \n{HASH}\n1\n",
        f"undersigned/promise/v1\r\n{HASH}\r\n1\r\n",
        f"undersigned/promise/v1\n{HASH}\n",
        f"undersigned/promise/v1\n{HASH}\n1",
        f"undersigned/promise/v1\n{HASH}\n1\n\n",
        f"undersigned/promise/v1\n{HASH}\n1\nmore\n",
        f"\nundersigned/promise/v1\n{HASH}\n1\n",
        f"undersigned/promise/v1\n{HASH}\n\n",
        f"undersigned/promise/v1\n{HASH}\n01\n",
        f"undersigned/promise/v1\n{HASH}\n-1\n",
        f"undersigned/promise/v1\n{HASH}\n1.5\n",
        f"undersigned/promise/v1\n{HASH}\n9223372036854775808\n",
        f"undersigned/promise/v1\n{HASH[:-1]}\n1\n",
        f"undersigned/promise/v1\n{PROMISE.leaf_hash.hex()}\n1\n",
        "undersigned/promise/v1\nQQ==\n1\n",
        f"undersigned/promise/v1\n1\n{HASH}\n",
    ],
)
def test_hostile_promises(text: str) -> None:
    """Another version, order, number of lines or spelling is refused."""
    with pytest.raises(FormatError):
        parse_promise_text(text)


def test_a_signed_promise(promise_key: NoteKey, promise_line: Line) -> None:
    """The site's signed promise gives its values."""
    assert parse_promise(TEXT.encode() + b"\n" + promise_line(TEXT), promise_key) == PROMISE


def test_another_key_promises_nothing(
    log_key: NoteKey, promise_key: NoteKey, log_line: Line, promise_line: Line
) -> None:
    """A promise holds only under the promise key, and that key's checkpoint is not a promise."""
    with pytest.raises(VerificationError):
        parse_promise(TEXT.encode() + b"\n" + log_line(TEXT), promise_key)
    body = f"{log_key.name}\n1\n{HASH}\n"
    with pytest.raises(FormatError):
        parse_promise(body.encode() + b"\n" + promise_line(body), promise_key)


def test_flipped_bits_in_a_promise(promise_key: NoteKey, promise_line: Line) -> None:
    """Every flipped bit of a signed promise is caught."""
    data = TEXT.encode() + b"\n" + promise_line(TEXT)
    for bit in range(len(data) * 8):
        changed = bytearray(data)
        changed[bit // 8] ^= 1 << bit % 8
        with pytest.raises((FormatError, VerificationError)):
            parse_promise(bytes(changed), promise_key)
