"""Ed25519 signatures (RFC 8032), verified in one way by the server, the verifier and the trustees.

Libraries disagree about odd signatures: points of small order, encodings that are not canonical,
with or without the cofactor. Two parties that disagree about one record would disagree about the
count, so everything here goes through libsodium: it refuses all of these and checks without the
cofactor.
"""

from typing import Final

from nacl.bindings import crypto_sign_open
from nacl.exceptions import BadSignatureError

from undersigned.errors import FormatError, VerificationError

PUBLIC_KEY_SIZE: Final = 32
SEED_SIZE: Final = 32
SIGNATURE_SIZE: Final = 64


def verify_ed25519(public_key: bytes, message: bytes, signature: bytes) -> None:
    """Verify a signature of 64 bytes over a message by a key of 32 bytes (RFC 8032, section 5.1.7).

    Raises VerificationError if it does not hold, FormatError if a length is wrong.
    """
    if len(public_key) != PUBLIC_KEY_SIZE:
        raise FormatError("An Ed25519 public key has 32 bytes.")
    if len(signature) != SIGNATURE_SIZE:
        raise FormatError("An Ed25519 signature has 64 bytes.")
    try:
        crypto_sign_open(signature + message, public_key)
    except BadSignatureError:
        raise VerificationError("The Ed25519 signature does not hold.") from None
