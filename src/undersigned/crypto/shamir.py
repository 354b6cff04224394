"""Shamir's secret sharing over GF(2^8) with the polynomial 0x11b, the field of AES.

A share is y[32] ‖ x[1], as the npm package shamir-secret-sharing writes it. All 32 bytes of a
secret travel in one integer and are multiplied at once by an x, which is public: no table is looked
up by a secret byte, so no cache line tells of one.
"""

import functools
import secrets
from collections.abc import Callable, Collection, Sequence
from typing import Final

from undersigned.errors import FormatError, VerificationError

SECRET_SIZE: Final = 32
SHARE_SIZE: Final = SECRET_SIZE + 1
MAX_SHARES: Final = 16
"""A letter has at most 16 trustees (the field itself would allow 255)."""

_LOW_BITS: Final = int.from_bytes(b"\x7f" * SECRET_SIZE, "big")
_ONES: Final = int.from_bytes(b"\x01" * SECRET_SIZE, "big")


def _multiply(vector: int, scalar: int) -> int:
    """Multiply each byte of a vector by one public scalar in GF(2^8)."""
    product = 0
    while scalar:
        if scalar & 1:
            product ^= vector
        vector = (vector & _LOW_BITS) << 1 ^ (vector >> 7 & _ONES) * 0x1B
        scalar >>= 1
    return product


@functools.cache
def _inverse(x: int) -> int:
    """Return x^254, the inverse of a public x in GF(2^8)."""
    result = 1
    for _ in range(254):
        result = _multiply(result, x)
    return result


@functools.cache
def _quotient(a: int, b: int) -> int:
    """Return a / b of two public bytes, b not zero: there are 65,280 of them."""
    return _multiply(a, _inverse(b))


def split(
    secret: bytes, k: int, n: int, *, random: Callable[[int], bytes] = secrets.token_bytes
) -> list[bytes]:
    """Split 32 bytes into n shares of 33 bytes, any k of which give them back (1 <= k <= n <= 16).

    For k = 1 share i is the secret ‖ i, from 1. Else the x are random, distinct and not zero.
    Raises FormatError for another length or impossible numbers.
    """
    if len(secret) != SECRET_SIZE:
        raise FormatError("The secret to split has 32 bytes.")
    if not 1 <= k <= n <= MAX_SHARES:
        raise FormatError(
            f"The quorum must be from 1 to the number of trustees, at most {MAX_SHARES}."
        )
    if k == 1:
        return [secret + bytes([i]) for i in range(1, n + 1)]
    coefficients = [int.from_bytes(random(SECRET_SIZE), "big") for _ in range(k - 1)]
    polynomial = [*coefficients, int.from_bytes(secret, "big")]
    return [
        _evaluate(polynomial, x).to_bytes(SECRET_SIZE, "big") + bytes([x])
        for x in _places(n, random)
    ]


def _evaluate(polynomial: Sequence[int], x: int) -> int:
    """Horner's rule; the coefficient of the highest power comes first."""
    value = 0
    for coefficient in polynomial:
        value = _multiply(value, x) ^ coefficient
    return value


def _places(n: int, random: Callable[[int], bytes]) -> list[int]:
    """Draw n distinct x that are not zero (at zero lies the secret)."""
    places: list[int] = []
    while len(places) < n:
        x = random(1)[0]
        if x and x not in places:
            places.append(x)
    return places


def combine(shares: Collection[bytes]) -> bytes:
    """Return the 32 bytes at x = 0 of the lowest polynomial through all the given shares.

    It is the secret if there are at least k shares and none is wrong; fewer give random bytes, not
    an error. Raises FormatError for malformed shares, an x that is zero or comes twice, or no
    share.
    """
    points = _points(shares)
    return _interpolate(points, 0).to_bytes(SECRET_SIZE, "big")


def combine_verified(shares: Sequence[bytes], k: int) -> bytes:
    """Return the 32 bytes that k shares give, verified to lie on one polynomial with all the others.

    Raises VerificationError, also if there are fewer than k; FormatError as `combine`.
    """
    base, more = _points(shares[:k]), shares[k:]
    if len(base) < k:
        raise VerificationError("There are fewer shares than the quorum.")
    if more:
        points = _points(shares)
        if any(_interpolate(base, x) != y for x, y in points.items()):
            raise VerificationError("The shares do not fit together.")
    return _interpolate(base, 0).to_bytes(SECRET_SIZE, "big")


def _points(shares: Collection[bytes]) -> dict[int, int]:
    points = {}
    for share in shares:
        if len(share) != SHARE_SIZE:
            raise FormatError(f"A share has {SHARE_SIZE} bytes.")
        points[share[SECRET_SIZE]] = int.from_bytes(share[:SECRET_SIZE], "big")
    if not points or 0 in points or len(points) != len(shares):
        raise FormatError("The shares must have distinct places, none of them zero.")
    return points


def _interpolate(points: dict[int, int], at: int) -> int:
    """Lagrange's formula at a public place; minus and plus are both XOR in this field."""
    value = 0
    for x, y in points.items():
        factor = 1
        for other in points:
            if other != x:
                quotient = _quotient(at ^ other, x ^ other)
                factor = quotient if factor == 1 else _multiply(quotient, factor)
        value ^= y if factor == 1 else _multiply(y, factor)
    return value
