"""The blob: a name document that k of n trustees can open together, and nobody else.

    blob = n[1] ‖ n × slot ‖ nonce[12] ‖ AES-256-GCM(K, nonce, padded, AAD letter_id ‖ pk)
    slot = x[1] ‖ SHA-256(share ‖ i)[32] ‖ enc[1120] ‖ ct[49]
    padded = length[4] ‖ document ‖ zeros, up to the next multiple of 1 KiB

K is split k of n (`shamir`); share i is HPKE-sealed to trustee i, counted from 1, with the info
`undersigned/v1/seal` ‖ letter_id ‖ pk ‖ i (`hpke`). So a blob that is copied to another letter or
another signature does not open. The commitments let anyone who holds shares tell which trustee's
share is not the one that the signer made. The SHA-256 of a blob is logged: a change here is a
change of format.
"""

import hashlib
import secrets
import struct
from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hpke import MLKEM768X25519PrivateKey

from undersigned.crypto import shamir
from undersigned.crypto.ed25519 import PUBLIC_KEY_SIZE
from undersigned.crypto.hpke import ENC_SIZE, TAG_SIZE, open_sealed, seal_to
from undersigned.crypto.shamir import MAX_SHARES, SECRET_SIZE, SHARE_SIZE, combine, split
from undersigned.errors import FormatError, VerificationError

__all__ = [
    "Blob",
    "Slot",
    "blob_hash",
    "combine",
    "combine_key",
    "combine_verified",
    "format_blob",
    "open_blob",
    "open_share",
    "parse_blob",
    "seal",
    "split",
    "verify_share",
]

COMMITMENT_SIZE: Final = 32
CT_SIZE: Final = SHARE_SIZE + TAG_SIZE
SLOT_SIZE: Final = 1 + COMMITMENT_SIZE + ENC_SIZE + CT_SIZE
NONCE_SIZE: Final = 12
PAD_SIZE: Final = 1024
MAX_BLOB_BYTES: Final = 64 * 1024
"""Room for 16 trustees (19 kB) and a document of 44 kB; a queue of blobs stays within bounds."""

_LENGTH_SIZE: Final = 4
_SLOT: Final = struct.Struct(f"B{COMMITMENT_SIZE}s{ENC_SIZE}s{CT_SIZE}s")
_LABEL: Final = b"undersigned/v1/seal"


class Slot(NamedTuple):
    """One trustee's part: the place x of the share, its commitment, and the share under HPKE."""

    x: int
    commitment: bytes
    enc: bytes
    ct: bytes


class Blob(NamedTuple):
    """A sealed name, taken apart. Trustee i has slots[i - 1]."""

    slots: tuple[Slot, ...]
    nonce: bytes
    ciphertext: bytes


def seal(
    plaintext: bytes, letter_id: bytes, pk: bytes, seal_keys: Sequence[bytes], k: int
) -> bytes:
    """Seal a document for one signature to the trustees of its letter; return the blob.

    `letter_id` and `pk` have 32 bytes, each of the 1 to 16 `seal_keys` 1216; k of them open it.
    Raises FormatError for wrong lengths or a document that does not fit into a blob of 64 KiB.
    """
    key, nonce = secrets.token_bytes(SECRET_SIZE), secrets.token_bytes(NONCE_SIZE)
    shares = split(key, k, len(seal_keys))
    slots = tuple(
        _seal_share(share, i, seal_key, _info(letter_id, pk, i))
        for i, (share, seal_key) in enumerate(zip(shares, seal_keys, strict=True), start=1)
    )
    ciphertext = AESGCM(key).encrypt(nonce, _pad(plaintext), _binding(letter_id, pk))
    blob = format_blob(Blob(slots, nonce, ciphertext))
    if len(blob) > MAX_BLOB_BYTES:
        raise FormatError("The document is too long to be sealed.")
    return blob


def _seal_share(share: bytes, i: int, seal_key: bytes, info: bytes) -> Slot:
    sealed = seal_to(seal_key, share, info)
    return Slot(share[SECRET_SIZE], _commitment(share, i), sealed[:ENC_SIZE], sealed[ENC_SIZE:])


def _commitment(share: bytes, i: int) -> bytes:
    return hashlib.sha256(share + bytes([i])).digest()


def _binding(letter_id: bytes, pk: bytes) -> bytes:
    if len(letter_id) != hashlib.sha256().digest_size or len(pk) != PUBLIC_KEY_SIZE:
        raise FormatError("A letter's ID and a signer's key have 32 bytes each.")
    return letter_id + pk


def _info(letter_id: bytes, pk: bytes, i: int) -> bytes:
    return _LABEL + _binding(letter_id, pk) + bytes([i])


def _pad(document: bytes) -> bytes:
    padded = len(document).to_bytes(_LENGTH_SIZE, "big") + document
    return padded + bytes(-len(padded) % PAD_SIZE)


def _unpad(padded: bytes) -> bytes:
    end = _LENGTH_SIZE + int.from_bytes(padded[:_LENGTH_SIZE], "big")
    document = padded[_LENGTH_SIZE:end]
    if _pad(document) != padded:
        raise FormatError("The sealed document is not padded as it should be.")
    return document


def format_blob(blob: Blob) -> bytes:
    """Write a blob as the bytes whose hash is in the log."""
    slots = (bytes([slot.x]) + slot.commitment + slot.enc + slot.ct for slot in blob.slots)
    return bytes([len(blob.slots)]) + b"".join(slots) + blob.nonce + blob.ciphertext


def parse_blob(value: bytes) -> Blob:
    """Return the parts of a blob; raises FormatError.

    Checked are the lengths, that the places x are distinct and not zero, and that the ciphertext is
    a whole number of 1 KiB and a tag. What is inside only the trustees can check.
    """
    if not 0 < len(value) <= MAX_BLOB_BYTES:
        raise FormatError(f"A blob has 1 to {MAX_BLOB_BYTES} bytes.")
    n, end = value[0], 1 + value[0] * SLOT_SIZE
    padded = len(value) - end - NONCE_SIZE - TAG_SIZE
    if not 1 <= n <= MAX_SHARES or padded < PAD_SIZE or padded % PAD_SIZE:
        raise FormatError("The blob does not have the length that its number of trustees asks for.")
    slots = tuple(map(Slot._make, _SLOT.iter_unpack(value[1:end])))
    if 0 in (places := {slot.x for slot in slots}) or len(places) != n:
        raise FormatError("The places of the shares in a blob are distinct and not zero.")
    return Blob(slots, value[end : end + NONCE_SIZE], value[end + NONCE_SIZE :])


def blob_hash(value: bytes) -> bytes:
    """Return the SHA-256 of a blob's bytes (32 bytes), as the log holds it."""
    return hashlib.sha256(value).digest()


def verify_share(blob: Blob, i: int, share: bytes) -> None:
    """Verify that these 33 bytes are the share that the signer made for trustee i (from 1).

    Raises VerificationError if the place or the commitment differs.
    """
    slot = _slot(blob, i)
    if len(share) != SHARE_SIZE or share[SECRET_SIZE] != slot.x:
        raise VerificationError("The share does not lie at the place that the blob names.")
    if _commitment(share, i) != slot.commitment:
        raise VerificationError("The share is not the one that the signer committed to.")


def _slot(blob: Blob, i: int) -> Slot:
    if not 1 <= i <= len(blob.slots):
        raise VerificationError("The blob has no share for a trustee of that number.")
    return blob.slots[i - 1]


def open_share(
    blob: Blob, i: int, trustee_private: MLKEM768X25519PrivateKey, letter_id: bytes, pk: bytes
) -> bytes:
    """Return the share (33 bytes) that the blob holds for trustee i (from 1).

    Raises VerificationError if it does not open with this key, for this letter and signature, or is
    not the share that the signer committed to.
    """
    slot = _slot(blob, i)
    share = open_sealed(trustee_private, slot.enc + slot.ct, _info(letter_id, pk, i))
    verify_share(blob, i, share)
    return share


def combine_key(blob: Blob, shares: Mapping[int, bytes], k: int) -> bytes:
    """Return the key K (32 bytes) from the shares of at least k trustees, by trustee number.

    All that are given must hold: raises VerificationError if they are fewer than k, if one differs
    from its commitment, or if they do not all lie on one polynomial (the signer's fault then).
    """
    for i, share in shares.items():
        verify_share(blob, i, share)
    return combine_verified(list(shares.values()), k)


def combine_verified(values: Sequence[bytes], k: int) -> bytes:
    """Return the key K (32 bytes) from shares that were verified (`verify_share`), as `combine_key`."""
    if not 1 <= k <= len(values):
        raise VerificationError("There are fewer shares than the quorum.")
    return shamir.combine_verified(values, k)


def open_blob(blob: Blob, key: bytes, letter_id: bytes, pk: bytes) -> bytes:
    """Return the document in a blob, opened with the key K (32 bytes).

    Raises VerificationError if the key is not the one, or the blob was made for another letter or
    signature; FormatError if the padding is not canonical.
    """
    if len(key) != SECRET_SIZE:
        raise FormatError("The key of a blob has 32 bytes.")
    try:
        padded = AESGCM(key).decrypt(blob.nonce, blob.ciphertext, _binding(letter_id, pk))
    except InvalidTag:
        raise VerificationError("The blob does not open with this key.") from None
    return _unpad(padded)
