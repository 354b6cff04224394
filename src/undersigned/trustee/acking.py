"""Acknowledging a letter: a trustee's word that it holds the key which the letter names.

The steps, in the order in which one needs the other:

1. The proposal is one letter: its id is the hash of its body, its texts are those that the body names
   (`domain.proposal`), and it is the letter whose address the trustee was given.
2. The trustee's two keys stand in it, once.
3. The key works: what is sealed to the key in the letter opens with the seed. A seal to a key that
   nobody can open would be lost, and with it a name.
"""

import secrets

from undersigned.crypto.hpke import seal_to
from undersigned.crypto.keys import TrusteeKey
from undersigned.domain.canonical import LetterId
from undersigned.domain.letter import Letter, ack_bytes
from undersigned.domain.proposal import Proposal, parse_proposal
from undersigned.errors import FormatError, VerificationError

_TEST = b"undersigned/v1/test\n"


def read_proposal(data: bytes, letter_id: LetterId) -> Proposal:
    """Read the proposal of one letter (step 1). Raises VerificationError, FormatError."""
    proposal = parse_proposal(data)
    if proposal.letter_id != letter_id:
        raise VerificationError("The site answers with another letter than the one asked for.")
    return proposal


def find_number(letter: Letter, key: TrusteeKey) -> int:
    """Return the number (from 1) that a trustee has in a letter (step 2). Raises VerificationError."""
    numbers = [
        number
        for number, trustee in enumerate(letter.trustees, 1)
        if (trustee.seal_key, trustee.sign_key) == (key.seal_key, key.sign_key)
    ]
    if len(numbers) != 1:
        raise VerificationError("This key is not that of a trustee of this letter.")
    return numbers[0]


def check_key(letter: Letter, number: int, key: TrusteeKey) -> None:
    """Check that a seal to the key in the letter opens with this one (step 3).

    Raises VerificationError.
    """
    value = secrets.token_bytes(32)
    try:
        sealed = seal_to(letter.trustees[number - 1].seal_key, value, _TEST + letter.letter_id)
    except FormatError as error:
        raise VerificationError(error.detail) from None
    if key.open_sealed(sealed, _TEST + letter.letter_id) != value:
        raise VerificationError("What is sealed to the letter's key does not open with this one.")


def make_ack(proposal: Proposal, key: TrusteeKey) -> tuple[int, bytes]:
    """Return the trustee's number and its ack (64 bytes), after steps 2 and 3.

    Raises VerificationError.
    """
    number = find_number(proposal.letter, key)
    check_key(proposal.letter, number, key)
    return number, key.sign(ack_bytes(proposal.letter_id))
