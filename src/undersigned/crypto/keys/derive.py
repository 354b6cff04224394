"""HKDF-SHA256 (RFC 5869): several keys from one secret."""

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF


def derive(secret: bytes, *, salt: bytes, info: bytes) -> bytes:
    """Return 32 bytes derived from a secret; an empty salt is the RFC's default (RFC 5869, 2.2)."""
    return HKDF(algorithm=hashes.SHA256(), length=32, salt=salt, info=info).derive(secret)
