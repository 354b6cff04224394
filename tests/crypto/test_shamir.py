"""Secret sharing."""

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from undersigned.crypto import shamir
from undersigned.crypto.shamir import combine, combine_verified, split
from undersigned.errors import FormatError, VerificationError

quorums = st.integers(1, 16).flatmap(lambda n: st.tuples(st.integers(1, n), st.just(n)))
secrets32 = st.binary(min_size=32, max_size=32)


def times(a: int, b: int) -> int:
    """Multiply in GF(2^8) the slow way: as polynomials, then the remainder by 0x11b."""
    product = 0
    for bit in range(8):
        product ^= (a << bit) * (b >> bit & 1)
    for bit in range(14, 7, -1):
        product ^= (0x11B << bit - 8) * (product >> bit & 1)
    return product


def test_the_field() -> None:
    """Products of all bytes are those of AES's field, also when 32 are multiplied at once."""
    for a in range(256):
        vector = int.from_bytes(bytes((a + i) % 256 for i in range(32)), "big")
        for b in range(256):
            assert shamir._multiply(a, b) == times(a, b)
        expected = bytes(times((a + i) % 256, a) for i in range(32))
        assert shamir._multiply(vector, a).to_bytes(32, "big") == expected
    assert all(times(x, shamir._inverse(x)) == 1 for x in range(1, 256))


@settings(max_examples=40)
@given(secrets32, quorums)
def test_any_k_shares_combine(secret: bytes, quorum: tuple[int, int]) -> None:
    """Any k shares, and any more of them, give the secret; places are distinct and not zero."""
    k, n = quorum
    shares = split(secret, k, n)
    assert len(shares) == n
    assert len({share[32] for share in shares} - {0}) == n
    for chosen in itertools.islice(itertools.combinations(shares, k), 20):
        assert combine(chosen) == secret
    assert combine(shares) == combine_verified(shares, k) == secret


@pytest.mark.parametrize(("k", "n"), [(2, 2), (2, 3), (3, 5), (4, 5), (5, 5)])
def test_fewer_than_k_never_do(k: int, n: int) -> None:
    """Every set of fewer than k shares gives something else, and is told to be too few."""
    secret = bytes(range(32))
    shares = split(secret, k, n)
    for size in range(1, k):
        for chosen in itertools.combinations(shares, size):
            assert combine(chosen) != secret
            with pytest.raises(VerificationError):
                combine_verified(chosen, k)


def test_fewer_than_k_fit_every_secret() -> None:
    """One share of two goes with any secret at all: it tells nothing."""
    share = split(bytes(32), 2, 2)[0]
    for byte in range(256):
        line = bytes([byte]) * 32
        slope = [
            times(y ^ c, shamir._inverse(share[32])) for y, c in zip(share, line, strict=False)
        ]
        there = bytes(times(m, 255 ^ share[32]) ^ y for m, y in zip(slope, share, strict=False))
        if share[32] != 255:
            assert combine([share, there + b"\xff"]) == line


def test_one_of_n() -> None:
    """With a quorum of one, share i is the secret and i."""
    secret = bytes(range(32))
    assert split(secret, 1, 3) == [secret + bytes([i]) for i in (1, 2, 3)]


def test_chance_can_be_given() -> None:
    """The same random bytes give the same shares; a place that comes twice or is zero is drawn anew."""

    def drawn(size: int) -> bytes:
        return bytes(next(stream) for _ in range(size))

    stream = iter([*range(32), 7, 7, 0, 9])
    shares = split(bytes(32), 2, 2, random=drawn)
    assert [share[32] for share in shares] == [7, 9]
    assert shares[0][:32] == bytes(times(i, 7) for i in range(32))


@settings(max_examples=40)
@given(st.integers(0, 8 * 33 - 1), st.integers(0, 3))
def test_a_flipped_bit_is_found(bit: int, which: int) -> None:
    """With one share more than needed, any changed bit shows."""
    shares = split(bytes(32), 3, 4)
    changed = bytearray(shares[which])
    changed[bit // 8] ^= 1 << bit % 8
    shares[which] = bytes(changed)
    with pytest.raises((VerificationError, FormatError)):
        combine_verified(shares, 3)


@pytest.mark.parametrize(
    ("size", "k", "n"), [(31, 1, 1), (33, 1, 1), (32, 0, 1), (32, 2, 1), (32, 1, 17), (32, 0, 0)]
)
def test_impossible_splits(size: int, k: int, n: int) -> None:
    """Other lengths, and quorums that cannot be met, are refused."""
    with pytest.raises(FormatError):
        split(bytes(size), k, n)


@pytest.mark.parametrize(
    "shares", [[], [bytes(33)], [b"\x01" * 33, b"\x01" * 33], [b"\x01" * 32], [b"\x01" * 34]]
)
def test_malformed_shares(shares: list[bytes]) -> None:
    """No shares, places that are zero or double, and other lengths are refused."""
    with pytest.raises(FormatError):
        combine(shares)
