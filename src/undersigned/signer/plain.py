"""Records and other canonical values as they stand inside a JSON message, where JCS is not asked for.

A message holds them as objects; here they become the canonical bytes that are hashed and signed.
"""

from typing import Any, Final

import msgspec

from undersigned.domain.canonical import decode_json, format_canonical
from undersigned.domain.record import (
    LetterRecord,
    Record,
    SignRecord,
    format_record,
    parse_record,
)
from undersigned.errors import FormatError

_ANY: Final = msgspec.json.Decoder(Any)


def canonical_of(value: msgspec.Raw, what: str) -> bytes:
    """Return the canonical form of a JSON value within a message. Raises FormatError."""
    try:
        return format_canonical(decode_json(_ANY, bytes(value), what))
    except RecursionError:
        raise FormatError(f"{what}: not of that form") from None


def plain_record(record: Record) -> Any:
    """Return a record as plain JSON values, to stand within another object."""
    return msgspec.json.decode(format_record(record))


def letter_record_of(value: msgspec.Raw) -> LetterRecord:
    """Read a `letter` record within another object. Raises FormatError."""
    record = parse_record(canonical_of(value, "letter"))
    if not isinstance(record, LetterRecord):
        raise FormatError("letter: a record of another kind")
    return record


def sign_record_of(value: msgspec.Raw) -> SignRecord:
    """Read a `sign` record within another object. Raises FormatError."""
    record = parse_record(canonical_of(value, "record"))
    if not isinstance(record, SignRecord):
        raise FormatError("record: not of kind sign")
    return record
