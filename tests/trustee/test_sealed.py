"""Each sealed name of a wave is read and checked once, or as often as it is needed, and never unchecked."""

import hashlib
from collections import Counter
from dataclasses import replace

import pytest
from tests.trustee.test_combining import LEAVES, SIZE, Waiting

from undersigned.crypto.seal import parse_blob
from undersigned.errors import VerificationError
from undersigned.trustee import sealed
from undersigned.trustee.sealed import SealedNames


class Reading:
    """A wave whose blobs are read and counted, and may be changed between two reads."""

    def __init__(self) -> None:
        waiting = Waiting(2)
        self.wave, self.blobs = waiting.wave, dict(waiting.blobs)
        self.reads: Counter[bytes] = Counter()
        self.names = SealedNames(self.wave, SIZE, self.read)

    def read(self, digest: bytes) -> bytes | None:
        """Return a blob."""
        self.reads[digest] += 1
        return self.blobs.get(digest)

    def digest(self, leaf: int) -> bytes:
        """Return the hash that the log has of a name."""
        name = self.names.due[leaf].name
        assert name is not None
        return name


@pytest.fixture
def reading() -> Reading:
    """A wave of three sealed names, of which nothing was read."""
    return Reading()


def test_a_blob_is_read_once(reading: Reading) -> None:
    """Those that are due, in the parts that they have."""
    assert tuple(reading.names.due) == LEAVES
    for _ in range(2):
        for leaf in LEAVES:
            blob = reading.blobs[reading.digest(leaf)]
            assert reading.names.take_apart(leaf) == parse_blob(blob)
    assert set(reading.reads.values()) == {1}


def test_what_is_too_much_is_read_again(reading: Reading, monkeypatch: pytest.MonkeyPatch) -> None:
    """Memory has a bound; what is read again is checked again."""
    size = len(reading.blobs[reading.digest(LEAVES[0])])
    monkeypatch.setattr(sealed, "MOST_KEPT", 2 * size)
    names = SealedNames(reading.wave, SIZE, reading.read)
    for leaf in LEAVES * 2:
        names.take_apart(leaf)
    assert [reading.reads[reading.digest(leaf)] for leaf in LEAVES] == [1, 1, 2]
    for leaf in LEAVES:
        reading.blobs[reading.digest(leaf)] += b"x"
    assert names.take_apart(LEAVES[0]) is not None
    with pytest.raises(VerificationError, match="leaf 30 is missing or was changed"):
        names.take_apart(LEAVES[2])


@pytest.mark.parametrize("bit", [0, 8 * 3_000])
def test_a_blob_that_is_not_the_one_in_the_log_is_refused(reading: Reading, bit: int) -> None:
    """Missing or with one bit changed: nobody strikes the name for what the site did."""
    digest = reading.digest(LEAVES[1])
    blob = bytearray(reading.blobs.pop(digest))
    with pytest.raises(VerificationError, match="leaf 20 is missing"):
        reading.names.take_apart(LEAVES[1])
    blob[bit // 8] ^= 1 << bit % 8
    reading.blobs[digest] = bytes(blob)
    with pytest.raises(VerificationError, match="leaf 20 is missing or was changed"):
        reading.names.take_apart(LEAVES[1])


def test_what_has_not_the_form_of_a_blob_is_none(reading: Reading) -> None:
    """That is the signer's fault, since its hash is in the log; it is read once, too."""
    garbage = b"no blob"
    digest = hashlib.sha256(garbage).digest()
    reading.blobs[digest] = garbage
    first, *rest = reading.wave.stances
    wave = replace(reading.wave, stances=(first._replace(name=digest), *rest))
    names = SealedNames(wave, SIZE, reading.read)
    assert names.take_apart(LEAVES[0]) is None
    assert names.take_apart(LEAVES[0]) is None
    assert reading.reads[digest] == 1
