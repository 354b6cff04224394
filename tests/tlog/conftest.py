"""Keys that sign notes, as a log, a promise and a witness do, without the package under test."""

import base64
from collections.abc import Callable

import pytest
from nacl.signing import SigningKey

from undersigned.crypto.note_key import COSIGNATURE, ED25519, NoteKey

ORIGIN = "log.example/log"
LOG = SigningKey(bytes(range(32)))
PROMISE = SigningKey(bytes(range(1, 33)))
WITNESS = SigningKey(bytes(range(2, 34)))


def signature_line(key: NoteKey, signature: bytes) -> bytes:
    """Write a signature line from the words of the specification."""
    return f"— {key.name} ".encode() + base64.b64encode(key.key_id + signature) + b"\n"


@pytest.fixture
def log_key() -> NoteKey:
    """The public key of a log."""
    return NoteKey(ORIGIN, ED25519, bytes(LOG.verify_key))


@pytest.fixture
def promise_key() -> NoteKey:
    """The public key that promises are signed with."""
    return NoteKey(f"{ORIGIN}/promise", ED25519, bytes(PROMISE.verify_key))


@pytest.fixture
def witness_key() -> NoteKey:
    """The public key of a witness."""
    return NoteKey("witness.example/w1", COSIGNATURE, bytes(WITNESS.verify_key))


@pytest.fixture
def log_line(log_key: NoteKey) -> Callable[[str], bytes]:
    """The log's signature line for a text."""
    return lambda text: signature_line(log_key, LOG.sign(text.encode()).signature)


@pytest.fixture
def promise_line(promise_key: NoteKey) -> Callable[[str], bytes]:
    """The promise key's signature line for a text."""
    return lambda text: signature_line(promise_key, PROMISE.sign(text.encode()).signature)


@pytest.fixture
def witness_line(witness_key: NoteKey) -> Callable[[str, int], bytes]:
    """The witness's cosignature line for a text at a time."""

    def line(text: str, time: int) -> bytes:
        message = b"cosignature/v1\ntime " + str(time).encode() + b"\n" + text.encode()
        blob = time.to_bytes(8, "big") + WITNESS.sign(message).signature
        return signature_line(witness_key, blob)

    return line
