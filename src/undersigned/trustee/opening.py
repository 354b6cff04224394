"""Opening a wave with a quorum of one: the trustee's software, whoever runs it (formats §7).

1. The wave, the signatures whose turn it is (S) and the size of the log come from the verifier, which
   has recomputed them from a verified log.
2. The blob of each sealed member of S is checked against the hash in the log and opened.
3. A name counts only if its document was attested by the issuer for the key that signed; else the leaf
   is bad.
4. S is computed again without the bad leaves. If the rule still holds, the opening file holds the keys of
   exactly that S, and the bad; otherwise only the bad, and nobody is exposed.
"""

import dataclasses
import hashlib
from collections.abc import Callable, Mapping

from undersigned.crypto.ed25519 import verify_ed25519
from undersigned.crypto.keys import TrusteeKey
from undersigned.crypto.seal import combine_key, open_blob, parse_blob
from undersigned.domain.letter import Letter
from undersigned.domain.name import attestation_signed_bytes, check_binding, parse_name
from undersigned.domain.opening import BadLeaf, Leaf, OpenedLeaf, OpeningFile, format_opening
from undersigned.domain.record import OpeningRecord, signed_bytes
from undersigned.errors import FormatError, Refused, VerificationError
from undersigned.verify.signatures import Stance
from undersigned.verify.wave import Wave, find_turn

BlobReader = Callable[[bytes], bytes | None]
"""Return the blob with this hash (32 bytes), or None."""


@dataclasses.dataclass(frozen=True, slots=True)
class Opening:
    """An opening that is ready to be submitted: the file and its bytes, its record, what follows.

    `members` are the leaves of S; `holds` says that the rule does.
    """

    file: OpeningFile
    content: bytes
    record: OpeningRecord
    members: tuple[int, ...]
    holds: bool


def open_wave(
    wave: Wave, size: int, read_blob: BlobReader, key: TrusteeKey, number: int
) -> Opening:
    """Open a wave as trustee `number` (from 1) of a letter whose quorum is 1.

    `size` is that of the verified log. Raises VerificationError if this is not that trustee's key or a
    blob is missing that should be there.
    """
    letter = wave.letter
    if letter.quorum != 1 or letter.trustees[number - 1].sign_key != key.sign_key:
        raise VerificationError("this key is not the one that opens this letter alone")
    nobody_bad = OpeningFile(letter.letter_id, wave.number, size, ())
    opened: dict[int, Leaf] = {}
    bad: dict[int, Leaf] = {}
    for leaf, stance in find_turn(wave, nobody_bad).due.items():
        result = _open_leaf(letter, stance, read_blob, key, number)
        if isinstance(result, OpenedLeaf):
            opened[leaf] = result
        else:
            bad[leaf] = result
    turn = find_turn(wave, dataclasses.replace(nobody_bad, leaves=_ascending(bad)))
    kept = {leaf: opened[leaf] for leaf in turn.due}
    file = dataclasses.replace(nobody_bad, leaves=_ascending(kept | bad))
    content = format_opening(file)
    record = OpeningRecord(
        letter_id=letter.letter_id,
        wave=wave.number,
        file=hashlib.sha256(content).digest(),
        opened=len(kept),
        bad=len(bad),
        by=number,
        sig=bytes(64),
    )
    signed = dataclasses.replace(record, sig=key.sign(signed_bytes(record)))
    members = tuple(stance.signature.leaf for stance in turn.members)
    return Opening(file, content, signed, members, turn.holds)


def _ascending(leaves: Mapping[int, Leaf]) -> tuple[Leaf, ...]:
    return tuple(leaves[index] for index in sorted(leaves))


def _open_leaf(
    letter: Letter, stance: Stance, read_blob: BlobReader, key: TrusteeKey, number: int
) -> OpenedLeaf | BadLeaf:
    signature = stance.signature
    value = read_blob(stance.name) if stance.name is not None else None
    if value is None or hashlib.sha256(value).digest() != stance.name:
        # Not the signer's fault: striking the leaf would hide that the site lost it.
        raise VerificationError(f"the seal of leaf {signature.leaf} is missing or was changed")
    share: bytes | None = None
    try:
        blob = parse_blob(value)
        share = key.open_share(blob, number, letter.letter_id, signature.pk)
        secret = combine_key(blob, {number: share}, letter.quorum)
        document = parse_name(open_blob(blob, secret, letter.letter_id, signature.pk))
        check_binding(document, letter.letter_id, signature.pk)
        attestation = document.attestation
        verify_ed25519(
            letter.attestation_key, attestation_signed_bytes(attestation), attestation.sig
        )
    except (FormatError, VerificationError, Refused):
        shares = tuple(share if i == number else None for i in range(1, len(letter.trustees) + 1))
        return BadLeaf(signature.leaf, shares)
    return OpenedLeaf(signature.leaf, secret)
