"""Who must have signed a record, and whether they did (check 5)."""

from undersigned.crypto.ed25519 import verify_ed25519
from undersigned.domain.letter import Letter
from undersigned.domain.record import (
    AmendRecord,
    IssuedRecord,
    OpeningRecord,
    Record,
    RollRecord,
    SignedRecord,
    SignRecord,
    WithdrawRecord,
    signed_bytes,
    signed_part,
)

OfMany = SignRecord | IssuedRecord | AmendRecord | WithdrawRecord
"""The records of which a log has one or more for each signature."""


def find_key(record: Record, letter: Letter) -> bytes | None:
    """Return the key that must have signed a record (the table of formats §3).

    None for the opening of a trustee that the letter does not have.
    """
    match record:
        case SignRecord() | AmendRecord() | WithdrawRecord():
            return record.pk
        case RollRecord() | IssuedRecord():
            return letter.attestation_key
        case OpeningRecord():
            trustees = letter.trustees
            return trustees[record.by - 1].sign_key if record.by <= len(trustees) else None
        case _:
            return letter.organiser_key


def verify_record(record: SignedRecord, entry: bytes, key: bytes) -> None:
    """Verify the signature of a record whose canonical bytes are `entry`.

    Raises VerificationError, FormatError.
    """
    message = signed_part(entry) if isinstance(record, OfMany) else signed_bytes(record)
    verify_ed25519(key, message, record.sig)
