"""Text documents, attestations, name documents, opening files: one canonical writing for each."""

import dataclasses
import hashlib
from collections.abc import Callable
from typing import Any

import msgspec
import pytest
import rfc8785
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.strategies import (
    attestations,
    name_documents,
    opening_files,
    text_documents,
    timestamps,
)

from undersigned.domain.letter import DemandText, LetterId, TextDocument, format_text, parse_text
from undersigned.domain.name import (
    Attestation,
    NameDocument,
    Verified,
    attestation_signed_bytes,
    attested_part,
    check_binding,
    commitment,
    format_attestation,
    format_name,
    initials,
    parse_attestation,
    parse_name,
)
from undersigned.domain.opening import (
    BadLeaf,
    OpenedLeaf,
    OpeningFile,
    format_opening,
    parse_opening,
)
from undersigned.domain.timestamp import Timestamp, format_timestamp, parse_timestamp
from undersigned.errors import FormatError, NameNotAttested

Format = tuple[st.SearchStrategy[Any], Callable[[Any], bytes], Callable[[bytes], Any]]
FORMATS: dict[str, Format] = {
    "text": (text_documents(), format_text, parse_text),
    "attestation": (attestations, format_attestation, parse_attestation),
    "name": (name_documents, format_name, parse_name),
    "opening": (opening_files(), format_opening, parse_opening),
    "timestamp": (timestamps, format_timestamp, parse_timestamp),
}
each_format = pytest.mark.parametrize("format_", FORMATS.values(), ids=FORMATS)


@each_format
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_format_then_parse_is_identity(format_: Format, data: st.DataObject) -> None:
    """What is written is read back, and is RFC 8785 by its own account."""
    values, write, read = format_
    value = data.draw(values)
    written = write(value)
    assert read(written) == value
    assert rfc8785.dumps(msgspec.json.decode(written)) == written


@each_format
@settings(max_examples=120, deadline=None)
@given(data=st.data())
def test_a_changed_byte_is_refused_or_another_value(format_: Format, data: st.DataObject) -> None:
    """No two byte strings read as the same value, and a broken one is a FormatError."""
    values, write, read = format_
    value = data.draw(values)
    changed = bytearray(write(value))
    changed[data.draw(st.integers(0, len(changed) - 1))] ^= data.draw(st.integers(1, 255))
    try:
        other = read(bytes(changed))
    except FormatError:
        return
    assert other != value
    assert write(other) == bytes(changed)


@each_format
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_other_members_and_lengths_are_refused(format_: Format, data: st.DataObject) -> None:
    """A member less or more, a part, or anything around it is a FormatError."""
    values, write, read = format_
    written = write(data.draw(values))
    members = msgspec.json.decode(written)
    gone = data.draw(st.sampled_from(sorted(members)))
    for wrong in (
        rfc8785.dumps({name: value for name, value in members.items() if name != gone}),
        rfc8785.dumps(members | {"zz": 1}),
        rfc8785.dumps(members | {gone: [[]]}),
        written[: data.draw(st.integers(0, len(written) - 1))],
        written + b" ",
        b"\n" + written,
        b"[" * 100_000,
        b" " * 300_000,
        data.draw(st.binary(max_size=50)),
    ):
        with pytest.raises(FormatError):
            read(wrong)


TEXT = TextDocument("en", "T", "text\n", ("Board",), (DemandText("a", "x"),), "", "")


@pytest.mark.parametrize(
    "change",
    [
        {"lang": "EN"},
        {"title": "x" * 201},
        {"title": "a\nb"},
        {"text": "x" * 100_001},
        {"text": "tab\t"},
        {"text": "e\u0301"},
        {"text": "\ud800"},
        {"addressees": ()},
        {"addressees": ("x",) * 51},
        {"demands": ()},
        {"demands": (DemandText("a", "x"), DemandText("a", "y"))},
        {"demands": (DemandText("A", "x"),)},
        {"demands": (DemandText("a", "x" * 2_001),)},
        {"consequence": "x" * 5_001},
        {"headcount_source": "x" * 501},
    ],
)
def test_a_text_document_keeps_its_limits(change: dict[str, Any]) -> None:
    """Whoever makes one."""
    with pytest.raises(FormatError):
        dataclasses.replace(TEXT, **change)


def test_a_text_document_is_a_document() -> None:
    """100,000 characters may be more bytes than a document has."""
    assert len(format_text(dataclasses.replace(TEXT, text="x" * 100_000))) > 100_000
    with pytest.raises(FormatError, match="262144"):
        format_text(dataclasses.replace(TEXT, text="\U0001f600" * 100_000))


ATTESTATION = Attestation(
    LetterId(bytes(32)), "A Name", None, Verified.SELF_DECLARED, bytes(32), bytes(64)
)


@pytest.mark.parametrize(
    "change",
    [
        {"name": ""},
        {"name": "x" * 101},
        {"name": "a\nb"},
        {"name": "\u212b"},
        {"role": ""},
        {"role": "x" * 101},
        {"c": bytes(31)},
        {"letter_id": b""},
    ],
)
def test_an_attestation_keeps_its_limits(change: dict[str, Any]) -> None:
    """Whoever makes one."""
    with pytest.raises(FormatError):
        dataclasses.replace(ATTESTATION, **change)


@pytest.mark.parametrize("statement", ["", "x" * 1_001, "\r\n"])
def test_a_statement_keeps_its_limits(statement: str) -> None:
    """1 to 1,000 characters, or null."""
    with pytest.raises(FormatError):
        NameDocument(ATTESTATION, bytes(32), statement)


def test_the_longest_name_document_is_taken() -> None:
    """The limit in bytes leaves room for every limit in characters."""
    face = "\U0001f600"
    attestation = dataclasses.replace(ATTESTATION, name=face * 100, role=face * 100)
    document = NameDocument(attestation, bytes(32), face * 1_000)
    assert parse_name(format_name(document)) == document


@given(attestations)
def test_what_the_attestation_key_signs(attestation: Attestation) -> None:
    """The prefix and the JCS without `sig`."""
    members = msgspec.json.decode(format_attestation(attestation))
    del members["sig"]
    expected = b"undersigned/v1/attestation\n" + rfc8785.dumps(members)
    assert attestation_signed_bytes(dataclasses.replace(attestation, sig=b"")) == expected
    with pytest.raises(FormatError, match="sig"):
        format_attestation(dataclasses.replace(attestation, sig=b""))


@given(attestations, st.none() | st.just('","sig":"},"r":"\\'))
def test_what_was_attested_is_a_part_of_the_name_document(
    attestation: Attestation, statement: str | None
) -> None:
    """To the byte, whatever words are in it."""
    odd = dataclasses.replace(attestation, role='"},"r":"\\","sig":"')
    for each in (attestation, odd):
        document = format_name(NameDocument(each, bytes(32), statement))
        assert attested_part(document) == attestation_signed_bytes(each)


def test_the_binding_of_a_name() -> None:
    """Letter and key must be those of the signature."""
    pk, r = b"p" * 32, b"r" * 32
    assert commitment(pk, r) == hashlib.sha256(pk + r).digest()
    bound = dataclasses.replace(ATTESTATION, c=commitment(pk, r))
    check_binding(NameDocument(bound, r, None), LetterId(bytes(32)), pk)
    for document, letter_id, key in (
        (NameDocument(bound, bytes(32), None), bytes(32), pk),
        (NameDocument(bound, r, None), bytes(31) + b"x", pk),
        (NameDocument(bound, r, None), bytes(32), b"q" * 32),
    ):
        with pytest.raises(NameNotAttested):
            check_binding(document, LetterId(letter_id), key)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Ada Byron", "A. B."),
        ("  Élise\u00a0 de la Tour ", "É. d. l. T."),
        ("Sukarno", "S."),
        ("", ""),
    ],
)
def test_initials(name: str, expected: str) -> None:
    """The first character of each word."""
    assert initials(name) == expected


@pytest.mark.parametrize(
    "leaves",
    [
        (OpenedLeaf(2, bytes(32)), OpenedLeaf(1, bytes(32))),
        (OpenedLeaf(1, bytes(32)), BadLeaf(1, (None,))),
        (OpenedLeaf(9, bytes(32)),),
        (OpenedLeaf(1, bytes(31)),),
        (BadLeaf(1, ()),),
        (BadLeaf(1, (bytes(32),)),),
        (BadLeaf(1, (None,) * 17),),
    ],
)
def test_an_opening_keeps_its_limits(leaves: tuple[OpenedLeaf | BadLeaf, ...]) -> None:
    """Ascending leaves of the verified log, keys and shares of their sizes."""
    with pytest.raises(FormatError):
        OpeningFile(LetterId(bytes(32)), 1, 9, leaves)


@pytest.mark.parametrize(
    "leaf", ['{"index":1}', '{"bad":[null],"index":1,"key":"' + "A" * 43 + '"}']
)
def test_a_leaf_is_opened_or_bad(leaf: str) -> None:
    """Not neither, not both."""
    rest = f'"letter":"{"A" * 43}","refusals":[],"size":9,"t":"opening","v":1,"wave":1'
    entry = f'{{"leaves":[{leaf}],{rest}}}'
    with pytest.raises(FormatError, match="either"):
        parse_opening(entry.encode())


def test_an_opening_may_be_longer_than_other_documents() -> None:
    """A wave of many thousand names is opened in one file."""
    leaves = tuple(OpenedLeaf(i, bytes(32)) for i in range(5_000))
    opening = OpeningFile(LetterId(bytes(32)), 1, 5_000, leaves)
    assert parse_opening(format_opening(opening)) == opening


STAMPED = Timestamp(bytes(32), None, "An authority", b"token")


@pytest.mark.parametrize(
    "changed",
    [
        {"record": None},
        {"note": "letters.example/log\n1\nAAAA\n"},
        {"record": bytes(31)},
        {"record": None, "note": ""},
        {"record": None, "note": "x" * 1_025},
        {"record": None, "note": "é" * 600},
        {"authority": ""},
        {"authority": "x" * 201},
        {"authority": "a\nb"},
        {"token": b""},
        {"token": bytes(32_769)},
    ],
)
def test_a_timestamp_keeps_its_limits(changed: dict[str, Any]) -> None:
    """It is of a record or of a note, by somebody, with a token that is not endless."""
    with pytest.raises(FormatError):
        dataclasses.replace(STAMPED, **changed)


def test_the_longest_timestamp_is_a_document() -> None:
    """All limits met at once stay below that of the whole."""
    longest = Timestamp(None, '"' * 1_024, '"' * 200, bytes(32_768))
    assert parse_timestamp(format_timestamp(longest)) == longest


def test_a_timestamp_is_of_a_hash() -> None:
    """What the authority was shown: the record's own hash, or that of the note's bytes."""
    assert STAMPED.imprint == bytes(32)
    of_note = Timestamp(None, "é\n", "An authority", b"token")
    assert of_note.imprint == hashlib.sha256("é\n".encode()).digest()
