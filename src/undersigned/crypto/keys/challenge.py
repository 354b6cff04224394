"""The key of what an issuer gives out and gets back, so that it has to store nothing in between.

A challenge is work that a machine has to do before it may ask for a mail (ALTCHA, version 2). It says of
itself what it is for and until when; the key's signature keeps it from being changed. A ticket says which
letter somebody comes back to from elsewhere, to nobody but the issuer; what they bring from there is sealed
for that letter.
"""

import secrets
from typing import Any, Final

import altcha
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from undersigned.crypto.keys.derive import derive
from undersigned.crypto.keys.kept_secret import KeptSecret
from undersigned.encoding import format_base64url, parse_base64url
from undersigned.errors import FormatError

_INFO: Final = "undersigned/v1/challenge/"

ALGORITHM: Final = "SHA-256"
COST: Final = 1
"""Rounds of the hash for each number that is tried."""

_NAME_SIZE: Final = 72
"""Bytes: a slug of 64, @, and an edition."""
_NONCE_SIZE: Final = 12
TICKET_SIZE: Final = _NONCE_SIZE + _NAME_SIZE + 16


class ChallengeKey(KeptSecret):
    """A secret of 32 bytes; from it come keys that sign challenges and answers, hide tickets, seal codes."""

    __slots__ = ("_answers", "_challenges", "_codes", "_tickets")

    KIND = "challenge"

    def __init__(self, secret: bytes) -> None:
        super().__init__(secret)
        self._challenges = derive(secret, salt=b"", info=f"{_INFO}sign".encode())
        self._answers = derive(secret, salt=b"", info=f"{_INFO}answer".encode())
        self._tickets = AESGCM(derive(secret, salt=b"", info=f"{_INFO}ticket".encode()))
        self._codes = AESGCM(derive(secret, salt=b"", info=f"{_INFO}code".encode()))

    def make(self, answer: int, data: dict[str, Any]) -> dict[str, Any]:
        """Return a challenge whose answer is this number, as plain JSON values; `data` goes into it."""
        challenge = altcha.create_challenge(
            ALGORITHM,
            COST,
            counter=answer,
            data=data,
            hmac_secret=self._challenges,
            hmac_key_secret=self._answers,
        )
        return challenge.to_dict()

    def is_solved(self, payload: altcha.Payload) -> bool:
        """Say whether a challenge is one of this key's, and the solution its answer."""
        result = altcha.verify_solution(payload, self._challenges, hmac_key_secret=self._answers)
        return result.verified

    def make_ticket(self, name: str) -> str:
        """Return a ticket for a name (at most 72 bytes of ASCII): AES-256-GCM in base64url, of one length."""
        nonce = secrets.token_bytes(_NONCE_SIZE)
        plain = name.encode("ascii").ljust(_NAME_SIZE, b"\0")
        return format_base64url(nonce + self._tickets.encrypt(nonce, plain, None))

    def read_ticket(self, ticket: str) -> str:
        """Return the name that a ticket of this key is for. Raises FormatError for any other."""
        data = parse_base64url(ticket, size=TICKET_SIZE)
        try:
            plain = self._tickets.decrypt(data[:_NONCE_SIZE], data[_NONCE_SIZE:], None)
        except InvalidTag:
            raise FormatError("The ticket was not given out here.") from None
        return plain.rstrip(b"\0").decode("ascii")

    def seal_code(self, code: str, letter_id: bytes) -> str:
        """Return a code (ASCII) that is of use for one letter alone: AES-256-GCM in base64url."""
        nonce = secrets.token_bytes(_NONCE_SIZE)
        return format_base64url(nonce + self._codes.encrypt(nonce, code.encode("ascii"), letter_id))

    def open_code(self, sealed: str, letter_id: bytes) -> str:
        """Return a code that was sealed for a letter. Raises FormatError for any other."""
        data = parse_base64url(sealed)
        try:
            code = self._codes.decrypt(data[:_NONCE_SIZE], data[_NONCE_SIZE:], letter_id)
        except (InvalidTag, ValueError):
            raise FormatError("The code was not sealed here for this letter.") from None
        return code.decode("ascii")
