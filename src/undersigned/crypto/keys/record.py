"""The Ed25519 keys that sign records: the organiser's, the attestation key, derived ones."""

import secrets
from pathlib import Path
from typing import Self

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from nacl.bindings import crypto_sign, crypto_sign_seed_keypair

from undersigned.crypto.ed25519 import SEED_SIZE, SIGNATURE_SIZE
from undersigned.crypto.keys.files import load_secret, save_secret
from undersigned.errors import FormatError


class RecordSigner:
    """An Ed25519 key (RFC 8032) from a seed of 32 bytes. Saved as PEM, PKCS #8 (RFC 8410)."""

    __slots__ = ("_private", "_secret", "public_key")

    def __init__(self, seed: bytes) -> None:
        if len(seed) != SEED_SIZE:
            raise FormatError("The seed of an Ed25519 key has 32 bytes.")
        self._private = Ed25519PrivateKey.from_private_bytes(seed)
        # libsodium signs in two thirds of the time; what it writes is the same.
        self.public_key, self._secret = crypto_sign_seed_keypair(seed)

    def __repr__(self) -> str:
        return f"RecordSigner(public_key={self.public_key.hex()})"

    @classmethod
    def generate(cls) -> Self:
        """Make a new key."""
        return cls(secrets.token_bytes(SEED_SIZE))

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read a saved key; raises StoreError (missing, readable by others) and FormatError."""
        try:
            key = serialization.load_pem_private_key(load_secret(path).encode(), password=None)
        except (ValueError, TypeError):
            raise FormatError("The file holds no private key.") from None
        if not isinstance(key, Ed25519PrivateKey):
            raise FormatError("The private key is not an Ed25519 key.")
        return cls(key.private_bytes_raw())

    def save(self, path: Path) -> None:
        """Write the key to a new file of mode 0600; raises StoreError if the file exists."""
        pem = self._private.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        save_secret(path, pem.decode("ascii"))

    def sign(self, message: bytes) -> bytes:
        """Return the signature (64 bytes) over a message (RFC 8032, section 5.1.6)."""
        signature: bytes = crypto_sign(message, self._secret)[:SIGNATURE_SIZE]
        return signature
