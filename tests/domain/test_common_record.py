"""What is read by its places is what `parse_record` reads, and nothing else is."""

from hypothesis import given
from hypothesis import strategies as st

from undersigned.domain.common_record import CommonIssued, CommonSign, find_common
from undersigned.domain.letter import LetterId, Mode
from undersigned.domain.record import (
    IssuedRecord,
    SignRecord,
    format_record,
    parse_record,
    signed_bytes,
)
from undersigned.encoding import format_base64url
from undersigned.errors import FormatError

_HASH = st.binary(min_size=32, max_size=32)
_SIG = st.binary(min_size=64, max_size=64)
ISSUED = st.builds(IssuedRecord, _HASH.map(LetterId), _HASH, _HASH, _SIG)
SIGN = st.builds(
    SignRecord,
    _HASH.map(LetterId),
    st.binary(min_size=354, max_size=354),
    _HASH,
    st.sampled_from(Mode),
    st.none() | st.integers(0, 2**53 - 1),
    st.none() | _HASH,
    _SIG,
)


def _check(found: CommonIssued | CommonSign | None, record: IssuedRecord | SignRecord) -> None:
    assert found is not None
    assert found.letter == format_base64url(record.letter_id).encode()
    assert (found.sig, found.message) == (record.sig, signed_bytes(record))
    if isinstance(record, IssuedRecord):
        assert isinstance(found, CommonIssued)
        assert (found.blinded, found.member) == (record.blinded, record.member)
    else:
        assert isinstance(found, CommonSign)
        read = (found.token, found.pk, found.mode, found.condition, found.name)
        assert read == (record.token, record.pk, record.mode, record.condition, record.name)


@given(ISSUED | SIGN)
def test_every_record_is_read_with_its_members(record: IssuedRecord | SignRecord) -> None:
    """All of them, and the bytes that were signed."""
    _check(find_common(format_record(record)), record)


@given(ISSUED | SIGN, st.data())
def test_what_is_altered_is_read_as_it_is_or_not_at_all(
    record: IssuedRecord | SignRecord, data: st.DataObject
) -> None:
    """No byte in the place of another makes something that `parse_record` refuses, or reads otherwise."""
    entry = bytearray(format_record(record))
    place = data.draw(st.integers(0, len(entry) - 1))
    entry[place] = data.draw(
        st.sampled_from(b'AQgwB01-_+/="\\ \n\x00\xff{}n') | st.integers(0, 255)
    )
    found = find_common(bytes(entry))
    try:
        wanted = parse_record(bytes(entry))
    except FormatError:
        assert found is None
    else:
        assert isinstance(wanted, IssuedRecord | SignRecord)
        _check(found, wanted)


@given(SIGN, st.sampled_from([b"9007199254740992", b"9999999999999999", b"01", b"-1", b"1.0"]))
def test_conditions_that_no_reader_holds_are_not_read(record: SignRecord, asks: bytes) -> None:
    """Integers end at 2^53 - 1, and have one form."""
    entry = format_record(record)
    rest = entry[entry.index(b',"letter"') :]
    assert find_common(b'{"condition":' + asks + rest) is None
