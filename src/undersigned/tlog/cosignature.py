"""Cosignatures of witnesses, kind 0x04 (c2sp.org/tlog-cosignature@v1.0.0, Ed25519).

A cosignature says: at this time, this was the largest tree of this log that I had seen, and every
one before it was its beginning. In a note it is a timestamp and a signature instead of a signature
alone.
"""

from dataclasses import dataclass
from typing import Final

from undersigned.crypto.ed25519 import SIGNATURE_SIZE, verify_ed25519
from undersigned.crypto.note_key import COSIGNATURE, NoteKey
from undersigned.errors import FormatError, VerificationError
from undersigned.tlog.fields import MAX_DECIMAL

_TIME_SIZE: Final = 8


@dataclass(frozen=True, slots=True)
class Cosignature:
    """When a witness cosigned (POSIX seconds), and its 64-byte Ed25519 signature."""

    time: int
    signature: bytes


def parse_cosignature(data: bytes) -> Cosignature:
    """Parse the 72 bytes uint64 big-endian time ‖ signature (tlog-cosignature, "Format").

    Raises FormatError, also for a time over 2**63 - 1.
    """
    if len(data) != _TIME_SIZE + SIGNATURE_SIZE:
        raise FormatError("A cosignature has 72 bytes.")
    time = int.from_bytes(data[:_TIME_SIZE], "big")
    if time > MAX_DECIMAL:
        raise FormatError("The time of a cosignature is over 2^63 - 1.")
    return Cosignature(time, data[_TIME_SIZE:])


def format_cosignature(cosignature: Cosignature) -> bytes:
    """Write a cosignature as its 72 bytes."""
    return cosignature.time.to_bytes(_TIME_SIZE, "big") + cosignature.signature


def cosignature_message(time: int, body: str) -> bytes:
    """Return what a witness signs at `time` (POSIX seconds) for a checkpoint with this body.

    tlog-cosignature, "Ed25519 signed message". The body ends in LF and excludes the signatures.
    """
    return f"cosignature/v1\ntime {time}\n{body}".encode()


def verify_cosignature(key: NoteKey, body: str, data: bytes) -> int:
    """Verify the 72-byte cosignature of a witness over a checkpoint's body; return its time.

    The time is in POSIX seconds and proved by the signature. Raises VerificationError, FormatError.
    """
    if key.kind != COSIGNATURE:
        raise VerificationError("The key is not one of a witness.")
    cosignature = parse_cosignature(data)
    message = cosignature_message(cosignature.time, body)
    verify_ed25519(key.public_key, message, cosignature.signature)
    return cosignature.time
