"""Opening a wave: the trustee's software that holds k share files, its own included (formats §7).

1. The wave, the names whose turn it is and the size of the log come from the verifier, which has
   recomputed them from a verified log.
2. Of each such name, the shares that match what its signer committed to are good. One that does not match
   was altered by the trustee that sent it, who is reported; the others count all the same.
3. k good shares give the key. A name counts only if its document was attested by the issuer for the key
   that signed; else the leaf is bad, and the shares show it. Without k good shares the leaf is bad only if
   enough trustees refuse it in writing; else it is open, and further trustees are awaited.
4. The outcome is computed again without the bad leaves. If the rule still holds, the opening file holds the
   keys of exactly those who stand then, and the bad; otherwise only the bad, and nobody is exposed.
"""

import dataclasses
import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from undersigned.crypto.keys import TrusteeKey
from undersigned.crypto.seal import Blob, combine_verified, open_blob, verify_share
from undersigned.domain.letter import Letter
from undersigned.domain.opening import (
    BadLeaf,
    Leaf,
    OpenedLeaf,
    OpeningFile,
    Refusal,
    format_opening,
    refusals_needed,
)
from undersigned.domain.record import OpeningRecord, signed_bytes
from undersigned.domain.shares import Shares
from undersigned.errors import FormatError, Refused, VerificationError
from undersigned.trustee.sealed import SealedNames
from undersigned.verify.names import read_name
from undersigned.verify.signatures import Stance
from undersigned.verify.wave import find_turn


class Altered(NamedTuple):
    """A share that is not the one which the signer committed to: who sent it, and of which leaf."""

    trustee: int
    leaf: int


@dataclass(frozen=True, slots=True)
class Opening:
    """An opening that is ready to be submitted: the file and its bytes, its record, what follows.

    `members` are the leaves of those who stand; `holds` says that the rule does.
    """

    file: OpeningFile
    content: bytes
    record: OpeningRecord
    members: tuple[int, ...]
    holds: bool


@dataclass(frozen=True, slots=True)
class Combined:
    """What share files came to: an opening, or the leaves for which further trustees are awaited."""

    opening: Opening | None
    altered: tuple[Altered, ...]
    open_leaves: tuple[int, ...]


def combine_wave(names: SealedNames, files: Iterable[Shares], key: TrusteeKey) -> Combined:
    """Combine what share files hold of a wave; the record is signed by the trustee that has `key`.

    More than one file of a trustee may not be among `files`. Raises VerificationError if the key is not of a
    trustee or a blob is missing.
    """
    wave, letter = names.wave, names.wave.letter
    by = {file.sender: file for file in files}
    held = {number: {leaf.index: leaf.share for leaf in file.leaves} for number, file in by.items()}
    leaves: dict[int, Leaf] = {}
    altered: list[Altered] = []
    undecided: set[int] = set()
    refused: set[int] = set()
    for index, stance in names.due.items():
        shares = {number: mine[index] for number, mine in held.items() if index in mine}
        judged = _judge(letter, stance, names.take_apart(index), shares)
        altered += [Altered(number, index) for number in judged.altered]
        if judged.leaf is None:
            undecided.add(index)
        else:
            leaves[index] = judged.leaf
        if judged.is_refused:
            refused.add(index)
    bad = {index: leaf for index, leaf in leaves.items() if isinstance(leaf, BadLeaf)}
    file = OpeningFile(letter.letter_id, wave.number, names.size, _ascending(bad))
    turn = find_turn(wave, file) if bad else names.turn
    missing = tuple(sorted(undecided.intersection(turn.due)))
    if missing:
        return Combined(None, tuple(altered), missing)
    kept = {index: leaves[index] for index in turn.due}
    file = dataclasses.replace(
        file, leaves=_ascending(kept | bad), refusals=_refusals(by.values(), refused)
    )
    members = tuple(turn.members)
    content = format_opening(file)
    record = _sign(letter, file, content, key)
    return Combined(Opening(file, content, record, members, turn.holds), tuple(altered), ())


class _Judged(NamedTuple):
    leaf: Leaf | None
    altered: tuple[int, ...] = ()
    is_refused: bool = False


def _judge(
    letter: Letter, stance: Stance, blob: Blob | None, shares: Mapping[int, bytes | None]
) -> _Judged:
    """Say of one name whether it opens, is bad, or is undecided, and whose share was altered."""
    index, n = stance.signature.leaf, len(letter.trustees)
    if blob is None or len(blob.slots) != n:
        return _Judged(BadLeaf(index, (None,) * n))
    given = [(number, share) for number, share in shares.items() if share is not None]
    good = {number: share for number, share in given if _is_good(blob, number, share)}
    altered = tuple(number for number, _ in given if number not in good)
    if len(good) >= letter.quorum:
        key = _find_key(letter, stance, blob, good)
        if key is not None:
            return _Judged(OpenedLeaf(index, key), altered)
        return _Judged(BadLeaf(index, tuple(map(good.get, range(1, n + 1)))), altered)
    if len(shares) - len(given) >= refusals_needed(letter):
        # Shares that do not show it are not shown: others might hold what they lack.
        return _Judged(BadLeaf(index, (None,) * n), altered, is_refused=True)
    return _Judged(None, altered)


def _is_good(blob: Blob, number: int, share: bytes) -> bool:
    try:
        verify_share(blob, number, share)
    except VerificationError:
        return False
    return True


def _find_key(
    letter: Letter, stance: Stance, blob: Blob, shares: Mapping[int, bytes]
) -> bytes | None:
    """Return the key of a name, from good shares; None if what it opens is not the signer's name."""
    pk = stance.signature.pk
    try:
        key = combine_verified(list(shares.values()), letter.quorum)
        read_name(open_blob(blob, key, letter.letter_id, pk), letter, pk)
    except (FormatError, VerificationError, Refused):
        return None
    return key


def _refusals(files: Iterable[Shares], needed: set[int]) -> tuple[Refusal, ...]:
    """Return the refusals that some bad leaf needs, by trustee."""
    return tuple(
        Refusal(file.sender, file.refused, file.refusal)
        for file in sorted(files, key=lambda file: file.sender)
        if file.refusal is not None and needed & set(file.refused)
    )


def _sign(letter: Letter, file: OpeningFile, content: bytes, key: TrusteeKey) -> OpeningRecord:
    numbers = [i for i, each in enumerate(letter.trustees, 1) if each.sign_key == key.sign_key]
    if not numbers:
        raise VerificationError("this key is not that of a trustee of this letter")
    bad = sum(isinstance(leaf, BadLeaf) for leaf in file.leaves)
    record = OpeningRecord(
        letter_id=letter.letter_id,
        wave=file.wave,
        file=hashlib.sha256(content).digest(),
        opened=len(file.leaves) - bad,
        bad=bad,
        by=numbers[0],
        sig=bytes(64),
    )
    return dataclasses.replace(record, sig=key.sign(signed_bytes(record)))


def _ascending(leaves: Mapping[int, Leaf]) -> tuple[Leaf, ...]:
    return tuple(leaves[index] for index in sorted(leaves))
