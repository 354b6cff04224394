"""A secret under a passphrase: PBKDF2-HMAC-SHA256 (RFC 8018), then AES-256-GCM.

Not the strongest way from a passphrase to a key, but the one that every browser has by itself.
"""

import secrets
import unicodedata
from dataclasses import dataclass
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.pbkdf2 import PBKDF2HMAC

from undersigned.errors import FormatError, VerificationError

LEAST_ITERATIONS: Final = 600_000
"""What OWASP asks for of PBKDF2 with SHA-256: half a second of one core for each guess or so."""

MOST_ITERATIONS: Final = 10_000_000
"""A file from outside must not hold up its reader for longer than some seconds."""

SALT_SIZE: Final = 16
NONCE_SIZE: Final = 12

LONGEST_PASSPHRASE: Final = 1_024
"""Bytes of UTF-8."""


@dataclass(frozen=True, slots=True)
class Locked:
    """An encrypted secret, and what it takes to get from the passphrase to its key."""

    iterations: int
    salt: bytes
    nonce: bytes
    ciphertext: bytes


def lock(secret: bytes, passphrase: str, *, iterations: int = LEAST_ITERATIONS) -> Locked:
    """Encrypt a secret under a passphrase. Raises FormatError if that is empty or too long."""
    salt, nonce = secrets.token_bytes(SALT_SIZE), secrets.token_bytes(NONCE_SIZE)
    key = _derive(passphrase, salt, iterations)
    return Locked(iterations, salt, nonce, AESGCM(key).encrypt(nonce, secret, None))


def unlock(locked: Locked, passphrase: str) -> bytes:
    """Return the secret. Raises VerificationError if the passphrase is not the one, FormatError."""
    if not LEAST_ITERATIONS <= locked.iterations <= MOST_ITERATIONS:
        raise FormatError(f"iterations: must be from {LEAST_ITERATIONS} to {MOST_ITERATIONS}")
    key = _derive(passphrase, locked.salt, locked.iterations)
    try:
        return AESGCM(key).decrypt(locked.nonce, locked.ciphertext, None)
    except InvalidTag:
        raise VerificationError("The passphrase is not that of this file.") from None


def _derive(passphrase: str, salt: bytes, iterations: int) -> bytes:
    try:
        password = unicodedata.normalize("NFKC", passphrase).encode()
    except UnicodeEncodeError:
        raise FormatError("The passphrase is not text.") from None
    if not 1 <= len(password) <= LONGEST_PASSPHRASE:
        raise FormatError(f"A passphrase has 1 to {LONGEST_PASSPHRASE} bytes.")
    kdf = PBKDF2HMAC(algorithm=hashes.SHA256(), length=32, salt=salt, iterations=iterations)
    return kdf.derive(password)
