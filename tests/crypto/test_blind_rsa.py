"""Blind RSA signatures, beyond the vectors: what is random, what is refused, what is kept."""

import secrets

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from hypothesis import given, settings
from hypothesis import strategies as st

from undersigned.crypto import blind_rsa
from undersigned.crypto.blind_rsa import BlindedMessage, RsaPublicKey
from undersigned.errors import FormatError, VerificationError

PRIVATE = rsa.generate_private_key(65537, 2048).private_numbers()
KEY = RsaPublicKey(PRIVATE.public_numbers.n, PRIVATE.public_numbers.e)


@settings(max_examples=25)
@given(st.binary(max_size=200), st.sampled_from([0, 48]), st.booleans())
def test_every_variant_signs(message: bytes, salt_length: int, randomized: bool) -> None:
    """Blinding, signing and finalizing give a signature in all four variants."""
    prepared = blind_rsa.prepare(message) if randomized else message
    blinding = blind_rsa.blind(KEY, prepared, salt=secrets.token_bytes(salt_length))
    answer = blind_rsa.blind_sign(PRIVATE, blinding.blinded)
    signature = blind_rsa.finalize(KEY, prepared, answer, blinding.inverse, salt_length=salt_length)
    blind_rsa.verify_signature(KEY, prepared, signature, salt_length)
    with pytest.raises(VerificationError):
        blind_rsa.verify_signature(KEY, prepared, signature, 48 - salt_length)
    with pytest.raises(VerificationError):
        blind_rsa.verify_signature(KEY, prepared + b"x", signature, salt_length)


@pytest.mark.parametrize("bits", [1024, 2047 + 1, 2049, 2055])
def test_odd_sizes_of_modulus(bits: int) -> None:
    """The encoding also fits a modulus whose length is not a multiple of eight bits."""
    numbers = rsa.generate_private_key(65537, bits).private_numbers()
    key = RsaPublicKey(numbers.public_numbers.n, 65537)
    blinding = blind_rsa.blind(key, b"message")
    answer = blind_rsa.blind_sign(numbers, blinding.blinded)
    blind_rsa.finalize(key, b"message", answer, blinding.inverse)


def test_fresh_chance_each_time() -> None:
    """Two blindings of one message have nothing in common."""
    one, two = (blind_rsa.blind(KEY, b"message") for _ in range(2))
    assert one.blinded != two.blinded
    assert one.inverse != two.inverse


def test_the_same_state_gives_the_same_request() -> None:
    """After a crash the client sends the same bytes again, from salt and r, or as it saved them."""
    salt, r = secrets.token_bytes(48), secrets.randbelow(KEY.n - 1) + 1
    blinding = blind_rsa.blind(KEY, b"message", salt=salt, r=r)
    assert blind_rsa.blind(KEY, b"message", salt=salt, r=r) == blinding
    saved = blind_rsa.format_blinding(KEY, blinding)
    assert len(saved) == 512
    resumed = blind_rsa.parse_blinding(KEY, saved)
    assert resumed == blinding
    answer = blind_rsa.blind_sign(PRIVATE, resumed.blinded)
    blind_rsa.finalize(KEY, b"message", answer, resumed.inverse)


@given(st.binary(max_size=520))
def test_damaged_state(saved: bytes) -> None:
    """A saved state that is cut or out of range is refused."""
    if len(saved) != 512:
        with pytest.raises(FormatError):
            blind_rsa.parse_blinding(KEY, saved)
    top = KEY.n.to_bytes(256, "big")
    for state in (top + bytes(255) + b"\x01", bytes(256) + top, bytes(512)):
        with pytest.raises(FormatError):
            blind_rsa.parse_blinding(KEY, state)


def test_the_answer_does_not_depend_on_the_blinding_of_the_signer() -> None:
    """The signer's own blinding leaves no trace: one message, one blind signature."""
    blinded = blind_rsa.blind(KEY, b"message").blinded
    answers = {blind_rsa.blind_sign(PRIVATE, blinded) for _ in range(5)}
    expected = pow(int.from_bytes(blinded, "big"), PRIVATE.d, KEY.n).to_bytes(256, "big")
    assert answers == {expected}


@pytest.mark.parametrize("number", [KEY.n, KEY.n + 1, 2**2048 - 1])
def test_numbers_not_below_the_modulus(number: int) -> None:
    """Signer and client refuse a number that is not below n."""
    value = number.to_bytes(256, "big")
    with pytest.raises(FormatError):
        blind_rsa.blind_sign(PRIVATE, value)
    with pytest.raises(FormatError):
        blind_rsa.finalize(KEY, b"message", value, 1)


@pytest.mark.parametrize("number", [0, 1, KEY.n - 1, PRIVATE.p, PRIVATE.q * 2])
def test_numbers_at_the_edge(number: int) -> None:
    """Numbers that share a factor with n, or are small, are signed like all others."""
    answer = blind_rsa.blind_sign(PRIVATE, number.to_bytes(256, "big"))
    assert int.from_bytes(answer, "big") == pow(number, PRIVATE.d, KEY.n)


@pytest.mark.parametrize("size", [0, 255, 257, 512])
def test_wrong_lengths(size: int) -> None:
    """Only as many bytes as the modulus has are a number."""
    with pytest.raises(FormatError):
        blind_rsa.blind_sign(PRIVATE, bytes(size))
    with pytest.raises(FormatError):
        blind_rsa.finalize(KEY, b"message", bytes(size), 1)


@pytest.mark.parametrize("member", ["dmp1", "dmq1", "iqmp"])
def test_a_fault_never_leaves(member: str) -> None:
    """A wrong half of the computation, which would betray the factors, is not given out."""
    values = {name: getattr(PRIVATE, name) for name in ("p", "q", "d", "dmp1", "dmq1", "iqmp")}
    values[member] += 2
    broken = rsa.RSAPrivateNumbers(**values, public_numbers=PRIVATE.public_numbers)
    with pytest.raises(VerificationError):
        blind_rsa.blind_sign(broken, blind_rsa.blind(KEY, b"message").blinded)


def test_a_wrong_answer_is_refused() -> None:
    """The client keeps nothing that an issuer answered wrongly."""
    blinding = blind_rsa.blind(KEY, b"message")
    answer = bytearray(blind_rsa.blind_sign(PRIVATE, blinding.blinded))
    answer[-1] ^= 1
    with pytest.raises(VerificationError):
        blind_rsa.finalize(KEY, b"message", bytes(answer), blinding.inverse)


@pytest.mark.parametrize("r", [0, -1, KEY.n, PRIVATE.p])
def test_unusable_factors(r: int) -> None:
    """A blinding factor that is out of range or has no inverse is refused."""
    with pytest.raises(FormatError):
        blind_rsa.blind(KEY, b"message", r=r)


@pytest.mark.parametrize("size", [0, 31, 33])
def test_prefix_length(size: int) -> None:
    """The prefix of the randomized variants has 32 bytes."""
    with pytest.raises(FormatError):
        blind_rsa.prepare(b"message", bytes(size))


def test_a_short_modulus() -> None:
    """A modulus that is too short for hash and salt is refused."""
    with pytest.raises(FormatError):
        blind_rsa.blind(RsaPublicKey(2**512 + 1, 65537), b"message")


def test_an_unusable_public_key() -> None:
    """Numbers that are no RSA key give a FormatError, not an error of the library."""
    for key in (RsaPublicKey(KEY.n, 2), RsaPublicKey(3, 1)):
        with pytest.raises(FormatError):
            blind_rsa.verify_signature(key, b"message", bytes(256))


def test_no_secret_in_repr() -> None:
    """The inverse that links a token to its issuance is not printed."""
    blinding = BlindedMessage(b"blinded", 123456789)
    assert "123456789" not in repr(blinding)
