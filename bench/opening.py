"""What it costs a trustee to open the names of a wave: its own shares, and the names from the shares of k.

References are the bare work of the same run, with keys, contexts and ciphertexts at hand: for each name one
HPKE decryption and one AES-GCM decryption; and these together with the verification of the issuer's
attestation, without which no name may be called good or bad. The rest is parsing, commitments, the quorum's
arithmetic, and the opening itself.
"""

import dataclasses
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from nacl.bindings import crypto_sign_open
from tests.live import HOST
from tests.simulator import ATTESTATION, make_letter, token_key

from bench.crowd import Crowd
from bench.result import Result, of_ratios
from bench.rounds import ROUNDS, cpu_time, sized
from undersigned.crypto.keys import TrusteeKey
from undersigned.crypto.seal import open_blob, parse_blob
from undersigned.domain.letter import Letter, Mode, TrusteeTerms
from undersigned.domain.name import attestation_signed_bytes, parse_name
from undersigned.domain.opening import OpenedLeaf
from undersigned.domain.shares import Shares
from undersigned.trustee.opening import combine_wave
from undersigned.trustee.sealed import SealedNames
from undersigned.trustee.sharing import open_own_shares
from undersigned.verify.signatures import Signature, Stance
from undersigned.verify.wave import Wave

NAMES: Final = sized(1_000, 10_000)
QUORUMS: Final = ((1, 1), (2, 3))
"""How many of how many trustees open: the operator alone, and two of three."""

GOAL: Final = 1.5

_FIRST_LEAF: Final = 10


def measure() -> list[Result]:
    """Measure the opening of a wave by one trustee, the first."""
    return [result for k, n in QUORUMS for result in _measure(k, n)]


def _measure(k: int, n: int) -> list[Result]:
    waiting = _make_wave(k, n)
    others = [waiting.open_shares(number) for number in range(2, k + 1)]
    bare = _Bare(waiting)
    decrypted, attested = [], []
    for _ in range(ROUNDS):
        least = cpu_time(bare.decrypt)
        took = cpu_time(lambda: waiting.open(others))
        decrypted.append(took / least)
        attested.append(took / (least + cpu_time(bare.attest)))
    work, name = f"{NAMES:,} names, {k} of {n}", f"open, {k} of {n}"
    return [
        of_ratios(name, "HPKE and AES alone", work, decrypted, GOAL),
        of_ratios(name, "HPKE, AES and Ed25519 alone", work, attested, GOAL),
    ]


@dataclass(frozen=True, slots=True)
class _Waiting:
    """A wave that was frozen, the blobs of its names, and the keys of all trustees."""

    wave: Wave
    blobs: dict[bytes, bytes]
    keys: tuple[TrusteeKey, ...]

    def names(self) -> SealedNames:
        """Return the names, of which nothing is known yet."""
        return SealedNames(self.wave, self.wave.index + 1, self.blobs.get)

    def open_shares(self, number: int) -> Shares:
        """Open the shares of one trustee."""
        return open_own_shares(self.names(), self.keys[number - 1], number)

    def open(self, others: Sequence[Shares]) -> dict[int, bytes]:
        """Open all names as the first trustee; return the key of each, by leaf."""
        names = self.names()
        files = [open_own_shares(names, self.keys[0], 1), *others]
        combined = combine_wave(names, files, self.keys[0])
        assert combined.opening is not None
        leaves = combined.opening.file.leaves
        keys = {leaf.index: leaf.key for leaf in leaves if isinstance(leaf, OpenedLeaf)}
        assert len(keys) == len(leaves) == NAMES
        return keys


class _Bare:
    """The two decryptions of each name and the one verification, with everything ready."""

    def __init__(self, waiting: _Waiting) -> None:
        self._key = waiting.keys[0]
        self._shares: list[tuple[bytes, bytes]] = []
        self._documents: list[tuple[AESGCM, bytes, bytes, bytes]] = []
        self._attestations: list[bytes] = []
        self._attestation_key = waiting.wave.letter.attestation_key
        keys = waiting.open(
            [waiting.open_shares(i) for i in range(2, waiting.wave.letter.quorum + 1)]
        )
        for stance in waiting.wave.stances:
            pk, name = stance.signature.pk, stance.name
            assert name is not None
            blob = parse_blob(waiting.blobs[name])
            binding = waiting.wave.letter.letter_id + pk
            info = b"undersigned/v1/seal" + binding + bytes([1])
            self._shares.append((blob.slots[0].enc + blob.slots[0].ct, info))
            cipher = AESGCM(keys[stance.signature.leaf])
            self._documents.append((cipher, blob.nonce, blob.ciphertext, binding))
            content = open_blob(
                blob, keys[stance.signature.leaf], waiting.wave.letter.letter_id, pk
            )
            said = parse_name(content).attestation
            self._attestations.append(said.sig + attestation_signed_bytes(said))

    def decrypt(self) -> None:
        """Decrypt all; each raises if it does not open."""
        for sealed, info in self._shares:
            self._key.open_sealed(sealed, info)
        for cipher, nonce, ciphertext, binding in self._documents:
            cipher.decrypt(nonce, ciphertext, binding)

    def attest(self) -> None:
        """Verify all attestations; each raises if it does not hold."""
        for signed in self._attestations:
            crypto_sign_open(signed, self._attestation_key)


def _make_wave(k: int, n: int) -> _Waiting:
    keys = tuple(TrusteeKey.generate() for _ in range(n))
    terms = tuple(
        TrusteeTerms(f"Trustee {i}", n == 1, key.seal_key, key.sign_key)
        for i, key in enumerate(keys, 1)
    )
    letter = dataclasses.replace(make_letter(), trustees=terms, quorum=k, rule=1)
    blobs: dict[bytes, bytes] = {}
    stances = tuple(_sign(letter, _FIRST_LEAF + i, blobs) for i in range(NAMES))
    return _Waiting(
        Wave(letter, 1, _FIRST_LEAF + NAMES, is_first=True, stances=stances), blobs, keys
    )


def _sign(letter: Letter, leaf: int, blobs: dict[bytes, bytes]) -> Stance:
    signed = Crowd(HOST, letter, token_key(), ATTESTATION).sign(Mode.SEALED)
    assert signed.blob is not None
    name = hashlib.sha256(signed.blob).digest()
    blobs[name] = signed.blob
    signature = Signature(leaf, signed.record.pk, Mode.SEALED, None, name)
    return Stance(signature, Mode.SEALED, 0, name, was_opened=False)
