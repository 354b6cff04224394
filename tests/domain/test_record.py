"""Records: one canonical writing for each, and nothing else is read."""

import dataclasses
from typing import Any

import msgspec
import pytest
import rfc8785
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.strategies import (
    amend_records,
    letter_records,
    records,
    sign_records,
    small_records,
)

from undersigned.domain.letter import Mode
from undersigned.domain.record import (
    AmendRecord,
    EpochRecord,
    IssuedRecord,
    LetterRecord,
    NoticeKind,
    OpeningRecord,
    OutcomeRecord,
    Record,
    SignRecord,
    WithdrawRecord,
    documents_of,
    format_record,
    parse_record,
    signed_bytes,
    signed_part,
)
from undersigned.errors import FormatError


@settings(max_examples=200, deadline=None)
@given(records)
def test_format_then_parse_is_identity(record: Record) -> None:
    """What is written is read back."""
    assert parse_record(format_record(record)) == record


@settings(max_examples=200, deadline=None)
@given(records)
def test_the_bytes_are_rfc_8785(record: Record) -> None:
    """An entry is the JCS of what it holds, with `t` and `v`, by another implementation."""
    entry = format_record(record)
    members = msgspec.json.decode(entry)
    assert rfc8785.dumps(members) == entry
    assert members["v"] == 1
    assert members["t"] in type(record).__name__.lower()


@settings(max_examples=100, deadline=None)
@given(records)
def test_what_is_signed(record: Record) -> None:
    """The signature is over the prefix, the kind and the JCS without `sig`, whatever `sig` is."""
    if isinstance(record, EpochRecord | OutcomeRecord):
        return
    members = msgspec.json.decode(format_record(record))
    del members["sig"]
    expected = b"undersigned/v1/" + members["t"].encode() + b"\n" + rfc8785.dumps(members)
    assert signed_bytes(record) == expected
    assert signed_bytes(dataclasses.replace(record, sig=b"")) == expected
    if isinstance(record, SignRecord | IssuedRecord | AmendRecord | WithdrawRecord):
        assert signed_part(format_record(record)) == expected


@settings(max_examples=300, deadline=None)
@given(small_records, st.data())
def test_a_changed_byte_is_refused_or_another_record(record: Record, data: st.DataObject) -> None:
    """No two entries read as the same record, and a broken one is a FormatError."""
    entry = bytearray(format_record(record))
    i = data.draw(st.integers(0, len(entry) - 1))
    entry[i] ^= data.draw(st.integers(1, 255))
    try:
        other = parse_record(bytes(entry))
    except FormatError:
        return
    assert other != record
    assert format_record(other) == bytes(entry)


@settings(max_examples=100, deadline=None)
@given(letter_records(), st.data())
def test_a_changed_letter_is_refused_or_another(record: LetterRecord, data: st.DataObject) -> None:
    """The same holds for a `letter` record."""
    test_a_changed_byte_is_refused_or_another_record.hypothesis.inner_test(  # type: ignore[attr-defined]
        record, data
    )


@settings(max_examples=100, deadline=None)
@given(records, st.data())
def test_truncated_or_lengthened_is_refused(record: Record, data: st.DataObject) -> None:
    """An entry is one object and nothing around it."""
    entry = format_record(record)
    for wrong in (
        entry[: data.draw(st.integers(0, len(entry) - 1))],
        entry + b"\n",
        b" " + entry,
        entry.replace(b":", b": ", 1),
        entry + entry,
    ):
        with pytest.raises(FormatError):
            parse_record(wrong)


@settings(max_examples=100, deadline=None)
@given(small_records, st.data())
def test_members_are_exactly_those_listed(record: Record, data: st.DataObject) -> None:
    """A member less, a member more, a null or another type is refused."""
    members: dict[str, Any] = msgspec.json.decode(format_record(record))
    member = data.draw(st.sampled_from(sorted(members)))
    for wrong in (
        {name: value for name, value in members.items() if name != member},
        members | {"zz": 1},
        members | {member: data.draw(st.sampled_from([True, [], {}, 1.5, -1, 2**53, "é", "\n"]))},
    ):
        with pytest.raises(FormatError):
            parse_record(rfc8785.dumps(wrong) if wrong.get(member) != 2**53 else b"{}")


@pytest.mark.parametrize(
    "entry",
    [
        b"",
        b"null",
        b"[]",
        b"{}",
        b'{"t":"sign"}',
        b'{"t":"vote","v":1}',
        b'{"t":1,"v":1}',
        b'{"at":1,"letter":"' + b"A" * 43 + b'","n":1,"t":"epoch","v":2}',
        b'{"at":1,"letter":"' + b"A" * 43 + b'","n":0,"t":"epoch","v":1}',
        b'{"at":1.0,"letter":"' + b"A" * 43 + b'","n":1,"t":"epoch","v":1}',
        b'{"at":1,"at":1,"letter":"' + b"A" * 43 + b'","n":1,"t":"epoch","v":1}',
        b'{"at":9007199254740992,"letter":"' + b"A" * 43 + b'","n":1,"t":"epoch","v":1}',
        b'{"at":1,"letter":"' + b"A" * 43 + b'","n":1,"t":"\\u0065poch","v":1}',
        b'{"letter":"' + b"A" * 43 + b'","at":1,"n":1,"t":"epoch","v":1}',
        b"[" * 40_000,
        b'{"body":' * 6_000,
        b"\xff\xfe",
        b'{"t":"epoch","letter":"\xed\xa0\x80"}',
        b" " * 49_153,
    ],
)
def test_refuses_what_is_not_a_record(entry: bytes) -> None:
    """Other JSON, other orders, duplicates, other numbers and deep nesting are refused."""
    with pytest.raises(FormatError):
        parse_record(entry)


def test_refuses_a_record_that_is_too_long() -> None:
    """Every kind but `letter` has at most 8,192 bytes."""
    ids = [f"{i:032}" for i in range(20)]
    answers = ",".join(f'{{"id":"{demand}","state":"met"}}' for demand in ids)
    members = f'"demands":[{answers}],"document":"{"A" * 9_000}"'
    entry = f'{{"at":1,{members},"letter":"{"A" * 43}","sig":"","source":"addressee","t":"response"'
    with pytest.raises(FormatError, match="8192"):
        parse_record((entry + ',"v":1}').encode())


@given(st.binary(max_size=200))
def test_garbage_is_a_format_error(garbage: bytes) -> None:
    """Nothing but a FormatError comes out of garbage."""
    with pytest.raises(FormatError):
        parse_record(garbage)


@settings(max_examples=50, deadline=None)
@given(letter_records())
def test_acks_are_complete_and_in_order(record: LetterRecord) -> None:
    """First the issuer's, then one for every trustee."""
    for acks in (record.acks[1:], record.acks[::-1] + record.acks, (*record.acks, record.acks[0])):
        with pytest.raises(FormatError, match="acks"):
            dataclasses.replace(record, acks=acks)


@given(sign_records)
def test_a_key_of_another_size_is_not_written(record: SignRecord) -> None:
    """Nothing misshapen is written either."""
    with pytest.raises(FormatError, match="pk"):
        format_record(dataclasses.replace(record, pk=bytes(31)))


@given(sign_records | amend_records)
def test_documents_of_a_signature(record: SignRecord | AmendRecord) -> None:
    """A public name is a document; a sealed blob is not one yet."""
    is_document = record.mode is Mode.PUBLIC and record.name is not None
    assert documents_of(record) == ((record.name,) if is_document else ())


@settings(max_examples=60, deadline=None)
@given(records)
def test_documents_are_hashes_in_the_entry(record: Record) -> None:
    """Every document that a record names is a hash of 32 bytes."""
    assert all(len(document) == 32 for document in documents_of(record))
    if isinstance(record, LetterRecord):
        assert documents_of(record) == tuple(text.hash for text in record.letter.texts)
    if isinstance(record, OpeningRecord):
        assert documents_of(record) == (record.file,)


def test_only_a_notice_of_headcount_has_a_number() -> None:
    """`n` is the new headcount, and null in every other kind."""
    entry = (
        '{"at":1,"document":"%s","kind":"%s","letter":"%s","n":%s,"sig":"%s","t":"notice","v":1}'
    )
    for kind in NoticeKind:
        right, wrong = ("7", "null") if kind is NoticeKind.HEADCOUNT else ("null", "7")
        filled = entry % ("A" * 43, kind.value, "A" * 43, "%s", "A" * 86)
        parse_record((filled % right).encode())
        with pytest.raises(FormatError):
            parse_record((filled % wrong).encode())
