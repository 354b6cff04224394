"""Public-key encryption to a trustee: HPKE (RFC 9180), base mode, single shot, empty AAD.

KEM 0x647a, X-Wing (ML-KEM-768 with X25519, draft-connolly-cfrg-xwing-kem), KDF HKDF-SHA256, AEAD
AES-256-GCM. A seal key is the X-Wing public key: ML-KEM-768 (1184 bytes) ‖ X25519 (32).
"""

import functools
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.mlkem import MLKEM768PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PublicKey
from cryptography.hazmat.primitives.hpke import (
    AEAD,
    KDF,
    KEM,
    MLKEM768X25519PrivateKey,
    MLKEM768X25519PublicKey,
    Suite,
)

from undersigned.errors import FormatError, VerificationError

MLKEM_PUBLIC_SIZE: Final = 1184
SEAL_KEY_SIZE: Final = MLKEM_PUBLIC_SIZE + 32
ENC_SIZE: Final = 1120
TAG_SIZE: Final = 16

_SUITE: Final = Suite(KEM.MLKEM768_X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM)


def parse_seal_key(seal_key: bytes) -> MLKEM768X25519PublicKey:
    """Return the X-Wing public key in 1216 bytes; raises FormatError."""
    if len(seal_key) != SEAL_KEY_SIZE:
        raise FormatError(f"A seal key has {SEAL_KEY_SIZE} bytes.")
    return _loaded(seal_key)


@functools.lru_cache(maxsize=256)
def _loaded(seal_key: bytes) -> MLKEM768X25519PublicKey:
    """Keep the trustees' keys at hand: every sealed name of a letter goes to the same ones."""
    try:
        mlkem = MLKEM768PublicKey.from_public_bytes(seal_key[:MLKEM_PUBLIC_SIZE])
    except ValueError:
        raise FormatError("The seal key is not an ML-KEM-768 key.") from None
    return MLKEM768X25519PublicKey(
        mlkem, X25519PublicKey.from_public_bytes(seal_key[MLKEM_PUBLIC_SIZE:])
    )


def seal_to(seal_key: bytes, plaintext: bytes, info: bytes) -> bytes:
    """Encrypt to a seal key (1216 bytes): enc (1120 bytes) ‖ ciphertext (16 bytes of tag more).

    Source: SealBase of RFC 9180, section 6.1. Raises FormatError for an unusable key.
    """
    try:
        return _SUITE.encrypt(plaintext, parse_seal_key(seal_key), info)
    except ValueError:  # an X25519 point of small order
        raise FormatError("The seal key is not usable.") from None


def open_sealed(private_key: MLKEM768X25519PrivateKey, sealed: bytes, info: bytes) -> bytes:
    """Decrypt enc ‖ ciphertext: OpenBase of RFC 9180, section 6.1. Raises VerificationError."""
    try:
        return _SUITE.decrypt(sealed, private_key, info)
    except (InvalidTag, ValueError):
        raise VerificationError("The sealed bytes do not open with this key.") from None
