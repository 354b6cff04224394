"""A trustee's own shares of a wave: opened for exactly the names whose turn it is, and for no other.

Formats §7 and §9. A share that does not open, or is not what the signer committed to, is refused in
writing: without enough of such words no name can be struck as unopenable.
"""

from undersigned.crypto.ed25519 import verify_ed25519
from undersigned.crypto.keys import TrusteeKey
from undersigned.crypto.seal import Blob
from undersigned.crypto.share_file import (
    ShareContext,
    open_share_file,
    seal_share_file,
    verify_share_file,
)
from undersigned.domain.letter import Letter
from undersigned.domain.opening import refusal_bytes
from undersigned.domain.shares import (
    LONGEST_SHARES,
    SharedLeaf,
    Shares,
    format_shares,
    parse_shares,
)
from undersigned.errors import FormatError, VerificationError
from undersigned.trustee.sealed import SealedNames


def open_own_shares(names: SealedNames, key: TrusteeKey, number: int) -> Shares:
    """Open this trustee's shares of a wave.

    Raises VerificationError if the key is not its own, or a blob is missing.
    """
    wave, letter = names.wave, names.wave.letter
    if letter.trustees[number - 1].sign_key != key.sign_key:
        raise VerificationError("this key is not the one that the letter names")
    leaves = tuple(
        SharedLeaf(
            leaf, _find_share(letter, names.take_apart(leaf), key, number, stance.signature.pk)
        )
        for leaf, stance in sorted(names.due.items())
    )
    refused = tuple(leaf.index for leaf in leaves if leaf.share is None)
    refusal = None
    if refused:
        refusal = key.sign(refusal_bytes(letter.letter_id, wave.number, number, refused))
    return Shares(letter.letter_id, wave.number, names.size, number, leaves, refusal)


def _find_share(
    letter: Letter, blob: Blob | None, key: TrusteeKey, number: int, pk: bytes
) -> bytes | None:
    if blob is None:
        return None
    try:
        return key.open_share(blob, number, letter.letter_id, pk)
    except (FormatError, VerificationError):
        return None


def context_of(letter: Letter, wave: int, sender: int) -> ShareContext:
    """Return which share file that of a trustee in a wave is."""
    return ShareContext(letter.letter_id, wave, sender, len(letter.trustees))


def write_share_file(letter: Letter, shares: Shares, key: TrusteeKey) -> bytes:
    """Encrypt shares to all the other trustees. Raises FormatError if they are too many."""
    context = context_of(letter, shares.wave, shares.sender)
    seal_keys = [trustee.seal_key for trustee in letter.trustees]
    file = seal_share_file(format_shares(shares), context, seal_keys, key.sign)
    if len(file) > LONGEST_SHARES:
        raise FormatError("the wave has more names than a share file can hold")
    return file


def check_share_file(letter: Letter, wave: int, sender: int, file: bytes) -> None:
    """Verify who a share file is of, without opening it. Raises VerificationError, FormatError."""
    if len(file) > LONGEST_SHARES:
        raise FormatError(f"a share file has at most {LONGEST_SHARES} bytes")
    sign_key = letter.trustees[sender - 1].sign_key
    verify_share_file(file, context_of(letter, wave, sender), sign_key)


def read_share_file(
    letter: Letter, wave: int, sender: int, file: bytes, key: TrusteeKey, number: int
) -> Shares:
    """Open another trustee's share file. Raises VerificationError, FormatError.

    1. It is signed by the sender. 2. It opens with this key. 3. It is of this letter, wave and sender.
    4. Its refusal, if there is one, is signed as well: it may have to be shown to everyone.
    """
    check_share_file(letter, wave, sender, file)  # 1
    context = context_of(letter, wave, sender)
    shares = parse_shares(open_share_file(file, context, number, key.open_sealed))  # 2
    if (shares.letter_id, shares.wave, shares.sender) != (letter.letter_id, wave, sender):  # 3
        raise VerificationError("the share file is of another letter, wave or trustee than it says")
    if shares.refusal is not None:  # 4
        message = refusal_bytes(letter.letter_id, wave, sender, shares.refused)
        verify_ed25519(letter.trustees[sender - 1].sign_key, message, shares.refusal)
    return shares
