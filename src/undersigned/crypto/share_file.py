"""The share file: what one trustee tells all the others, encrypted to each and signed; formats §9.

    file = slots ‖ nonce[12] ‖ AES-256-GCM(F, nonce, AAD context, plaintext) ‖ sig[64]
    slots = for every other trustee, ascending: enc[1120] ‖ ct[48], F under HPKE, info context ‖ j[1]
    context = the label ‖ letter_id ‖ uint32 wave ‖ from[1]

The signature is over context ‖ SHA-256(all before it), so a file is of one letter, wave and sender.
"""

import hashlib
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from undersigned.crypto.ed25519 import verify_ed25519
from undersigned.crypto.hpke import ENC_SIZE, TAG_SIZE, seal_to
from undersigned.errors import VerificationError

KEY_SIZE: Final = 32
NONCE_SIZE: Final = 12
SIG_SIZE: Final = 64
SLOT_SIZE: Final = ENC_SIZE + KEY_SIZE + TAG_SIZE

_LABEL: Final = b"undersigned/v1/shares\n"


@dataclass(frozen=True, slots=True)
class ShareContext:
    """Which file it is: letter id (32 bytes), wave, the sender's number (from 1) of so many trustees."""

    letter_id: bytes
    wave: int
    sender: int
    trustees: int

    @property
    def label(self) -> bytes:
        """What every part of the file is bound to."""
        return _LABEL + self.letter_id + self.wave.to_bytes(4, "big") + bytes([self.sender])

    @property
    def others(self) -> tuple[int, ...]:
        """The numbers of those whom it is for, ascending."""
        return tuple(i for i in range(1, self.trustees + 1) if i != self.sender)

    @property
    def overhead(self) -> int:
        """Bytes of a file beside its plaintext."""
        return len(self.others) * SLOT_SIZE + NONCE_SIZE + TAG_SIZE + SIG_SIZE


def seal_share_file(
    plaintext: bytes,
    context: ShareContext,
    seal_keys: Sequence[bytes],
    sign: Callable[[bytes], bytes],
) -> bytes:
    """Encrypt to all trustees but the sender and sign. `seal_keys` are those of every trustee.

    Raises FormatError for an unusable key.
    """
    key, nonce = secrets.token_bytes(KEY_SIZE), secrets.token_bytes(NONCE_SIZE)
    slots = [seal_to(seal_keys[j - 1], key, context.label + bytes([j])) for j in context.others]
    body = b"".join(slots) + nonce + AESGCM(key).encrypt(nonce, plaintext, context.label)
    return body + sign(_signed(context, body))


def _signed(context: ShareContext, body: bytes) -> bytes:
    return context.label + hashlib.sha256(body).digest()


def verify_share_file(file: bytes, context: ShareContext, sign_key: bytes) -> None:
    """Verify that a file is the sender's, of this letter and wave. Raises VerificationError."""
    if len(file) < context.overhead:
        raise VerificationError("The share file is too short to be one.")
    body, sig = file[:-SIG_SIZE], file[-SIG_SIZE:]
    try:
        verify_ed25519(sign_key, _signed(context, body), sig)
    except VerificationError:
        raise VerificationError(
            "The share file is not signed by its sender, or not of this letter and wave."
        ) from None


def open_share_file(
    file: bytes, context: ShareContext, number: int, open_sealed: Callable[[bytes, bytes], bytes]
) -> bytes:
    """Return the plaintext as trustee `number`, whose `open_sealed` opens HPKE with an info.

    The signature was verified before. Raises VerificationError.
    """
    if number not in context.others or len(file) < context.overhead:
        raise VerificationError("The share file is not for this trustee.")
    at = context.others.index(number) * SLOT_SIZE
    key = open_sealed(file[at : at + SLOT_SIZE], context.label + bytes([number]))
    start = len(context.others) * SLOT_SIZE
    nonce, sealed = file[start : start + NONCE_SIZE], file[start + NONCE_SIZE : -SIG_SIZE]
    try:
        return AESGCM(key).decrypt(nonce, sealed, context.label)
    except (InvalidTag, ValueError):
        raise VerificationError("The share file does not open.") from None
