"""HPKE with X-Wing, held against a second reading of the specifications."""

import hashlib
import hmac

import pytest
from cryptography.hazmat.primitives.asymmetric.mlkem import MLKEM768PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from hypothesis import given, settings
from hypothesis import strategies as st

from undersigned.crypto.hpke import ENC_SIZE, SEAL_KEY_SIZE, seal_to
from undersigned.crypto.keys import TrusteeKey
from undersigned.crypto.keys.derive import derive
from undersigned.crypto.keys.trustee import _expand_xwing
from undersigned.errors import FormatError, VerificationError

TRUSTEE = TrusteeKey(bytes(range(32)))
SUITE = b"HPKE" + bytes.fromhex("647a00010002")


def extract(salt: bytes, label: bytes, secret: bytes) -> bytes:
    """LabeledExtract of RFC 9180, section 4."""
    return hmac.digest(salt or bytes(32), b"HPKE-v1" + SUITE + label + secret, "sha256")


def expand(key: bytes, label: bytes, info: bytes, size: int) -> bytes:
    """LabeledExpand of RFC 9180, section 4, for at most one block."""
    labeled = size.to_bytes(2, "big") + b"HPKE-v1" + SUITE + label + info
    return hmac.digest(key, labeled + b"\x01", "sha256")[:size]


def open_by_hand(xwing_seed: bytes, sealed: bytes, info: bytes) -> bytes:
    """Open what was sealed, from the parts: X-Wing (draft, section 5.4), then RFC 9180, section 5.1."""
    expanded = hashlib.shake_256(xwing_seed).digest(96)
    mlkem = MLKEM768PrivateKey.from_seed_bytes(expanded[:64])
    x25519 = X25519PrivateKey.from_private_bytes(expanded[64:])
    ct_m, ct_x, ciphertext = sealed[:1088], sealed[1088:1120], sealed[1120:]
    parts = (
        mlkem.decapsulate(ct_m),
        x25519.exchange(X25519PublicKey.from_public_bytes(ct_x)),
        ct_x,
        x25519.public_key().public_bytes_raw(),
        bytes.fromhex("5c2e2f2f5e5c"),
    )
    shared = hashlib.sha3_256(b"".join(parts)).digest()
    context = b"\x00" + extract(b"", b"psk_id_hash", b"") + extract(b"", b"info_hash", info)
    secret = extract(shared, b"secret", b"")
    nonce = expand(secret, b"base_nonce", context, 12)
    return AESGCM(expand(secret, b"key", context, 32)).decrypt(nonce, ciphertext, b"")


def test_the_suite_is_the_one_that_is_specified() -> None:
    """KEM 0x647a, KDF 0x0001, AEAD 0x0002, empty AAD: the parts put together by hand open it."""
    sealed = seal_to(TRUSTEE.seal_key, b"plaintext", b"info")
    assert len(sealed) == ENC_SIZE + 16 + 9
    seed = derive(bytes(range(32)), salt=b"", info=b"undersigned/v1/trustee/seal")
    assert open_by_hand(seed, sealed, b"info") == b"plaintext"


def test_xwing_key_of_the_draft() -> None:
    """The first seed of the X-Wing draft, appendix C, gives the public key printed there."""
    seed = bytes.fromhex("7f9c2ba4e88f827d616045507605853ed73b8093f6efbc88eb1a6eacfa66ef26")
    public = _expand_xwing(seed)[1].hex()
    assert public.startswith("e2236b35a8c24b39b10aa1323a96a919a2ced88400633a7b07131713fc14b2b5")
    assert public.endswith("859edb06eff389b27dce59844570216223593d4ba32d9abac8cd049040ef6534")


@settings(max_examples=30)
@given(st.binary(max_size=2000), st.binary(max_size=100))
def test_round_trip(plaintext: bytes, info: bytes) -> None:
    """What is sealed opens with the same info and no other."""
    sealed = seal_to(TRUSTEE.seal_key, plaintext, info)
    assert TRUSTEE.open_sealed(sealed, info) == plaintext
    with pytest.raises(VerificationError):
        TRUSTEE.open_sealed(sealed, info + b"\x00")


def test_another_trustee() -> None:
    """Nobody else can open it."""
    with pytest.raises(VerificationError):
        TrusteeKey.generate().open_sealed(seal_to(TRUSTEE.seal_key, b"secret", b""), b"")


@settings(max_examples=60)
@given(st.binary(max_size=1300))
def test_garbage(sealed: bytes) -> None:
    """Any bytes give a VerificationError, never another one."""
    with pytest.raises(VerificationError):
        TRUSTEE.open_sealed(sealed, b"")


def test_a_point_of_small_order_in_the_ciphertext() -> None:
    """An encapsulated point for which X25519 gives nothing is refused."""
    sealed = seal_to(TRUSTEE.seal_key, b"secret", b"")
    with pytest.raises(VerificationError):
        TRUSTEE.open_sealed(sealed[:1088] + bytes(32) + sealed[1120:], b"")


@pytest.mark.parametrize(
    "seal_key",
    [
        b"",
        TRUSTEE.seal_key[:-1],
        TRUSTEE.seal_key + b"\x00",
        b"\xff" * SEAL_KEY_SIZE,
        TRUSTEE.seal_key[:1184] + bytes(32),
    ],
)
def test_unusable_seal_keys(seal_key: bytes) -> None:
    """Keys of other lengths, out of range or with a point of small order are refused."""
    with pytest.raises(FormatError):
        seal_to(seal_key, b"secret", b"")
