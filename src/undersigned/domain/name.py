"""Names: the issuer's attestation and the name document that holds it; `docs/formats.md` §6.

Both are signed or named by hash: a change of a member is a change of the format. The attestation's own
signature is checked by whoever holds the letter's attestation key.
"""

import unicodedata
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Literal

import msgspec

from undersigned.domain.canonical import (
    LetterId,
    check_size,
    check_string,
    decode_json,
    hash_bytes,
)
from undersigned.encoding import format_base64url, parse_base64url
from undersigned.errors import FormatError, NameNotAttested

LONGEST_NAME = 100  # characters, also of a role
LONGEST_STATEMENT = 1_000  # characters
LONGEST_NAME_DOCUMENT = 8_192  # bytes: 1,200 characters of four bytes each, and what is around them


class Verified(StrEnum):
    """How the issuer knows a name; `self-declared` when the words are the member's own."""

    EMAIL = "email"
    INVITE = "invite"
    OPENID = "openid"
    SELF_DECLARED = "self-declared"


@dataclass(frozen=True, slots=True)
class Attestation:
    """A name and role for one letter, bound by c (32 bytes) to a key that the issuer never saw."""

    letter_id: LetterId
    name: str
    role: str | None
    verified: Verified
    c: bytes
    sig: bytes

    def __post_init__(self) -> None:
        check_size(self.letter_id, "letter", 32)
        check_size(self.c, "c", 32)
        _check_words(self.name, "name", LONGEST_NAME)
        if self.role is not None:
            _check_words(self.role, "role", LONGEST_NAME)


@dataclass(frozen=True, slots=True)
class NameDocument:
    """What stands behind a public or sealed signature: attestation, r (32 bytes), statement."""

    attestation: Attestation
    r: bytes
    statement: str | None

    def __post_init__(self) -> None:
        check_size(self.r, "r", 32)
        if self.statement is not None:
            _check_words(self.statement, "statement", LONGEST_STATEMENT, lines=True)


def _check_words(text: str, member: str, longest: int, *, lines: bool = False) -> None:
    if not text:
        raise FormatError(f"{member}: must not be empty")
    check_string(text, member, longest=longest, lines=lines)


class _AttestationWire(
    msgspec.Struct, tag="attestation", tag_field="t", forbid_unknown_fields=True
):
    v: Literal[1]
    letter: str
    name: str
    role: str | None
    verified: Verified
    c: str
    sig: str


class _NameWire(msgspec.Struct, tag="name", tag_field="t", forbid_unknown_fields=True):
    v: Literal[1]
    attestation: _AttestationWire
    r: str
    statement: str | None


_ATTESTATION = msgspec.json.Decoder(_AttestationWire)
_NAME = msgspec.json.Decoder(_NameWire)
# All strings here are NFC without control characters but line feeds, and all member names are ASCII: what
# this writes is then what RFC 8785 asks for, in a fiftieth of the time.
_ENCODER = msgspec.json.Encoder(order="sorted")


_SIGNED_HEAD = b"undersigned/v1/attestation\n"


def parse_attestation(data: bytes) -> Attestation:
    """Read an attestation from its canonical bytes. Raises FormatError."""
    _check_length(data, "attestation")
    wire = decode_json(_ATTESTATION, data, "attestation")
    attestation = _attestation_of(wire)
    _check_canonical(data, _ENCODER.encode(wire), "attestation")
    return attestation


def format_attestation(attestation: Attestation) -> bytes:
    """Write an attestation canonically. Raises FormatError if its signature is not 64 bytes."""
    return _ENCODER.encode(_attestation_members(attestation))


def attestation_signed_bytes(attestation: Attestation) -> bytes:
    """Return what the attestation key signs; `sig` is not looked at."""
    members = _unsigned_members(attestation)
    return _SIGNED_HEAD + _ENCODER.encode(members)


def parse_name(data: bytes) -> NameDocument:
    """Read a name document from its canonical bytes. Raises FormatError."""
    _check_length(data, "name document")
    wire = decode_json(_NAME, data, "name document")
    r = parse_base64url(wire.r, size=32)
    document = NameDocument(_attestation_of(wire.attestation), r, wire.statement)
    _check_canonical(data, _ENCODER.encode(wire), "name document")
    return document


_ATTESTATION_OPENS = len(b'{"attestation":')
_SIG = b',"sig":"'
_SIG_LENGTH = len(_SIG) + 86 + len(b'"')


def attested_part(document: bytes) -> bytes:
    """Return what `attestation_signed_bytes` does, from the canonical bytes of a name document.

    No string of it holds these marks: within one a quotation mark is escaped.
    """
    start, end = document.index(_SIG), document.index(b'},"r":"') + 1
    unsigned = document[_ATTESTATION_OPENS:start] + document[start + _SIG_LENGTH : end]
    return _SIGNED_HEAD + unsigned


def format_name(document: NameDocument) -> bytes:
    """Write a name document canonically. Raises FormatError if a signature is not 64 bytes."""
    return _ENCODER.encode(
        {
            "v": 1,
            "t": "name",
            "attestation": _attestation_members(document.attestation),
            "r": format_base64url(document.r),
            "statement": document.statement,
        }
    )


def _attestation_of(wire: _AttestationWire) -> Attestation:
    return Attestation(
        LetterId(parse_base64url(wire.letter, size=32)),
        wire.name,
        wire.role,
        wire.verified,
        parse_base64url(wire.c, size=32),
        parse_base64url(wire.sig, size=64),
    )


def _unsigned_members(attestation: Attestation) -> dict[str, Any]:
    return {
        "v": 1,
        "t": "attestation",
        "letter": format_base64url(attestation.letter_id),
        "name": attestation.name,
        "role": attestation.role,
        "verified": attestation.verified.value,
        "c": format_base64url(attestation.c),
    }


def _attestation_members(attestation: Attestation) -> dict[str, Any]:
    check_size(attestation.sig, "attestation: sig", 64)
    return _unsigned_members(attestation) | {"sig": format_base64url(attestation.sig)}


def _check_length(data: bytes, what: str) -> None:
    if len(data) > LONGEST_NAME_DOCUMENT:
        raise FormatError(f"{what}: longer than {LONGEST_NAME_DOCUMENT} bytes")


def _check_canonical(data: bytes, canonical: bytes, what: str) -> None:
    if data != canonical:
        raise FormatError(f"{what}: not in canonical form")


def commitment(pk: bytes, r: bytes) -> bytes:
    """Return c = H(pk ‖ r), 32 bytes: what binds an attestation to a signing key."""
    return hash_bytes(pk + r)


def check_binding(document: NameDocument, letter_id: LetterId, pk: bytes) -> None:
    """Check that a name document is for this letter and key. Raises NameNotAttested.

    Only together with the attestation's signature does it belong to the signature.
    """
    attestation = document.attestation
    if attestation.letter_id != letter_id or attestation.c != commitment(pk, document.r):
        raise NameNotAttested


def initials(name: str) -> str:
    """Return the first character of each word with a full stop, joined by spaces."""
    return " ".join(f"{word[0]}." for word in name.split())


def fold(text: str) -> str:
    """Return a text without case, accents and width, as names are compared in a search."""
    if text.isascii():
        return text.lower()
    parts = unicodedata.normalize("NFKD", text.casefold())
    return "".join(part for part in parts if not unicodedata.combining(part))
