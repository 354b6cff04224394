"""Sealed names: who opens them, and who does not."""

import hashlib
import itertools

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from hypothesis import given, settings
from hypothesis import strategies as st

from undersigned.crypto import seal
from undersigned.crypto.hpke import seal_to
from undersigned.crypto.keys import SignerKey, TrusteeKey
from undersigned.crypto.seal import MAX_BLOB_BYTES, SLOT_SIZE, Blob, Slot
from undersigned.errors import FormatError, VerificationError

LETTER = bytes(range(32))
PK = SignerKey(bytes(16), LETTER).public_key
TRUSTEES = [TrusteeKey(bytes([i]) * 32) for i in range(1, 17)]
KEYS = [trustee.seal_key for trustee in TRUSTEES]
DOCUMENT = b'{"t":"name"}'
ALONE = seal.seal(DOCUMENT, LETTER, PK, KEYS[:1], 1)


def shares_of(blob: Blob, *, letter: bytes = LETTER, pk: bytes = PK) -> dict[int, bytes]:
    """Open every trustee's share."""
    opened = zip(itertools.count(1), TRUSTEES[: len(blob.slots)], strict=False)
    return {i: trustee.open_share(blob, i, letter, pk) for i, trustee in opened}


def open_whole(value: bytes, k: int) -> bytes:
    """Open a blob as all its trustees together do."""
    blob = seal.parse_blob(value)
    return seal.open_blob(blob, seal.combine_key(blob, shares_of(blob), k), LETTER, PK)


quorums = st.integers(1, 5).flatmap(lambda n: st.tuples(st.integers(1, n), st.just(n)))


@settings(max_examples=30)
@given(st.binary(max_size=4000), quorums)
def test_round_trip(document: bytes, quorum: tuple[int, int]) -> None:
    """What is sealed opens, and its bytes are those that its parts give."""
    k, n = quorum
    value = seal.seal(document, LETTER, PK, KEYS[:n], k)
    assert seal.format_blob(seal.parse_blob(value)) == value
    assert open_whole(value, k) == document


def test_any_quorum_opens_and_fewer_do_not() -> None:
    """Each set of three of five trustees finds the one key; no two do."""
    blob = seal.parse_blob(seal.seal(DOCUMENT, LETTER, PK, KEYS[:5], 3))
    shares = shares_of(blob)
    key = seal.combine_key(blob, shares, 3)
    for size in range(6):
        for numbers in itertools.combinations(shares, size):
            chosen = {i: shares[i] for i in numbers}
            if size >= 3:
                assert seal.combine_key(blob, chosen, 3) == key
                continue
            with pytest.raises(VerificationError):
                seal.combine_key(blob, chosen, 3)
            if chosen:
                with pytest.raises(VerificationError):
                    seal.open_blob(blob, seal.combine(list(chosen.values())), LETTER, PK)


def test_layout() -> None:
    """The blob has the lengths that the format states: 1 + n·1202 + 12 + padded + 16."""
    assert SLOT_SIZE == 1202
    assert len(ALONE) == 1 + 1202 + 12 + 1024 + 16
    blob = seal.parse_blob(ALONE)
    share = shares_of(blob)[1]
    assert share[32:] == b"\x01" == bytes([blob.slots[0].x])
    assert blob.slots[0].commitment == hashlib.sha256(share + b"\x01").digest()
    padded = AESGCM(share[:32]).decrypt(blob.nonce, blob.ciphertext, LETTER + PK)
    assert padded == len(DOCUMENT).to_bytes(4, "big") + DOCUMENT + bytes(1024 - 4 - len(DOCUMENT))
    assert seal.blob_hash(ALONE) == hashlib.sha256(ALONE).digest()


def test_every_flipped_bit_is_refused() -> None:
    """No bit of a blob can be changed."""
    number = int.from_bytes(ALONE, "big")
    for bit in range(8 * len(ALONE)):
        changed = (number ^ 1 << bit).to_bytes(len(ALONE), "big")
        with pytest.raises((FormatError, VerificationError)):
            open_whole(changed, 1)


def test_chance() -> None:
    """Sealing twice gives two blobs with other keys, nonces and places."""
    one, two = (seal.parse_blob(seal.seal(DOCUMENT, LETTER, PK, KEYS[:3], 2)) for _ in range(2))
    assert one.nonce != two.nonce
    assert seal.combine_key(one, shares_of(one), 2) != seal.combine_key(two, shares_of(two), 2)


@pytest.mark.parametrize(("letter", "pk"), [(bytes(32), PK), (LETTER, bytes(32))])
def test_another_letter_or_signature(letter: bytes, pk: bytes) -> None:
    """A copied blob opens neither its shares nor its document elsewhere."""
    blob = seal.parse_blob(ALONE)
    with pytest.raises(VerificationError):
        TRUSTEES[0].open_share(blob, 1, letter, pk)
    key = seal.combine_key(blob, shares_of(blob), 1)
    with pytest.raises(VerificationError):
        seal.open_blob(blob, key, letter, pk)


def test_another_trustee() -> None:
    """A trustee opens only the own slot, and only under the own number."""
    blob = seal.parse_blob(seal.seal(DOCUMENT, LETTER, PK, KEYS[:3], 2))
    for number, trustee in itertools.product((1, 2, 3), TRUSTEES[:4]):
        if trustee is TRUSTEES[number - 1]:
            continue
        with pytest.raises(VerificationError):
            trustee.open_share(blob, number, LETTER, PK)
    swapped = Blob((blob.slots[1], blob.slots[0], blob.slots[2]), blob.nonce, blob.ciphertext)
    for number in (1, 2):
        with pytest.raises(VerificationError):
            TRUSTEES[2 - number].open_share(swapped, number, LETTER, PK)


@pytest.mark.parametrize("number", [-1, 0, 2, 256])
def test_numbers_of_trustees_that_are_not_there(number: int) -> None:
    """A number without a slot is refused; it does not count from the end."""
    blob = seal.parse_blob(ALONE)
    with pytest.raises(VerificationError):
        TRUSTEES[0].open_share(blob, number, LETTER, PK)
    with pytest.raises(VerificationError):
        seal.combine_key(blob, {number: bytes(33)}, 1)


@settings(max_examples=60)
@given(st.integers(1, 3), st.integers(0, 8 * 33 - 1))
def test_a_changed_share_is_named(number: int, bit: int) -> None:
    """A trustee who hands on another share than the signer made is found out by the commitment."""
    blob = seal.parse_blob(seal.seal(DOCUMENT, LETTER, PK, KEYS[:3], 2))
    shares = shares_of(blob)
    changed = bytearray(shares[number])
    changed[bit // 8] ^= 1 << bit % 8
    shares[number] = bytes(changed)
    with pytest.raises(VerificationError):
        seal.verify_share(blob, number, shares[number])
    with pytest.raises(VerificationError):
        seal.combine_key(blob, shares, 2)
    del shares[number]
    assert seal.open_blob(blob, seal.combine_key(blob, shares, 2), LETTER, PK) == DOCUMENT


@pytest.mark.parametrize("size", [0, 32, 34])
def test_shares_of_another_length(size: int) -> None:
    """A share has 33 bytes."""
    with pytest.raises(VerificationError):
        seal.verify_share(seal.parse_blob(ALONE), 1, bytes(size))


def test_the_share_of_another_trustee() -> None:
    """A true share under the wrong number is refused: the commitment includes the number."""
    blob = seal.parse_blob(seal.seal(DOCUMENT, LETTER, PK, KEYS[:3], 2))
    shares = shares_of(blob)
    with pytest.raises(VerificationError):
        seal.verify_share(blob, 2, shares[1])


def slot_of(share: bytes, i: int, *, x: int | None = None, committed: bytes | None = None) -> Slot:
    """Make a slot as a dishonest signer may."""
    sealed = seal_to(KEYS[i - 1], share, b"undersigned/v1/seal" + LETTER + PK + bytes([i]))
    commitment = hashlib.sha256((committed or share) + bytes([i])).digest()
    return Slot(share[32] if x is None else x, commitment, sealed[:1120], sealed[1120:])


def test_a_signer_who_lies_about_a_share() -> None:
    """A share at another place than stated, or without its commitment, is refused by its trustee."""
    share = bytes(range(33))
    tail = seal.parse_blob(ALONE)
    for slot in (slot_of(share, 1, x=9), slot_of(share, 1, committed=bytes(33))):
        blob = Blob((slot,), tail.nonce, tail.ciphertext)
        with pytest.raises(VerificationError):
            TRUSTEES[0].open_share(blob, 1, LETTER, PK)


def test_a_signer_whose_shares_do_not_fit() -> None:
    """Committed shares that give different keys to different trustees are refused together."""
    shares = [bytes([7 * i]) * 32 + bytes([i]) for i in (1, 2, 3)]
    shares[2] = bytes(32) + b"\x03"
    tail = seal.parse_blob(ALONE)
    slots = tuple(slot_of(share, i) for i, share in enumerate(shares, start=1))
    blob = Blob(slots, tail.nonce, tail.ciphertext)
    with pytest.raises(VerificationError):
        seal.combine_key(blob, shares_of(blob), 2)
    with pytest.raises(VerificationError):
        seal.combine_key(blob, shares_of(blob), 1)


@given(st.binary(max_size=300))
def test_garbage(value: bytes) -> None:
    """Bytes that are no blob give a FormatError."""
    with pytest.raises(FormatError):
        seal.parse_blob(value)


@settings(max_examples=60)
@given(st.integers(0, len(ALONE) - 1))
def test_truncation(size: int) -> None:
    """A cut blob is refused, and so is one with bytes behind its end."""
    for value in (ALONE[:size], ALONE + ALONE[: size + 1]):
        if (len(value) - len(ALONE)) % 1024:
            with pytest.raises(FormatError):
                seal.parse_blob(value)


@pytest.mark.parametrize("places", [(1, 1), (0, 1), (2, 0)])
def test_places_that_cannot_be(places: tuple[int, int]) -> None:
    """Places that come twice or are zero are refused on sight."""
    slots = tuple(Slot(x, bytes(32), bytes(1120), bytes(49)) for x in places)
    with pytest.raises(FormatError):
        seal.parse_blob(seal.format_blob(Blob(slots, bytes(12), bytes(1040))))


@pytest.mark.parametrize(
    "padded",
    [
        b"\x00\x00\x00\x01a" + bytes(1018) + b"\x01",  # something behind the end
        b"\x00\x00\x04\x00" + bytes(1020),  # longer than there is
        b"\xff\xff\xff\xff" + bytes(1020),
        b"\x00\x00\x00\x01a" + bytes(2043),  # a block too many
        b"\x00\x00\x03\xfc" + bytes(1020) + bytes(1024),
    ],
)
def test_padding_that_is_not_canonical(padded: bytes) -> None:
    """A document is padded in one way: the shortest."""
    key, nonce = bytes(32), bytes(12)
    blob = Blob((), nonce, AESGCM(key).encrypt(nonce, padded, LETTER + PK))
    with pytest.raises(FormatError):
        seal.open_blob(blob, key, LETTER, PK)


def test_the_longest_document() -> None:
    """A document fills its blocks exactly; one that does not fit into 64 KiB is refused."""
    room = MAX_BLOB_BYTES - 1 - 16 * SLOT_SIZE - 12 - 16
    longest = room // 1024 * 1024 - 4
    value = seal.seal(bytes(longest), LETTER, PK, KEYS, 9)
    assert len(value) <= MAX_BLOB_BYTES
    assert open_whole(value, 9) == bytes(longest)
    with pytest.raises(FormatError):
        seal.seal(bytes(longest + 1), LETTER, PK, KEYS, 9)
    with pytest.raises(FormatError):
        seal.parse_blob(bytes([1]) + bytes(MAX_BLOB_BYTES))


@pytest.mark.parametrize(
    ("letter", "pk", "n", "k"),
    [
        (31, 32, 1, 1),
        (32, 33, 1, 1),
        (32, 32, 0, 1),
        (32, 32, 0, 0),
        (32, 32, 1, 2),
        (32, 32, 2, 0),
    ],
)
def test_bad_arguments(letter: int, pk: int, n: int, k: int) -> None:
    """Other lengths and impossible quorums are refused."""
    with pytest.raises(FormatError):
        seal.seal(DOCUMENT, bytes(letter), bytes(pk), KEYS[:n], k)


def test_more_trustees_than_a_letter_has() -> None:
    """Seventeen trustees are refused, in sealing and in parsing."""
    with pytest.raises(FormatError):
        seal.seal(DOCUMENT, LETTER, PK, [*KEYS, KEYS[0]], 9)
    slots = tuple(Slot(x, bytes(32), bytes(1120), bytes(49)) for x in range(1, 18))
    with pytest.raises(FormatError):
        seal.parse_blob(seal.format_blob(Blob(slots, bytes(12), bytes(1040))))


@pytest.mark.parametrize("size", [0, 16, 31, 33])
def test_keys_of_another_length(size: int) -> None:
    """A blob's key has 32 bytes; a shorter AES key is not tried."""
    with pytest.raises(FormatError):
        seal.open_blob(seal.parse_blob(ALONE), bytes(size), LETTER, PK)
