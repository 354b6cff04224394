"""Verifier keys of signed notes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from undersigned.crypto.keys import CosignatureSigner, NoteSigner
from undersigned.crypto.note_key import (
    COSIGNATURE,
    ED25519,
    MAX_NAME_BYTES,
    NoteKey,
    format_vkey,
    parse_vkey,
)
from undersigned.encoding import parse_base64
from undersigned.errors import FormatError, VerificationError

names = st.text(
    st.characters(exclude_categories=("Cs", "Cc", "Zs", "Zl", "Zp"), exclude_characters="+"),
    min_size=1,
    max_size=60,
)

# A key pair that another implementation of signed notes published in its documentation.
FOREIGN_PRIVATE = (
    "PRIVATE+KEY+binarytransparency.log/example+5de0f997"
    "+AXNNv9racVtMynH7oHIogZ4xS5sAIHBl47hlrcf6vsfu"
)
FOREIGN_PUBLIC = (
    "binarytransparency.log/example+5de0f997+AcPfp2roeTxqSqmPdDkA9rIAd0pe3C5Je6Rze2SqBDUp"
)


def test_a_foreign_pair() -> None:
    """Keys that another implementation wrote are read, and written the same way."""
    signer = NoteSigner.parse(FOREIGN_PRIVATE)
    assert format_vkey(signer.verifier) == FOREIGN_PUBLIC
    assert signer.format() == FOREIGN_PRIVATE
    assert parse_vkey(FOREIGN_PUBLIC) == signer.verifier


@given(names, st.sampled_from([ED25519, COSIGNATURE]), st.binary(min_size=32, max_size=32))
def test_round_trip(name: str, kind: int, public_key: bytes) -> None:
    """Every key is what its vkey says."""
    key = NoteKey(name, kind, public_key)
    assert parse_vkey(format_vkey(key)) == key


def test_flipped_bits_are_refused() -> None:
    """No bit of a vkey can be changed: the key ID covers name, kind and key."""
    for at, sign in enumerate(FOREIGN_PUBLIC):
        for bit in range(8):
            changed = FOREIGN_PUBLIC[:at] + chr(ord(sign) ^ 1 << bit) + FOREIGN_PUBLIC[at + 1 :]
            with pytest.raises(FormatError):
                parse_vkey(changed)


@given(st.text(max_size=80))
def test_any_text(text: str) -> None:
    """Whatever is read, and cannot be a key, gives a FormatError and nothing else."""
    with pytest.raises(FormatError):
        parse_vkey(text)


@pytest.mark.parametrize("size", range(len(FOREIGN_PUBLIC)))
def test_truncation(size: int) -> None:
    """A cut vkey is refused."""
    with pytest.raises(FormatError):
        parse_vkey(FOREIGN_PUBLIC[:size])


@pytest.mark.parametrize(
    "name",
    [
        "",
        "a b",
        "a+b",
        "a\tb",
        "a\u00a0b",
        "a\u2003b",
        "a\u3000",
        "a\nb",
        "a\x00",
        "\ud800",
        "x" * 256,
    ],
)
def test_bad_names(name: str) -> None:
    """Names with spaces of any script, plus, control signs, or of no or great length are refused."""
    with pytest.raises(FormatError):
        NoteKey(name, ED25519, bytes(32))


def test_the_longest_name() -> None:
    """The bound counts bytes."""
    assert NoteKey("é" * (MAX_NAME_BYTES // 2), ED25519, bytes(32)).key_id
    with pytest.raises(FormatError):
        NoteKey("é" * (MAX_NAME_BYTES // 2 + 1), ED25519, bytes(32))


@pytest.mark.parametrize(("kind", "size"), [(0, 32), (2, 32), (5, 32), (255, 32), (1, 31), (4, 33)])
def test_bad_keys(kind: int, size: int) -> None:
    """Other kinds and other lengths are refused."""
    with pytest.raises(FormatError):
        NoteKey("example", kind, bytes(size))


def test_verify() -> None:
    """A note's key verifies its text; the key of a witness does not stand for it."""
    seed, text = bytes(range(32)), b"text\n"
    log, witness = NoteSigner("example", seed), CosignatureSigner("example", seed)
    signature = _signature(log.sign(text))
    log.verifier.verify(text, signature)
    assert log.verifier.key_id != witness.verifier.key_id
    with pytest.raises(VerificationError):
        log.verifier.verify(b"other\n", signature)
    with pytest.raises(VerificationError):
        witness.verifier.verify(text, signature)


def _signature(line: bytes) -> bytes:
    return parse_base64(line.decode().removesuffix("\n").split(" ")[2])[4:]
