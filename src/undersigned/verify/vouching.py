"""What holds of entries one by one: it can be verified in any process, in any order.

Who vouches has made every check that the replay makes of a record alone. Nobody says here what is
wrong: what is not vouched for is verified again in its place, by the replay, so that the findings and their
order are the same whoever vouched, and if nobody did.
"""

import functools
from collections.abc import Sequence
from typing import NamedTuple

from undersigned.crypto.token import TokenChallenge, TokenVerifier
from undersigned.domain.letter import Letter, LetterId
from undersigned.domain.record import LetterRecord, SignRecord, parse_record
from undersigned.errors import FormatError, VerificationError
from undersigned.verify.signed import OfMany, find_key, verify_record

MOST_LETTERS = 64
"""Letters that a process keeps, parsed; each is at most 48 KiB of a record."""


class _Verifier(NamedTuple):
    letter: Letter
    tokens: TokenVerifier | None


@functools.lru_cache(MOST_LETTERS)
def _verifier_of(entry: bytes, host: str) -> _Verifier:
    record = parse_record(entry)
    if not isinstance(record, LetterRecord):
        raise FormatError("the entry opens no letter")
    letter = record.letter
    try:
        tokens = TokenVerifier(letter.token_key, TokenChallenge(host, letter.letter_id, host))
    except FormatError:
        tokens = None
    return _Verifier(letter, tokens)


def vouch_entries(host: str, letters: Sequence[bytes], entries: Sequence[bytes]) -> bytes:
    """Return 1 for each entry whose form, signature and token hold, 0 for every other, as bytes.

    `letters` are the entries that open the letters which these entries may be of.
    """
    found = [_verifier_of(entry, host) for entry in letters]
    verifiers = {each.letter.letter_id: each for each in found}
    return bytes(_is_good(entry, verifiers) for entry in entries)


def _is_good(entry: bytes, verifiers: dict[LetterId, _Verifier]) -> bool:
    try:
        record = parse_record(entry)
        if not isinstance(record, OfMany) or (by := verifiers.get(record.letter_id)) is None:
            return False
        key = find_key(record, by.letter)
        if key is None:
            return False
        verify_record(record, entry, key)
        if isinstance(record, SignRecord):
            if by.tokens is None:
                return False
            by.tokens.verify(record.token, record.pk)
    except (FormatError, VerificationError):
        return False
    return True
