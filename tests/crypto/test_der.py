"""DER: read as it is written, and in no second way."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from undersigned.crypto.der import (
    INTEGER,
    OCTETS,
    SEQUENCE,
    Element,
    Fields,
    read_elements,
    read_integer,
    read_one,
    write_element,
)
from undersigned.errors import FormatError

TAGS = st.integers(0, 255).filter(lambda tag: tag & 0x1F != 0x1F)


@given(TAGS, st.binary(max_size=70_000))
def test_what_is_written_is_read(tag: int, value: bytes) -> None:
    """Short and long lengths, any value."""
    data = write_element(tag, value)
    assert read_one(data, tag) == Element(tag, value, data)


@given(st.lists(st.tuples(TAGS, st.binary(max_size=300)), max_size=5))
def test_elements_follow_one_another(parts: list[tuple[int, bytes]]) -> None:
    """A sequence is its elements, in their order."""
    data = b"".join(write_element(*part) for part in parts)
    assert [(each.tag, each.value) for each in read_elements(data)] == parts


@given(st.binary(max_size=200))
def test_any_bytes_are_read_in_one_way(data: bytes) -> None:
    """Whatever comes, it is what would be written, or a FormatError."""
    try:
        elements = read_elements(data)
    except FormatError:
        return
    assert b"".join(write_element(each.tag, each.value) for each in elements) == data


@pytest.mark.parametrize(
    "data",
    [
        b"", b"\x04", b"\x04\x01", b"\x04\x80\x00\x00", b"\x04\x81\x01x", b"\x04\x82\x00\x80" + bytes(128),
        b"\x1f\x81\x00\x00", b"\x04\x84\xff\xff\xff\xff", b"\x04\xff" + bytes(200), b"\x04\x01xy",
    ],
)  # fmt: skip
def test_other_forms_are_refused(data: bytes) -> None:
    """Cut short, endless, indefinite, longer than need be, and what comes after the end."""
    with pytest.raises(FormatError):
        read_one(data, OCTETS)


def test_fields_are_taken_in_turn() -> None:
    """What is optional may be missing; what is not, and what is too much, is a FormatError."""
    data = write_element(SEQUENCE, write_element(INTEGER, b"\1") + write_element(OCTETS, b"x"))
    fields = Fields(read_one(data, SEQUENCE))
    assert fields.find(OCTETS) is None
    assert read_integer(fields.take(INTEGER)) == 1
    with pytest.raises(FormatError):
        fields.end()
    with pytest.raises(FormatError):
        fields.take(INTEGER)
    assert fields.take(OCTETS).value == b"x"
    fields.end()
    with pytest.raises(FormatError):
        fields.take(OCTETS)


@pytest.mark.parametrize(
    ("value", "number"), [(b"\0", 0), (b"\x7f", 127), (b"\0\x80", 128), (b"\xff", -1)]
)
def test_integers(value: bytes, number: int) -> None:
    """Two's complement, as short as it can be."""
    assert read_integer(Element(INTEGER, value, b"")) == number


@pytest.mark.parametrize("value", [b"", b"\0\x01", b"\xff\xff"])
def test_integers_that_are_too_long(value: bytes) -> None:
    """Nothing, and what has an octet too many."""
    with pytest.raises(FormatError):
        read_integer(Element(INTEGER, value, b""))
