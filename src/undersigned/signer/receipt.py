"""Receipts: all that a member keeps of a signature; `docs/formats.md` §8.

JSON with exactly the members of §8. It holds the twelve words: whoever reads it can withdraw the
signature. It is not signed itself; everything in it is, by somebody else.
"""

from dataclasses import dataclass, field
from typing import Final, Literal

import msgspec

from undersigned.crypto.keys import code_of, words_of
from undersigned.domain.canonical import decode_json, format_canonical
from undersigned.domain.name import Attestation, format_attestation, parse_attestation
from undersigned.domain.record import LetterRecord, SignRecord, format_record
from undersigned.encoding import format_base64url, parse_base64url
from undersigned.errors import FormatError
from undersigned.signer.letter_view import LetterHead, Site
from undersigned.signer.plain import canonical_of, letter_record_of, plain_record, sign_record_of
from undersigned.tlog.merkle import leaf_hash
from undersigned.tlog.note import MAX_NOTE_SIZE
from undersigned.tlog.proof import MAX_PROOF_SIZE

SALT_SIZE: Final = 16

LONGEST_RECEIPT: Final = 2 * (MAX_NOTE_SIZE + MAX_PROOF_SIZE) + 128 * 1024
"""Bytes: the note and the proof at their limits, with every line end escaped, and the records."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """A signature, what proves it, and the words that change it.

    `promise` is the text of the promise's note, `proof` that of a tlog-proof, None while the record
    is not in the log. `salt` (16 bytes) is the member's in the roll.
    """

    origin: str
    log_vkey: str
    letter: LetterRecord = field(repr=False)
    words: str = field(repr=False)
    record: SignRecord = field(repr=False)
    promise: str = field(repr=False)
    attestation: Attestation = field(repr=False)
    salt: bytes = field(repr=False)
    proof: str | None = field(repr=False)

    def __post_init__(self) -> None:
        if len(self.salt) != SALT_SIZE:
            raise FormatError(f"The salt of a receipt has {SALT_SIZE} bytes.")
        if words_of(code_of(self.words)) != self.words:
            raise FormatError("The words of a receipt are in lower case, with single spaces.")

    @property
    def leaf_hash(self) -> bytes:
        """The hash (32 bytes) under which the log has the record."""
        return leaf_hash(format_record(self.record))

    def head(self, base: str) -> LetterHead:
        """Return the letter, at a site whose API has this base URL."""
        site = Site(self.origin, self.log_vkey, self.letter.letter.promise_vkey)
        return LetterHead(base, site, self.letter)


class _ReceiptWire(msgspec.Struct, forbid_unknown_fields=True):
    v: Literal[1]
    t: Literal["receipt"]
    origin: str
    log_vkey: str
    letter: msgspec.Raw
    words: str
    record: msgspec.Raw
    promise: str
    attestation: msgspec.Raw
    salt: str
    proof: str | None


_DECODER: Final = msgspec.json.Decoder(_ReceiptWire)


def parse_receipt(data: bytes) -> Receipt:
    """Read a receipt; nothing of it is verified. Raises FormatError."""
    if len(data) > LONGEST_RECEIPT:
        raise FormatError(f"receipt: longer than {LONGEST_RECEIPT} bytes")
    wire = decode_json(_DECODER, data, "receipt")
    return Receipt(
        origin=wire.origin,
        log_vkey=wire.log_vkey,
        letter=letter_record_of(wire.letter),
        words=wire.words,
        record=sign_record_of(wire.record),
        promise=wire.promise,
        attestation=parse_attestation(canonical_of(wire.attestation, "attestation")),
        salt=parse_base64url(wire.salt, size=SALT_SIZE),
        proof=wire.proof,
    )


def format_receipt(receipt: Receipt) -> bytes:
    """Write a receipt, canonically. The result is a secret."""
    return format_canonical(
        {
            "v": 1,
            "t": "receipt",
            "origin": receipt.origin,
            "log_vkey": receipt.log_vkey,
            "letter": plain_record(receipt.letter),
            "words": receipt.words,
            "record": plain_record(receipt.record),
            "promise": receipt.promise,
            "attestation": msgspec.json.decode(format_attestation(receipt.attestation)),
            "salt": format_base64url(receipt.salt),
            "proof": receipt.proof,
        }
    )
