"""Work before a mail: a second of it for whoever wants one code, a day for whoever wants a hundred thousand.

A challenge is ALTCHA's, version 2, with SHA-256 (`docs/formats.md` §9.3). It is for one letter and a few
minutes, and good for one request. Nobody is counted by a network address: behind one may sit all signers.
"""

import secrets
from dataclasses import dataclass
from typing import Annotated, Any, Final, Literal

import altcha
import msgspec

from undersigned.app.issuer import Issuer
from undersigned.domain.canonical import Natural, decode_json, hash_bytes
from undersigned.domain.letter import Letter
from undersigned.encoding import parse_base64
from undersigned.errors import FormatError, WorkRejected
from undersigned.store import enrolments
from undersigned.store.database import Connection

MOST_TRIES: Final = 80_000
"""Hashes that an answer may take, and at least half as many: about a second of a cheap telephone."""

LIFETIME_S: Final = 10 * 60
LONGEST_WORK: Final = 2_048
"""Characters of a solved challenge; there are about 900."""


@dataclass(frozen=True, slots=True)
class Work:
    """A challenge that was solved: its id (32 bytes), and until when it could be used (UTC seconds)."""

    id: bytes
    expires: int


_Hex = Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{0,64}\Z")]


class _Data(msgspec.Struct, forbid_unknown_fields=True):
    letter: _Hex
    expires: Natural
    most: Natural


class _Parameters(msgspec.Struct, forbid_unknown_fields=True, rename="camel"):
    algorithm: Literal["SHA-256"]
    nonce: _Hex
    salt: _Hex
    cost: Natural
    key_length: Natural
    key_prefix: _Hex
    key_signature: _Hex
    data: _Data


class _Challenge(msgspec.Struct, forbid_unknown_fields=True):
    parameters: _Parameters
    signature: _Hex


class _Solution(msgspec.Struct, forbid_unknown_fields=True, rename="camel"):
    counter: Natural
    derived_key: _Hex


class _Payload(msgspec.Struct, forbid_unknown_fields=True):
    challenge: _Challenge
    solution: _Solution


_PAYLOAD: Final = msgspec.json.Decoder(_Payload)


def make_challenge(issuer: Issuer, letter: Letter) -> dict[str, Any]:
    """Return a new challenge for a letter, as plain JSON values. Stores nothing."""
    answer = MOST_TRIES // 2 + secrets.randbelow(MOST_TRIES // 2)
    data = {
        "letter": letter.letter_id.hex(),
        "expires": issuer.clock.now() + LIFETIME_S,
        "most": MOST_TRIES,
    }
    return issuer.challenge_key().make(answer, data)


def check_work(issuer: Issuer, letter: Letter, text: str) -> Work:
    """Read a solved challenge (base64, as ALTCHA sends it) and check it; it is not used up by that.

    1. It is one of this issuer's, and solved. 2. It is for this letter, and not too old. 3. It was not
    used. Raises FormatError, WorkRejected.
    """
    wire = _parse(text)
    data = wire.challenge.parameters.data
    payload = altcha.Payload.from_dict(msgspec.to_builtins(wire))
    if not issuer.challenge_key().is_solved(payload):  # 1
        raise WorkRejected
    if data.letter != letter.letter_id.hex() or data.expires <= issuer.clock.now():  # 2
        raise WorkRejected
    work = Work(hash_bytes(wire.challenge.signature.encode()), data.expires)
    with issuer.database.read() as connection:
        if enrolments.has_work(connection, work.id):  # 3
            raise WorkRejected
    return work


def use_work(connection: Connection, work: Work) -> bool:
    """Use a challenge up; say False if another request was first."""
    return enrolments.add_work(connection, work.id, work.expires)


def _parse(text: str) -> _Payload:
    if len(text) > LONGEST_WORK:
        raise FormatError("altcha: too long")
    return decode_json(_PAYLOAD, parse_base64(text), "altcha")
