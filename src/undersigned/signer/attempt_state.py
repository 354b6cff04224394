"""The states of an attempt to sign, and the JSON in which they are saved.

The file is read by no other program and may change with any version; it is read strictly, so that
a damaged one is refused and not half believed.
"""

from dataclasses import dataclass, field
from typing import Any, Final, Literal, TypeAlias, assert_never

import msgspec

from undersigned.crypto.blind_rsa import BlindedMessage, format_blinding, parse_blinding
from undersigned.crypto.token import TOKEN_SIZE, parse_spki
from undersigned.domain.canonical import decode_json, format_canonical
from undersigned.domain.letter import Letter
from undersigned.domain.name import Attestation, format_attestation, parse_attestation
from undersigned.domain.record import LetterRecord, SignRecord
from undersigned.encoding import format_base64url, parse_base64url
from undersigned.signer.enrolment import (
    Asked,
    ShownAs,
    ShownWire,
    format_asked,
    format_shown_as,
    parse_asked,
    shown_as_of,
)
from undersigned.signer.letter_view import LetterHead, Site
from undersigned.signer.plain import (
    canonical_of,
    letter_record_of,
    plain_record,
    sign_record_of,
)
from undersigned.signer.receipt import SALT_SIZE

CODE_SIZE: Final = 16


@dataclass(frozen=True, slots=True)
class Blinded:
    """The message for the issuer is blinded; `asked` is what the token was last asked for with."""

    blinding: BlindedMessage = field(repr=False)
    asked: Asked | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class Held:
    """The token (354 bytes), the attestation and the salt (16 bytes) are there.

    The blinding and the proof are gone: with them whoever reads the file could find the issuance.
    How the member asked to be shown is kept, to be held against the attestation.
    """

    token: bytes = field(repr=False)
    shown_as: ShownAs | None = field(repr=False)
    attestation: Attestation = field(repr=False)
    salt: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Chosen:
    """The record and the bytes that its name is the hash of, as they will be sent."""

    record: SignRecord = field(repr=False)
    blob: bytes | None = field(repr=False)
    attestation: Attestation = field(repr=False)
    salt: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Done:
    """The promise is in hand, and nothing is left to continue."""


SavedState: TypeAlias = Blinded | Held | Chosen
State: TypeAlias = SavedState | Done


@dataclass(frozen=True, slots=True)
class SavedAttempt:
    """All that the file holds: the letter, the receipt code (16 bytes), the state."""

    head: LetterHead
    code: bytes = field(repr=False)
    state: SavedState


class _BlindedWire(msgspec.Struct, tag="blinded", tag_field="state", forbid_unknown_fields=True):
    blinding: str
    asked: dict[str, Any] | None


class _HeldWire(msgspec.Struct, tag="held", tag_field="state", forbid_unknown_fields=True):
    token: str
    shown_as: ShownWire | None
    attestation: msgspec.Raw
    salt: str


class _ChosenWire(msgspec.Struct, tag="chosen", tag_field="state", forbid_unknown_fields=True):
    record: msgspec.Raw
    blob: str | None
    attestation: msgspec.Raw
    salt: str


class _AttemptWire(msgspec.Struct, forbid_unknown_fields=True):
    v: Literal[1]
    t: Literal["attempt"]
    base: str
    origin: str
    log_vkey: str
    letter: msgspec.Raw
    code: str
    step: _BlindedWire | _HeldWire | _ChosenWire


_DECODER: Final = msgspec.json.Decoder(_AttemptWire)


def format_attempt(saved: SavedAttempt) -> bytes:
    """Write an attempt as JSON. It is a secret."""
    return format_canonical(
        {
            "v": 1,
            "t": "attempt",
            "base": saved.head.base,
            "origin": saved.head.site.origin,
            "log_vkey": saved.head.site.log_vkey,
            "letter": plain_record(saved.head.record),
            "code": format_base64url(saved.code),
            "step": _format_state(saved.head.letter, saved.state),
        }
    )


def _format_state(letter: Letter, state: SavedState) -> dict[str, Any]:
    match state:
        case Blinded(blinding, asked):
            return {
                "state": "blinded",
                "blinding": format_base64url(
                    format_blinding(parse_spki(letter.token_key), blinding)
                ),
                "asked": None if asked is None else format_asked(asked),
            }
        case Held(token, shown_as, attestation, salt):
            return {
                "state": "held",
                "token": format_base64url(token),
                "shown_as": format_shown_as(shown_as),
            } | _kept(attestation, salt)
        case Chosen(record, blob, attestation, salt):
            return {
                "state": "chosen",
                "record": plain_record(record),
                "blob": None if blob is None else format_base64url(blob),
            } | _kept(attestation, salt)
        case _:
            assert_never(state)


def _kept(attestation: Attestation, salt: bytes) -> dict[str, Any]:
    plain = msgspec.json.decode(format_attestation(attestation))
    return {"attestation": plain, "salt": format_base64url(salt)}


def parse_attempt(data: bytes) -> SavedAttempt:
    """Read a saved attempt; nothing of it is verified. Raises FormatError."""
    wire = decode_json(_DECODER, data, "attempt")
    record = letter_record_of(wire.letter)
    head = LetterHead(wire.base, _site_of(wire, record), record)
    code = parse_base64url(wire.code, size=CODE_SIZE)
    return SavedAttempt(head, code, _parse_state(record.letter, wire.step))


def _site_of(wire: _AttemptWire, record: LetterRecord) -> Site:
    return Site(wire.origin, wire.log_vkey, record.letter.promise_vkey)


def _parse_state(letter: Letter, wire: _BlindedWire | _HeldWire | _ChosenWire) -> SavedState:
    match wire:
        case _BlindedWire():
            blinding = parse_blinding(parse_spki(letter.token_key), parse_base64url(wire.blinding))
            return Blinded(blinding, None if wire.asked is None else parse_asked(wire.asked))
        case _HeldWire():
            token = parse_base64url(wire.token, size=TOKEN_SIZE)
            return Held(token, shown_as_of(wire.shown_as), *_parse_kept(wire))
        case _ChosenWire():
            blob = None if wire.blob is None else parse_base64url(wire.blob)
            return Chosen(sign_record_of(wire.record), blob, *_parse_kept(wire))
        case _:
            assert_never(wire)


def _parse_kept(wire: _HeldWire | _ChosenWire) -> tuple[Attestation, bytes]:
    attestation = parse_attestation(canonical_of(wire.attestation, "attestation"))
    return attestation, parse_base64url(wire.salt, size=SALT_SIZE)
