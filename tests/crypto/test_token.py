"""Tokens, their keys and challenges."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from undersigned.crypto import blind_rsa, token
from undersigned.crypto.blind_rsa import RsaPublicKey
from undersigned.crypto.keys import SignerKey, TokenKey
from undersigned.crypto.token import TokenChallenge, TokenVerifier
from undersigned.errors import FormatError, VerificationError

LETTER = bytes(range(32))
ISSUER = TokenKey.generate()
PK = SignerKey(bytes(16), LETTER).public_key
CHALLENGE = TokenChallenge("letters.example", LETTER, "letters.example")

ascii_names = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=255)
challenges = st.builds(
    TokenChallenge,
    ascii_names.filter(bool),
    st.just(b"") | st.binary(min_size=32, max_size=32),
    ascii_names,
)


def issue(pk: bytes = PK, challenge: TokenChallenge = CHALLENGE, key: TokenKey = ISSUER) -> bytes:
    """Issue a token as a member and an issuer do."""
    message = token.token_input(token.nonce_of(pk), challenge.digest, token.token_key_id(key.spki))
    blinding = blind_rsa.blind(key.public_key, message)
    answer = key.blind_sign(blinding.blinded)
    return message + blind_rsa.finalize(key.public_key, message, answer, blinding.inverse)


TOKEN = issue()
VERIFIER = TokenVerifier(ISSUER.spki, CHALLENGE)


def flips(value: bytes) -> list[bytes]:
    """Return every value that differs in one bit."""
    number, size = int.from_bytes(value, "big"), len(value)
    return [(number ^ 1 << bit).to_bytes(size, "big") for bit in range(8 * size)]


def test_a_token_holds() -> None:
    """An issued token verifies for its signer."""
    VERIFIER.verify(TOKEN, PK)
    token.verify_token(TOKEN, ISSUER.spki, CHALLENGE, PK)
    assert len(TOKEN) == token.TOKEN_SIZE == 354
    assert token.format_token(token.parse_token(TOKEN)) == TOKEN


def test_flipped_bits_are_refused() -> None:
    """No bit of a token can be changed."""
    for changed in flips(TOKEN):
        with pytest.raises((FormatError, VerificationError)):
            VERIFIER.verify(changed, PK)


def test_another_signer() -> None:
    """Whoever sees a token cannot use it with a key of their own, nor rewrite its nonce."""
    other = SignerKey(b"\x01" * 16, LETTER).public_key
    with pytest.raises(VerificationError):
        VERIFIER.verify(TOKEN, other)
    moved = TOKEN[:2] + token.nonce_of(other) + TOKEN[34:]
    with pytest.raises(VerificationError):
        VERIFIER.verify(moved, other)


def test_another_letter() -> None:
    """A token of one letter is nothing in another, even under the same key and host."""
    other = TokenChallenge("letters.example", bytes(32), "letters.example")
    with pytest.raises(VerificationError):
        VERIFIER.verify(issue(challenge=other), PK)
    with pytest.raises(VerificationError):
        TokenVerifier(ISSUER.spki, other).verify(TOKEN, PK)


def test_another_key() -> None:
    """A token of another issuer is refused, also when it claims this letter's key."""
    foreign = issue(key=TokenKey.generate())
    with pytest.raises(VerificationError):
        VERIFIER.verify(foreign, PK)
    claimed = foreign[:66] + token.token_key_id(ISSUER.spki) + foreign[98:]
    with pytest.raises(VerificationError):
        VERIFIER.verify(claimed, PK)


@given(st.binary(max_size=400))
def test_garbage(value: bytes) -> None:
    """Bytes that are not a token of type 2 give a FormatError."""
    with pytest.raises(FormatError):
        token.parse_token(value if len(value) != 354 else b"\x01" + value[1:])


@pytest.mark.parametrize("size", [0, 1, 2, 98, 353, 355])
def test_wrong_length(size: int) -> None:
    """A token has 354 bytes."""
    with pytest.raises(FormatError):
        token.parse_token((TOKEN + b"\x00")[:size])


def test_formatting_checks_lengths() -> None:
    """Parts of another length never become a token."""
    with pytest.raises(FormatError):
        token.format_token(token.Token(bytes(32), bytes(32), bytes(32), bytes(255)))
    with pytest.raises(FormatError):
        token.format_token(token.Token(bytes(31), bytes(33), bytes(32), bytes(256)))
    with pytest.raises(FormatError):
        token.nonce_of(bytes(31))


def test_spki_round_trip() -> None:
    """A key's SPKI has 342 bytes and gives the key again."""
    assert len(ISSUER.spki) == token.SPKI_SIZE == 342
    assert token.parse_spki(ISSUER.spki) == ISSUER.public_key


def test_flipped_bits_of_the_spki() -> None:
    """A changed key is refused, or is another key, under which no token holds."""
    refused = 0
    for changed in flips(ISSUER.spki):
        try:
            token.parse_spki(changed)
        except FormatError:
            refused += 1
            continue
        with pytest.raises(VerificationError):
            TokenVerifier(changed, CHALLENGE).verify(TOKEN, PK)
    assert refused == 8 * (342 - 256) + 2


@given(st.binary(max_size=400))
def test_garbage_is_no_spki(value: bytes) -> None:
    """Other bytes give a FormatError."""
    with pytest.raises(FormatError):
        token.parse_spki(value)


@pytest.mark.parametrize("size", [0, 1, 341, 343])
def test_spki_lengths(size: int) -> None:
    """A cut or extended SPKI is refused."""
    with pytest.raises(FormatError):
        token.parse_spki((ISSUER.spki + b"\x00")[:size])


@pytest.mark.parametrize(
    "key",
    [
        RsaPublicKey(ISSUER.public_key.n, 3),
        RsaPublicKey(ISSUER.public_key.n >> 1, 65537),
        RsaPublicKey(ISSUER.public_key.n << 1 | 1, 65537),
        RsaPublicKey(ISSUER.public_key.n - 1, 65537),
    ],
)
def test_keys_that_are_no_token_keys(key: RsaPublicKey) -> None:
    """Other exponents, lengths and even moduli have no SPKI."""
    with pytest.raises(FormatError):
        token.format_spki(key)


@given(challenges)
def test_challenge_round_trip(challenge: TokenChallenge) -> None:
    """A challenge is what its bytes say."""
    assert token.parse_challenge(token.format_challenge(challenge)) == challenge


@given(challenges, st.data())
def test_challenge_truncation(challenge: TokenChallenge, data: st.DataObject) -> None:
    """A cut or extended challenge is refused."""
    value = token.format_challenge(challenge)
    cut = data.draw(st.integers(0, len(value) - 1))
    for changed in (value[:cut], value + b"\x00"):
        with pytest.raises(FormatError):
            token.parse_challenge(changed)


@given(st.binary(max_size=600))
def test_any_bytes_as_challenge(value: bytes) -> None:
    """Any bytes are refused with a FormatError, or are what the formatter writes."""
    for candidate in (value, b"\x00\x02" + value):
        try:
            challenge = token.parse_challenge(candidate)
        except FormatError:
            continue
        assert token.format_challenge(challenge) == candidate


@pytest.mark.parametrize(
    ("issuer", "context", "origin"),
    [
        ("", b"", ""),
        ("é.example", b"", ""),
        ("a", b"", "é"),
        ("a\n", b"", ""),
        ("a", bytes(31), ""),
        ("a", bytes(33), ""),
        ("a" * 256, b"", ""),
        ("a", b"", "a" * 256),
    ],
)
def test_bad_challenges(issuer: str, context: bytes, origin: str) -> None:
    """Names that are not plain ASCII, or contexts of another length, make no challenge."""
    with pytest.raises(FormatError):
        TokenChallenge(issuer, context, origin)


def test_bytes_that_are_no_ascii_challenge() -> None:
    """Names with high bytes are refused, not decoded in some other way."""
    with pytest.raises(FormatError):
        token.parse_challenge(b"\x00\x02\x00\x02\xc3\xa9\x00\x00\x00")
    with pytest.raises(FormatError):
        token.parse_challenge(b"\x00\x02" + bytes(600))
    with pytest.raises(FormatError):
        token.parse_challenge(b"\x00\x01\x00\x01a\x00\x00\x00")
