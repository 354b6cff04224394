"""RSA blind signatures: RSABSSA-SHA384 in all four variants of RFC 9474.

The variants differ in two lengths: that of the PSS salt (48 or 0 bytes) and that of the random
prefix of the message (32 or 0 bytes). The project itself signs with PSS-Deterministic: salt 48, no
prefix.

No maintained Python library has this, and pyca/cryptography has no raw RSA: it is the one primitive
written here, over GMP. The secret exponentiation runs in GMP's constant-time function, over a
blinded base with blinded exponents, and its result is checked before it leaves (a fault in one half
of the CRT would otherwise give away the factors). Verification goes through pyca/cryptography.
"""

import functools
import hashlib
import secrets
from dataclasses import dataclass, field
from typing import Any, Final

import gmpy2  # type: ignore[import-untyped]
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from undersigned.errors import FormatError, VerificationError

SALT_SIZE: Final = 48
"""Bytes of PSS salt in the variants called PSS; those called PSSZERO have none."""

PREFIX_SIZE: Final = 32
"""Bytes of random prefix in the variants called Randomized; the Deterministic ones have none."""

EXPONENT_BLINDING_BITS: Final = 64

_HASH_SIZE: Final = 48


@dataclass(frozen=True, slots=True)
class RsaPublicKey:
    """An RSA public key: modulus n and exponent e."""

    n: int
    e: int

    @property
    def size(self) -> int:
        """Return the length of the modulus, and of every signature, in bytes."""
        return (self.n.bit_length() + 7) // 8


@dataclass(frozen=True, slots=True)
class BlindedMessage:
    """What a client keeps of a blinding: the message to send, and the inverse that undoes it.

    The two together (`format_blinding`) are all that is needed to go on after a crash. The inverse
    is a secret: with it and the blinded message the issuer would recognise the token.
    """

    blinded: bytes
    inverse: int = field(repr=False)


def prepare(message: bytes, prefix: bytes | None = None) -> bytes:
    """Return prefix ‖ message; the prefix has 32 bytes, random if not given (RFC 9474, 4.1).

    This is PrepareRandomize. The deterministic variants sign the message itself.
    """
    prefix = secrets.token_bytes(PREFIX_SIZE) if prefix is None else prefix
    if len(prefix) != PREFIX_SIZE:
        raise FormatError("The prefix of a randomized message has 32 bytes.")
    return prefix + message


def encode_pss(message: bytes, bits: int, salt: bytes) -> bytes:
    """Encode a message for a signature of `bits` bits: EMSA-PSS-ENCODE with SHA-384 and MGF1.

    Raises FormatError if `bits` leaves no room (RFC 8017, section 9.1.1).
    """
    size = (bits + 7) // 8
    if size < _HASH_SIZE + len(salt) + 2:
        raise FormatError("The RSA modulus is too short for this encoding.")
    hashed = hashlib.sha384(bytes(8) + hashlib.sha384(message).digest() + salt).digest()
    block = bytes(size - len(salt) - _HASH_SIZE - 2) + b"\x01" + salt
    masked = int.from_bytes(block, "big") ^ int.from_bytes(_mask(hashed, len(block)), "big")
    masked &= (1 << (bits - 8 * (_HASH_SIZE + 1))) - 1
    return masked.to_bytes(len(block), "big") + hashed + b"\xbc"


def _mask(seed: bytes, size: int) -> bytes:
    """MGF1 with SHA-384 (RFC 8017, appendix B.2.1)."""
    rounds = -(-size // _HASH_SIZE)
    parts = (hashlib.sha384(seed + i.to_bytes(4, "big")).digest() for i in range(rounds))
    return b"".join(parts)[:size]


def blind(
    key: RsaPublicKey,
    message: bytes,
    *,
    salt: bytes | None = None,
    r: int | None = None,
) -> BlindedMessage:
    """Encode and blind a message for the signer: Blind of RFC 9474, section 4.2.

    `salt` (48 bytes, or none for the PSSZERO variants) and `r` (from 1 to n - 1) are drawn at
    random unless they are given; the same two give the same blinded message again. Raises
    FormatError if r or the message has no inverse, which happens only if it shares a factor with n.
    """
    salt = secrets.token_bytes(SALT_SIZE) if salt is None else salt
    encoded = int.from_bytes(encode_pss(message, key.n.bit_length() - 1, salt), "big")
    r = 1 + secrets.randbelow(key.n - 1) if r is None else r
    if not 0 < r < key.n:
        raise FormatError("The blinding factor is out of range.")
    if gmpy2.gcd(encoded, key.n) != 1 or gmpy2.gcd(r, key.n) != 1:
        raise FormatError("The message cannot be blinded under this key.")
    blinded = encoded * gmpy2.powmod(r, key.e, key.n) % key.n
    inverse = int(gmpy2.invert(r, key.n))
    return BlindedMessage(int(blinded).to_bytes(key.size, "big"), inverse)


def format_blinding(key: RsaPublicKey, blinding: BlindedMessage) -> bytes:
    """Write a blinding as blinded ‖ inverse, each as long as the modulus. It is a secret."""
    return blinding.blinded + blinding.inverse.to_bytes(key.size, "big")


def parse_blinding(key: RsaPublicKey, value: bytes) -> BlindedMessage:
    """Return the blinding that `format_blinding` wrote; raises FormatError."""
    if len(value) != 2 * key.size:
        raise FormatError("The saved blinding does not have the length of this key.")
    blinded, inverse = value[: key.size], int.from_bytes(value[key.size :], "big")
    _number(key, blinded)
    if not 0 < inverse < key.n:
        raise FormatError("The saved blinding is out of range.")
    return BlindedMessage(blinded, inverse)


def blind_sign(numbers: rsa.RSAPrivateNumbers, blinded: bytes) -> bytes:
    """Sign a blinded message: BlindSign of RFC 9474, section 4.3.

    Takes and returns as many bytes as the modulus has. Raises FormatError if the message has
    another length or is not below the modulus, VerificationError if the computation went wrong.
    """
    public = RsaPublicKey(numbers.public_numbers.n, numbers.public_numbers.e)
    message = _number(public, blinded)
    base, unblind = _blinded_base(public, message)
    signature = _private_power(numbers, base) * unblind % public.n
    if gmpy2.powmod(signature, public.e, public.n) != message:
        raise VerificationError("The blind signature was computed wrongly and was not given out.")
    return int(signature).to_bytes(public.size, "big")


def _blinded_base(public: RsaPublicKey, message: int) -> tuple[Any, Any]:
    """Return message · b^e and b^-1 modulo n for a fresh random b, so that timing tells nothing."""
    while True:
        b = 1 + secrets.randbelow(public.n - 1)
        if gmpy2.gcd(b, public.n) == 1:
            break
    return message * gmpy2.powmod(b, public.e, public.n) % public.n, gmpy2.invert(b, public.n)


def _private_power(numbers: rsa.RSAPrivateNumbers, base: Any) -> Any:
    """Return base^d mod n by the CRT (RFC 8017, section 5.1.2), with blinded exponents."""
    p, q = gmpy2.mpz(numbers.p), gmpy2.mpz(numbers.q)
    at_p = gmpy2.powmod_sec(base % p, _blinded_exponent(numbers.dmp1, p), p)
    at_q = gmpy2.powmod_sec(base % q, _blinded_exponent(numbers.dmq1, q), q)
    return at_q + (at_p - at_q) * numbers.iqmp % p * q


def _blinded_exponent(exponent: int, prime: Any) -> Any:
    """Add a random multiple of prime - 1: the same power, by other steps each time."""
    return exponent + (1 + secrets.randbits(EXPONENT_BLINDING_BITS)) * (prime - 1)


def finalize(
    key: RsaPublicKey,
    message: bytes,
    blind_signature: bytes,
    inverse: int,
    *,
    salt_length: int = SALT_SIZE,
) -> bytes:
    """Undo the blinding, verify, and return the signature: Finalize of RFC 9474, section 4.4.

    Raises FormatError if the blind signature is not a number below the modulus, VerificationError
    if what comes out is not a signature of the message.
    """
    unblinded = _number(key, blind_signature) * inverse % key.n
    signature = unblinded.to_bytes(key.size, "big")
    verify_signature(key, message, signature, salt_length)
    return signature


def verify_signature(
    key: RsaPublicKey, message: bytes, signature: bytes, salt_length: int = SALT_SIZE
) -> None:
    """Verify RSASSA-PSS with SHA-384 and MGF1-SHA-384 (RFC 9474, section 4.5; RFC 8017, 8.1.2).

    Raises VerificationError.
    """
    scheme = _SCHEMES.get(salt_length) or _scheme(salt_length)
    try:
        _loaded(key).verify(signature, message, scheme, _HASH)
    except InvalidSignature:
        raise VerificationError("The RSA signature does not hold.") from None


def _scheme(salt_length: int) -> padding.PSS:
    return padding.PSS(mgf=padding.MGF1(_HASH), salt_length=salt_length)


_HASH: Final = hashes.SHA384()
_SCHEMES: Final = {size: _scheme(size) for size in (0, SALT_SIZE)}


@functools.lru_cache(maxsize=1024)
def _loaded(key: RsaPublicKey) -> rsa.RSAPublicKey:
    """Keep keys as OpenSSL wants them: one of them verifies every token of a letter."""
    try:
        return rsa.RSAPublicNumbers(key.e, key.n).public_key()
    except ValueError:
        raise FormatError("The RSA public key is not usable.") from None


def _number(key: RsaPublicKey, value: bytes) -> int:
    if len(value) != key.size:
        raise FormatError(f"The value has {len(value)} bytes where the RSA key wants {key.size}.")
    number = int.from_bytes(value, "big")
    if number >= key.n:
        raise FormatError("The value is not below the RSA modulus.")
    return number
