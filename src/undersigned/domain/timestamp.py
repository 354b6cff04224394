"""Timestamp documents: what an authority outside has stamped, and its token; formats §3.3.

A document is named by its hash in a `notice` record of kind `timestamp`. Whether the token holds is
not said here: it is DER, which `crypto.timestamp` reads.
"""

from dataclasses import dataclass
from typing import Final, Literal

import msgspec

from undersigned.domain.canonical import (
    check_range,
    check_size,
    check_string,
    decode_json,
    format_canonical,
    hash_bytes,
)
from undersigned.encoding import format_base64url, parse_base64url
from undersigned.errors import FormatError

LONGEST_TIMESTAMP: Final = 65_536  # bytes: a token takes a third more in base64url
LONGEST_TOKEN: Final = 32_768  # bytes: four certificates with keys of 4096 bits are 8 kB
LONGEST_NOTE: Final = 1_024  # bytes: an origin, a number and a hash
LONGEST_AUTHORITY: Final = 200


@dataclass(frozen=True, slots=True)
class Timestamp:
    """A token over a letter record (its hash, 32 bytes) or over a checkpoint's text: one of the two."""

    record: bytes | None
    note: str | None
    authority: str
    token: bytes

    def __post_init__(self) -> None:
        if (self.record is None) == (self.note is None):
            raise FormatError("timestamp: of either a record or a note")
        check_size(self.record, "timestamp: record", 32)
        if self.note is not None:
            check_string(self.note, "timestamp: note", longest=LONGEST_NOTE, lines=True)
            check_range(len(self.note.encode()), "timestamp: note, bytes", 1, LONGEST_NOTE)
        check_string(self.authority, "timestamp: authority", longest=LONGEST_AUTHORITY)
        if not self.authority:
            raise FormatError("timestamp: authority is empty")
        check_range(len(self.token), "timestamp: token, bytes", 1, LONGEST_TOKEN)

    @property
    def imprint(self) -> bytes:
        """What the authority was shown: SHA-256 (32 bytes) of what it stamped."""
        if self.record is not None:
            return self.record
        return hash_bytes((self.note or "").encode())


class _TimestampWire(msgspec.Struct, tag="timestamp", tag_field="t", forbid_unknown_fields=True):
    v: Literal[1]
    record: str | None
    note: str | None
    algorithm: Literal["sha256"]
    authority: str
    token: str


_DECODER = msgspec.json.Decoder(_TimestampWire)


def parse_timestamp(data: bytes) -> Timestamp:
    """Read a timestamp document. Raises FormatError unless it is canonical and within its limits."""
    if len(data) > LONGEST_TIMESTAMP:
        raise FormatError(f"timestamp: longer than {LONGEST_TIMESTAMP} bytes")
    wire = decode_json(_DECODER, data, "timestamp")
    timestamp = Timestamp(
        None if wire.record is None else parse_base64url(wire.record, size=32),
        wire.note,
        wire.authority,
        parse_base64url(wire.token),
    )
    if format_timestamp(timestamp) != data:
        raise FormatError("timestamp: not in canonical form")
    return timestamp


def format_timestamp(timestamp: Timestamp) -> bytes:
    """Write a timestamp document canonically."""
    record = timestamp.record
    return format_canonical(
        {
            "v": 1,
            "t": "timestamp",
            "record": None if record is None else format_base64url(record),
            "note": timestamp.note,
            "algorithm": "sha256",
            "authority": timestamp.authority,
            "token": format_base64url(timestamp.token),
        }
    )
