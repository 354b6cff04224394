"""The token that lets one member sign one letter once, and that nobody can trace to its issuance.

Privacy Pass token type 0x0002, "Blind RSA (2048-bit)": the structures of RFC 9577, section 2, and
RFC 9578, section 6, over RSABSSA-SHA384-PSS-Deterministic of RFC 9474. Two rules are the letter's
own: the redemption context of the challenge is the letter's ID, and the nonce is not random but a
hash of the signer's public key, so that a token seen by others is worth nothing to them.
"""

import hashlib
from dataclasses import dataclass
from typing import Final

from undersigned.crypto.blind_rsa import RsaPublicKey, verify_signature
from undersigned.crypto.ed25519 import PUBLIC_KEY_SIZE
from undersigned.errors import FormatError, VerificationError

TOKEN_TYPE: Final = 0x0002
HASH_SIZE: Final = 32
MODULUS_SIZE: Final = 256
PUBLIC_EXPONENT: Final = 65537

INPUT_SIZE: Final = 2 + 3 * HASH_SIZE
TOKEN_SIZE: Final = INPUT_SIZE + MODULUS_SIZE

MAX_CHALLENGE_BYTES: Final = 2 + 2 + 255 + 1 + 32 + 2 + 255
"""The names are hosts (at most 253 characters); the format itself would allow 64 KiB for each."""

_NONCE: Final = slice(2, 34)
_CHALLENGE: Final = slice(34, 66)
_KEY_ID: Final = slice(66, INPUT_SIZE)

_TYPE_BYTES: Final = TOKEN_TYPE.to_bytes(2, "big")
_NONCE_LABEL: Final = b"undersigned/v1/nonce\n"

# SEQUENCE { AlgorithmIdentifier, BIT STRING { SEQUENCE { INTEGER n, INTEGER e } } } for a modulus
# of exactly 2048 bits and e = 65537: everything but the modulus is fixed, so nothing is left to
# parse.
_SPKI_HEAD: Final = bytes.fromhex(
    "30820152"  # SubjectPublicKeyInfo
    "303d06092a864886f70d01010a3030"  # id-RSASSA-PSS and its parameters
    "a00d300b0609608648016503040202"  # [0] hash: SHA-384
    "a11a301806092a864886f70d010108300b0609608648016503040202"  # [1] MGF1 with SHA-384
    "a203020130"  # [2] salt length: 48
    "0382010f00"  # the key, as a bit string
    "3082010a0282010100"  # RSAPublicKey, the modulus follows
)
_SPKI_TAIL: Final = bytes.fromhex("0203010001")
SPKI_SIZE: Final = len(_SPKI_HEAD) + MODULUS_SIZE + len(_SPKI_TAIL)


@dataclass(frozen=True, slots=True)
class TokenChallenge:
    """What a token is for (RFC 9577, section 2.1): the context is empty or has 32 bytes.

    Its digest is signed within every token, so a change of these members is a change of format.
    """

    issuer_name: str
    redemption_context: bytes
    origin_info: str

    def __post_init__(self) -> None:
        for name in (self.issuer_name, self.origin_info):
            if not name.isascii() or not name.isprintable() or len(name) > 255:
                raise FormatError("The names in a challenge are at most 255 ASCII signs.")
        if not self.issuer_name:
            raise FormatError("A challenge names its issuer.")
        if len(self.redemption_context) not in (0, HASH_SIZE):
            raise FormatError("The redemption context of a challenge has 0 or 32 bytes.")

    @property
    def digest(self) -> bytes:
        """Return the SHA-256 of the challenge (32 bytes) that its tokens carry."""
        return hashlib.sha256(format_challenge(self)).digest()


def format_challenge(challenge: TokenChallenge) -> bytes:
    """Write a TokenChallenge (RFC 9577, section 2.1)."""
    issuer, origin = challenge.issuer_name.encode("ascii"), challenge.origin_info.encode("ascii")
    context = challenge.redemption_context
    return b"".join(
        (
            _TYPE_BYTES,
            len(issuer).to_bytes(2, "big") + issuer,
            len(context).to_bytes(1, "big") + context,
            len(origin).to_bytes(2, "big") + origin,
        )
    )


def parse_challenge(value: bytes) -> TokenChallenge:
    """Return the TokenChallenge of type 0x0002 in these bytes (RFC 9577, section 2.1).

    Raises FormatError.
    """
    if len(value) > MAX_CHALLENGE_BYTES:
        raise FormatError("The challenge is too long.")
    if value[:2] != _TYPE_BYTES:
        raise FormatError("The challenge is not of token type 2.")
    issuer, rest = _cut(value[2:], 2)
    context, rest = _cut(rest, 1)
    origin, rest = _cut(rest, 2)
    if rest:
        raise FormatError("The challenge has bytes behind its end.")
    try:
        return TokenChallenge(issuer.decode("ascii"), context, origin.decode("ascii"))
    except UnicodeDecodeError:
        raise FormatError("The names in a challenge are ASCII.") from None


def _cut(value: bytes, width: int) -> tuple[bytes, bytes]:
    """Split off one vector whose length stands before it in `width` bytes."""
    end = width + int.from_bytes(value[:width], "big")
    if len(value) < end:
        raise FormatError("The challenge ends too early.")
    return value[width:end], value[end:]


def format_spki(key: RsaPublicKey) -> bytes:
    """Write a token key as its SubjectPublicKeyInfo of 342 bytes (RFC 9578, section 6.5).

    The algorithm is id-RSASSA-PSS with explicit SHA-384, MGF1-SHA-384 and salt length 48. Raises
    FormatError unless the modulus has 2048 bits and the exponent is 65537.
    """
    _check_key(key)
    return _SPKI_HEAD + key.n.to_bytes(MODULUS_SIZE, "big") + _SPKI_TAIL


def parse_spki(value: bytes) -> RsaPublicKey:
    """Return the token key that `format_spki` writes so; any other spelling raises FormatError."""
    if len(value) != SPKI_SIZE:
        raise FormatError(f"A token key has {SPKI_SIZE} bytes.")
    if not value.startswith(_SPKI_HEAD) or not value.endswith(_SPKI_TAIL):
        raise FormatError("The token key is not RSASSA-PSS with SHA-384, salt 48, exponent 65537.")
    modulus = value[len(_SPKI_HEAD) : -len(_SPKI_TAIL)]
    key = RsaPublicKey(int.from_bytes(modulus, "big"), PUBLIC_EXPONENT)
    _check_key(key)
    return key


def _check_key(key: RsaPublicKey) -> None:
    """A modulus with a zero in front would have a second, shorter spelling in DER."""
    if key.n.bit_length() != 8 * MODULUS_SIZE or not key.n & 1 or key.e != PUBLIC_EXPONENT:
        raise FormatError("A token key has an odd modulus of 2048 bits and the exponent 65537.")


def token_key_id(spki: bytes) -> bytes:
    """Return the SHA-256 of a token key's SPKI, 32 bytes (RFC 9578, section 6.5)."""
    return hashlib.sha256(spki).digest()


def nonce_of(pk: bytes) -> bytes:
    """Return the one nonce (32 bytes) that a token for this signer's key (32 bytes) may carry."""
    if len(pk) != PUBLIC_KEY_SIZE:
        raise FormatError("A signer's public key has 32 bytes.")
    return hashlib.sha256(_NONCE_LABEL + pk).digest()


def token_input(nonce: bytes, challenge_digest: bytes, key_id: bytes) -> bytes:
    """Return the 98 bytes that the issuer signs blindly (RFC 9578, section 6.1).

    Each part has 32 bytes; raises FormatError otherwise.
    """
    if not len(nonce) == len(challenge_digest) == len(key_id) == HASH_SIZE:
        raise FormatError("The parts of a token have 32 bytes each.")
    return _TYPE_BYTES + nonce + challenge_digest + key_id


@dataclass(frozen=True, slots=True)
class Token:
    """A token (RFC 9577, section 2.2): three hashes of 32 bytes and a signature of 256.

    It is logged as it is: a change of these members is a change of format.
    """

    nonce: bytes
    challenge_digest: bytes
    token_key_id: bytes
    authenticator: bytes

    @property
    def input(self) -> bytes:
        """Return the 98 bytes that the authenticator signs."""
        return token_input(self.nonce, self.challenge_digest, self.token_key_id)


def parse_token(value: bytes) -> Token:
    """Return the token in exactly 354 bytes; raises FormatError (RFC 9577, section 2.2)."""
    if len(value) != TOKEN_SIZE:
        raise FormatError(f"A token has {TOKEN_SIZE} bytes.")
    if value[:2] != _TYPE_BYTES:
        raise FormatError("The token is not of type 2.")
    return Token(value[_NONCE], value[_CHALLENGE], value[_KEY_ID], value[INPUT_SIZE:])


def format_token(token: Token) -> bytes:
    """Write a token as 354 bytes (RFC 9577, section 2.2)."""
    if len(token.authenticator) != MODULUS_SIZE:
        raise FormatError("The signature in a token has 256 bytes.")
    return token.input + token.authenticator


class TokenVerifier:
    """Checks tokens for one letter: one key and one challenge, parsed once and kept."""

    __slots__ = ("_challenge_digest", "_key", "_key_id")

    def __init__(self, spki: bytes, challenge: TokenChallenge) -> None:
        self._key = parse_spki(spki)
        self._key_id = token_key_id(spki)
        self._challenge_digest = challenge.digest

    def verify(self, token_bytes: bytes, pk: bytes) -> None:
        """Verify that the issuer of this letter gave this token, and for this signer's key.

        1. The bytes are a token of type 2. 2. The nonce is that of `pk` (32 bytes). 3. The
        challenge is this letter's. 4. The key is this letter's. 5. The signature holds (RFC 9578,
        section 6.4). Raises FormatError for the first, VerificationError for the others.
        """
        if len(token_bytes) != TOKEN_SIZE or token_bytes[:2] != _TYPE_BYTES:
            parse_token(token_bytes)  # 1
        if token_bytes[_NONCE] != nonce_of(pk):  # 2
            raise VerificationError("The token was made for another signature.")
        if token_bytes[_CHALLENGE] != self._challenge_digest:  # 3
            raise VerificationError("The token was issued for another letter.")
        if token_bytes[_KEY_ID] != self._key_id:  # 4
            raise VerificationError("The token was issued under another key.")
        verify_signature(self._key, token_bytes[:INPUT_SIZE], token_bytes[INPUT_SIZE:])  # 5


def verify_token(token_bytes: bytes, spki: bytes, challenge: TokenChallenge, pk: bytes) -> None:
    """Verify one token, as `TokenVerifier.verify` does; for many of one letter keep a verifier."""
    TokenVerifier(spki, challenge).verify(token_bytes, pk)
