"""The limit verifies what it says: one forged byte anywhere, and it raises."""

import dataclasses

import pytest
from bench.crowd import Crowd, Signed
from bench.limit import Limit
from cryptography.exceptions import InvalidSignature
from nacl.exceptions import BadSignatureError
from tests.live import HOST
from tests.simulator import ATTESTATION, make_letter, token_key

from undersigned.domain.letter import Letter, Mode


@pytest.fixture(scope="module")
def letter() -> Letter:
    """Return a letter that offers every mode."""
    return make_letter()


@pytest.fixture(scope="module")
def signed(letter: Letter) -> Signed:
    """Return a public signature."""
    return Crowd(HOST, letter, token_key(), ATTESTATION).sign(Mode.PUBLIC)


def flip(value: bytes) -> bytes:
    """Change the last bit."""
    return value[:-1] + bytes([value[-1] ^ 1])


def test_what_is_valid_holds(letter: Letter, signed: Signed) -> None:
    """A crowd's signature is valid in all of its parts."""
    Limit(letter, [signed]).verify()


def test_a_forged_token(letter: Letter, signed: Signed) -> None:
    """The token is verified."""
    record = dataclasses.replace(signed.record, token=flip(signed.record.token))
    with pytest.raises(InvalidSignature):
        Limit(letter, [dataclasses.replace(signed, record=record)]).verify()


def test_a_forged_signature(letter: Letter, signed: Signed) -> None:
    """The signer's signature is verified."""
    record = dataclasses.replace(signed.record, sig=flip(signed.record.sig))
    with pytest.raises(BadSignatureError):
        Limit(letter, [dataclasses.replace(signed, record=record)]).verify()


def test_a_forged_name(letter: Letter, signed: Signed) -> None:
    """The attestation of a public name is verified."""
    assert signed.attestation is not None
    attestation = dataclasses.replace(signed.attestation, sig=flip(signed.attestation.sig))
    with pytest.raises(BadSignatureError):
        Limit(letter, [dataclasses.replace(signed, attestation=attestation)]).verify()
