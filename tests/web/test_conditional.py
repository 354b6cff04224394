"""Conditional requests and packed answers: what headers say, whatever they hold."""

import gzip

import pytest
from hypothesis import given
from hypothesis import strategies as st

from undersigned.web.conditional import (
    LONGEST_HEADER,
    SMALLEST_PACKED,
    is_known,
    make_tag,
    pack,
    takes_gzip,
)

TAG = make_tag(b"content")


@pytest.mark.parametrize(
    "header",
    [TAG, TAG.removeprefix("W/"), f'"other", {TAG}', f"{TAG},", "*", f' W/"a,b" ,{TAG} '],
)
def test_a_tag_that_is_named_is_known(header: str) -> None:
    """Weak or strong, alone or among others; a star is any."""
    assert is_known(header, TAG)


@pytest.mark.parametrize(
    "header",
    ["", '"other"', TAG.strip('W/"'), f"x{TAG}", f"{TAG}x", f"w/{TAG[2:]}", f"{TAG},{'x' * 3_000}"],
)
def test_anything_else_is_not(header: str) -> None:
    """Also what only looks like it, and what nobody reads to its end."""
    assert not is_known(header, TAG)


@pytest.mark.parametrize(
    "header", ["gzip", "GZIP", "br, gzip;q=0.5", "*", "deflate, *;q=0.1", "gzip ; q=1.000"]
)
def test_gzip_is_taken(header: str) -> None:
    """By who names it, or anything."""
    assert takes_gzip(header)


@pytest.mark.parametrize(
    "header",
    ["", "identity", "gzip;q=0", "*, gzip;q=0.000", "*;q=0", "x-gzip", "gzip;q=2", "gzi p"],
)
def test_gzip_is_not_taken(header: str) -> None:
    """By who does not, refuses it, or says neither."""
    assert not takes_gzip(header)


@given(st.text(max_size=LONGEST_HEADER + 10))
def test_any_header_is_read(header: str) -> None:
    """Nothing raises, and a tag is found only where its characters are."""
    takes_gzip(header)
    assert not is_known(header, TAG) or header.strip() == "*" or TAG[2:] in header


@given(st.binary(max_size=2 * SMALLEST_PACKED))
def test_what_is_packed_is_the_same(content: bytes) -> None:
    """Unpacked it is the content; it is the same bytes each time, and fewer, or nothing."""
    packed = pack(content)
    assert packed == pack(content)
    if packed is not None:
        assert len(packed) < len(content)
        assert gzip.decompress(packed) == content
