"""The RSA key with which the issuer of one letter signs its tokens blindly."""

from pathlib import Path
from typing import Self

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from undersigned.crypto import blind_rsa
from undersigned.crypto.blind_rsa import RsaPublicKey
from undersigned.crypto.keys.files import load_secret, save_secret
from undersigned.crypto.token import MODULUS_SIZE, PUBLIC_EXPONENT, format_spki
from undersigned.errors import FormatError


class TokenKey:
    """An RSA-2048 key for tokens of type 0x0002. Saved as PEM, PKCS #8 (RFC 5958)."""

    __slots__ = ("_numbers", "_private", "public_key", "spki")

    def __init__(self, private: rsa.RSAPrivateKey) -> None:
        self._private = private
        self._numbers = private.private_numbers()
        public = self._numbers.public_numbers
        self.public_key = RsaPublicKey(public.n, public.e)
        self.spki = format_spki(self.public_key)

    def __repr__(self) -> str:
        return "TokenKey()"

    @classmethod
    def generate(cls) -> Self:
        """Make a new key of 2048 bits with the exponent 65537; takes about a tenth of a second."""
        return cls(rsa.generate_private_key(PUBLIC_EXPONENT, 8 * MODULUS_SIZE))

    @classmethod
    def parse(cls, pem: str) -> Self:
        """Return the key in a PEM text without password; raises FormatError."""
        try:
            key = serialization.load_pem_private_key(pem.encode(), password=None)
        except (ValueError, TypeError, UnsupportedAlgorithm):
            raise FormatError("The text holds no private key.") from None
        if not isinstance(key, rsa.RSAPrivateKey):
            raise FormatError("The private key is not an RSA key.")
        return cls(key)

    def format(self) -> str:
        """Write the key as PEM, PKCS #8. The result is a secret."""
        pem = self._private.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        return pem.decode("ascii")

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read a saved key; raises StoreError (missing, readable by others) and FormatError."""
        return cls.parse(load_secret(path))

    def save(self, path: Path) -> None:
        """Write the key to a new file of mode 0600; raises StoreError if the file exists."""
        save_secret(path, self.format())

    def blind_sign(self, blinded: bytes) -> bytes:
        """Return the blind signature (256 bytes) on a blinded message (RFC 9578, section 6.2).

        Raises FormatError if it has not 256 bytes or is not below the modulus.
        """
        return blind_rsa.blind_sign(self._numbers, blinded)
