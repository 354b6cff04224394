"""Any k shares open, any fewer do not, any altered one is reported, a copied blob opens nowhere else."""

import hashlib
from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.signer.site import attest, make_letter

from undersigned.crypto.keys import SignerKey, TrusteeKey
from undersigned.crypto.seal import seal
from undersigned.domain.letter import Letter, Mode
from undersigned.domain.name import NameDocument, commitment, format_name
from undersigned.domain.opening import BadLeaf, OpenedLeaf, refusals_needed
from undersigned.domain.shares import SharedLeaf, Shares, format_shares, parse_shares
from undersigned.domain.terms import TrusteeTerms
from undersigned.errors import FormatError, VerificationError
from undersigned.trustee.opening import Altered, Combined, combine_wave
from undersigned.trustee.sealed import SealedNames
from undersigned.trustee.sharing import open_own_shares, read_share_file, write_share_file
from undersigned.verify.signatures import Signature, Stance
from undersigned.verify.wave import Wave

N = 5
KEYS = tuple(TrusteeKey(bytes([7 + i]) * 32) for i in range(N))
SIZE = 100
LEAVES = (10, 20, 30)


def letter_of(k: int) -> Letter:
    """Return a letter with the rule 1 whose names any k of the five open."""
    terms = tuple(
        TrusteeTerms(f"Trustee {i}", False, key.seal_key, key.sign_key)
        for i, key in enumerate(KEYS, 1)
    )
    return make_letter(trustees=terms, quorum=k, rule=1)


class Waiting:
    """A wave of three sealed names, and the blobs behind them."""

    def __init__(self, k: int) -> None:
        self.letter = letter_of(k)
        self.blobs: dict[bytes, bytes] = {}
        stances = []
        for leaf in LEAVES:
            signer = SignerKey(bytes([leaf]) * 16, self.letter.letter_id)
            attestation = attest(self.letter, commitment(signer.public_key, signer.r))
            document = format_name(NameDocument(attestation, signer.r, None))
            seal_keys = [key.seal_key for key in KEYS]
            blob = seal(document, self.letter.letter_id, signer.public_key, seal_keys, k)
            name = hashlib.sha256(blob).digest()
            self.blobs[name] = blob
            signature = Signature(leaf, signer.public_key, Mode.SEALED, None, name)
            stances.append(Stance(signature, Mode.SEALED, 0, name, was_opened=False))
        self.wave = Wave(self.letter, 1, 50, is_first=True, stances=tuple(stances))

    def names(self) -> SealedNames:
        """Return the names, of which nothing is known yet."""
        return SealedNames(self.wave, SIZE, self.blobs.get)

    def shares(self, number: int) -> Shares:
        """Open a trustee's shares."""
        return open_own_shares(self.names(), KEYS[number - 1], number)

    def combine(self, files: Sequence[Shares]) -> Combined:
        """Combine share files as trustee 1."""
        return combine_wave(self.names(), files, KEYS[0])


WAITING = {k: Waiting(k) for k in (1, 2, 3, 5)}
SHARES = {k: [each.shares(i) for i in range(1, N + 1)] for k, each in WAITING.items()}
quorums = st.sampled_from(sorted(WAITING))
some_trustees = st.sets(st.integers(0, N - 1), min_size=1)


@settings(max_examples=60, deadline=None)
@given(quorums, some_trustees)
def test_any_quorum_opens_and_fewer_do_not(k: int, who: set[int]) -> None:
    """Whoever they are; with fewer every name is open still, and none is struck."""
    combined = WAITING[k].combine([SHARES[k][i] for i in who])
    if len(who) < k:
        assert combined == Combined(None, (), LEAVES)
        return
    assert combined.opening is not None
    assert combined.opening.holds
    assert combined.opening.members == LEAVES
    assert all(isinstance(leaf, OpenedLeaf) for leaf in combined.opening.file.leaves)
    everyone = WAITING[k].combine(SHARES[k]).opening
    assert everyone is not None
    assert combined.opening.file == everyone.file


@settings(max_examples=80, deadline=None)
@given(quorums, some_trustees, st.data())
def test_any_altered_share_is_reported(k: int, who: set[int], data: st.DataObject) -> None:
    """Each by its trustee and leaf; the opening is the same while k good ones remain."""
    liar = data.draw(st.sampled_from(sorted(who)))
    leaf = data.draw(st.sampled_from(range(len(LEAVES))))
    place, bit = data.draw(st.integers(0, 32)), data.draw(st.integers(0, 7))
    files = [SHARES[k][i] for i in sorted(who)]
    at = sorted(who).index(liar)
    leaves = list(files[at].leaves)
    share = bytearray(leaves[leaf].share or b"")
    share[place] ^= 1 << bit
    leaves[leaf] = SharedLeaf(LEAVES[leaf], bytes(share))
    files[at] = replace(files[at], leaves=tuple(leaves))
    combined = WAITING[k].combine(files)
    assert combined.altered == (Altered(liar + 1, LEAVES[leaf]),)
    if len(who) > k:
        assert combined.opening is not None
        assert combined.open_leaves == ()
    elif len(who) == k:
        assert combined.opening is None
        assert combined.open_leaves == (LEAVES[leaf],)


@settings(max_examples=40, deadline=None)
@given(quorums, some_trustees)
def test_a_copied_blob_is_refused_by_everyone(k: int, who: set[int]) -> None:
    """A colleague's blob under one's own key opens with nobody's share, and is struck for what it is."""
    waiting = Waiting(k) if k not in WAITING else WAITING[k]
    first, *rest = waiting.wave.stances
    stolen = rest[0].name
    copied = first._replace(name=stolen)
    wave = replace(waiting.wave, stances=(copied, *rest))
    names = SealedNames(wave, SIZE, waiting.blobs.get)
    files = [open_own_shares(names, KEYS[i], i + 1) for i in sorted(who)]
    assert all(file.refused == (LEAVES[0],) for file in files)
    combined = combine_wave(names, files, KEYS[0])
    if len(who) >= max(k, refusals_needed(waiting.letter)):
        assert combined.opening is not None
        assert isinstance(combined.opening.file.leaves[0], BadLeaf)
        assert combined.opening.members == LEAVES[1:]
    else:
        assert combined.opening is None


@pytest.mark.parametrize("k", [2, 5])
def test_a_share_file_is_for_the_other_trustees_alone(k: int) -> None:
    """Each opens it; the sender's is not among the slots, a stranger's key opens none of them."""
    letter, own = WAITING[k].letter, SHARES[k][2]
    file = write_share_file(letter, own, KEYS[2])
    for number in (1, 2, 4, 5):
        assert read_share_file(letter, 1, 3, file, KEYS[number - 1], number) == own
    for key, number in ((KEYS[2], 3), (TrusteeKey.generate(), 1), (KEYS[0], 2)):
        with pytest.raises(VerificationError):
            read_share_file(letter, 1, 3, file, key, number)
    for wave, sender in ((2, 3), (1, 4)):
        with pytest.raises(VerificationError, match="not signed by its sender"):
            read_share_file(letter, wave, sender, file, KEYS[0], 1)
    assert b"share" not in file


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**16), st.integers(1, 255))
def test_every_changed_byte_of_a_share_file_is_found(place: int, change: int) -> None:
    """The signature is over all of it."""
    file = bytearray(write_share_file(WAITING[2].letter, SHARES[2][2], KEYS[2]))
    file[place % len(file)] ^= change
    with pytest.raises(VerificationError):
        read_share_file(WAITING[2].letter, 1, 3, bytes(file), KEYS[0], 1)


shares_values = st.builds(
    lambda leaves, some: Shares(
        WAITING[2].letter.letter_id,
        1,
        SIZE,
        2,
        tuple(SharedLeaf(i, None if i % 3 == some else bytes(33)) for i in sorted(leaves)),
        bytes(64) if any(i % 3 == some for i in leaves) else None,
    ),
    st.sets(st.integers(0, 99), max_size=6),
    st.integers(0, 2),
)


@settings(max_examples=60, deadline=None)
@given(shares_values, st.integers(0, 10_000))
def test_shares_come_back_and_noise_does_not(shares: Shares, place: int) -> None:
    """What is written is read; cut anywhere, it is refused."""
    written = format_shares(shares)
    assert parse_shares(written) == shares
    with pytest.raises(FormatError):
        parse_shares(written[: place % len(written)])


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=100))
def test_no_bytes_break_the_reader_of_shares(data: bytes) -> None:
    """Noise is a FormatError."""
    with pytest.raises(FormatError):
        parse_shares(data)
