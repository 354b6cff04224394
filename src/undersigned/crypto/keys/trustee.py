"""A trustee's key: one seed, from which the key that opens shares and the one that signs come."""

import hashlib
import secrets
from pathlib import Path
from typing import Final, Self

from cryptography.hazmat.primitives.asymmetric.mlkem import MLKEM768PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.hpke import MLKEM768X25519PrivateKey

from undersigned.crypto import seal
from undersigned.crypto.hpke import open_sealed
from undersigned.crypto.keys.derive import derive
from undersigned.crypto.keys.files import load_secret, save_secret
from undersigned.crypto.keys.record import RecordSigner
from undersigned.crypto.seal import Blob
from undersigned.encoding import format_base64url, parse_base64url
from undersigned.errors import FormatError

SEED_SIZE: Final = 32

_MLKEM_SEED_SIZE: Final = 64
_HEAD: Final = "UNDERSIGNED-TRUSTEE-KEY-1+"


class TrusteeKey:
    """A trustee's seed of 32 bytes and all that follows from it.

    `seal_key` (1216 bytes) and `sign_key` (32 bytes) are public and stand in the letter. Saved as
    one line, `UNDERSIGNED-TRUSTEE-KEY-1+<base64url seed>`.
    """

    __slots__ = ("_private", "_seed", "_signer", "seal_key", "sign_key")

    def __init__(self, seed: bytes) -> None:
        if len(seed) != SEED_SIZE:
            raise FormatError("A trustee's seed has 32 bytes.")
        self._seed = seed
        self._signer = RecordSigner(derive(seed, salt=b"", info=b"undersigned/v1/trustee/sign"))
        self.sign_key = self._signer.public_key
        self._private, self.seal_key = _expand_xwing(
            derive(seed, salt=b"", info=b"undersigned/v1/trustee/seal")
        )

    def __repr__(self) -> str:
        return f"TrusteeKey(sign_key={self.sign_key.hex()})"

    @classmethod
    def generate(cls) -> Self:
        """Make a new key."""
        return cls(secrets.token_bytes(SEED_SIZE))

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return the key in its line; raises FormatError."""
        if not text.startswith(_HEAD):
            raise FormatError("The text is not a trustee's key.")
        return cls(parse_base64url(text.removeprefix(_HEAD), size=SEED_SIZE))

    def format(self) -> str:
        """Write the key as its line, without a line end. The result is a secret."""
        return _HEAD + format_base64url(self._seed)

    @property
    def seed(self) -> bytes:
        """The seed itself: for `keys.trustee_file` alone, which keeps it under a passphrase."""
        return self._seed

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read a saved key; raises StoreError (missing, readable by others) and FormatError."""
        return cls.parse(load_secret(path).removesuffix("\n"))

    def save(self, path: Path) -> None:
        """Write the key to a new file of mode 0600; raises StoreError if the file exists."""
        save_secret(path, self.format() + "\n")

    def open_share(self, blob: Blob, i: int, letter_id: bytes, pk: bytes) -> bytes:
        """Return the share (33 bytes) that a blob holds for this trustee, number i (from 1).

        Raises VerificationError if it does not open, or is not what the signer committed to.
        """
        return seal.open_share(blob, i, self._private, letter_id, pk)

    def open_sealed(self, sealed: bytes, info: bytes) -> bytes:
        """Decrypt what somebody sealed to `seal_key` with this info; raises VerificationError."""
        return open_sealed(self._private, sealed, info)

    def sign(self, message: bytes) -> bytes:
        """Return the signature (64 bytes) by `sign_key` over a message."""
        return self._signer.sign(message)


def _expand_xwing(seed: bytes) -> tuple[MLKEM768X25519PrivateKey, bytes]:
    """Return the X-Wing key pair of a 32-byte seed (draft-connolly-cfrg-xwing-kem, section 5.2)."""
    expanded = hashlib.shake_256(seed).digest(_MLKEM_SEED_SIZE + 32)
    mlkem = MLKEM768PrivateKey.from_seed_bytes(expanded[:_MLKEM_SEED_SIZE])
    x25519 = X25519PrivateKey.from_private_bytes(expanded[_MLKEM_SEED_SIZE:])
    public = mlkem.public_key().public_bytes_raw() + x25519.public_key().public_bytes_raw()
    return MLKEM768X25519PrivateKey(mlkem, x25519), public
