"""One way to verify Ed25519, strict about odd signatures."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from undersigned.crypto.ed25519 import verify_ed25519
from undersigned.crypto.keys import RecordSigner
from undersigned.errors import FormatError, VerificationError

ORDER = 2**252 + 27742317777372353535851937790883648493
SIGNER = RecordSigner(bytes(range(32)))


def test_rfc_8032_vector() -> None:
    """The second vector of RFC 8032, section 7.1, is made and verified."""
    signer = RecordSigner(
        bytes.fromhex("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb")
    )
    assert signer.public_key.hex() == (
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c"
    )
    signature = signer.sign(b"\x72")
    assert signature.hex() == (
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
        "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"
    )
    verify_ed25519(signer.public_key, b"\x72", signature)


@settings(max_examples=50)
@given(st.binary(min_size=1, max_size=200), st.data())
def test_flipped_bits_are_refused(message: bytes, data: st.DataObject) -> None:
    """No bit of key, message or signature can be changed."""
    parts = [SIGNER.public_key, message, SIGNER.sign(message)]
    verify_ed25519(*parts)
    which = data.draw(st.sampled_from(range(3)))
    bit = data.draw(st.integers(0, 8 * len(parts[which]) - 1))
    changed = bytearray(parts[which])
    changed[bit // 8] ^= 1 << bit % 8
    parts[which] = bytes(changed)
    with pytest.raises(VerificationError):
        verify_ed25519(*parts)


def test_the_other_s_is_refused() -> None:
    """A second signature, made from the first by adding the group's order to S, is refused."""
    signature = SIGNER.sign(b"once")
    s = int.from_bytes(signature[32:], "little") + ORDER
    with pytest.raises(VerificationError):
        verify_ed25519(SIGNER.public_key, b"once", signature[:32] + s.to_bytes(32, "little"))


@pytest.mark.parametrize(
    "point",
    [
        "01" + "00" * 31,  # the neutral element
        "00" * 32,  # order 4
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",  # order 2
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",  # order 8
        "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",  # not canonical
    ],
)
def test_weak_keys_are_refused(point: str) -> None:
    """A key of small order, for which one signature fits any message, verifies nothing."""
    neutral = b"\x01" + bytes(31)
    for r in (neutral, bytes.fromhex(point)):
        with pytest.raises(VerificationError):
            verify_ed25519(bytes.fromhex(point), b"anything", r + bytes(32))


@pytest.mark.parametrize(
    ("key_size", "signature_size"), [(31, 64), (33, 64), (32, 63), (32, 65), (0, 0)]
)
def test_wrong_lengths(key_size: int, signature_size: int) -> None:
    """Keys and signatures of other lengths never reach the library."""
    with pytest.raises(FormatError):
        verify_ed25519(bytes(key_size), b"", bytes(signature_size))
