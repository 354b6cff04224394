"""A signer's key: twelve words, written down by a person, from which all else follows.

The words are the 16 bytes of the receipt code in the BIP 39 English list, checksum included. The
bytes themselves are the key material; the seed that BIP 39 would stretch from the words is not
used. The letter's ID is the salt, so the same words give unrelated keys for different letters.
"""

import functools
import secrets
from typing import Final, Self

from mnemonic import Mnemonic

from undersigned.crypto.keys.derive import derive
from undersigned.crypto.keys.record import RecordSigner
from undersigned.errors import FormatError

CODE_SIZE: Final = 16
WORD_COUNT: Final = 12
LETTER_ID_SIZE: Final = 32

MAX_WORDS_CHARACTERS: Final = 1024
"""Twelve words have at most 107 characters; the rest is room for spaces that a person types."""


def generate_code() -> bytes:
    """Return a new receipt code, 16 random bytes."""
    return secrets.token_bytes(CODE_SIZE)


def words_of(code: bytes) -> str:
    """Write a receipt code (16 bytes) as 12 lower-case words with single spaces (BIP 39)."""
    if len(code) != CODE_SIZE:
        raise FormatError("A receipt code has 16 bytes.")
    return _list().to_mnemonic(code)


def code_of(words: str) -> bytes:
    """Return the receipt code (16 bytes) that 12 words stand for (BIP 39).

    Upper case and extra white space are taken, since a person types this. Raises FormatError for
    another number of words, a word that is not in the list, or a checksum that does not hold.
    """
    if len(words) > MAX_WORDS_CHARACTERS:
        raise FormatError("A receipt code has twelve words.")
    typed = words.lower().split()
    if len(typed) != WORD_COUNT:
        raise FormatError("A receipt code has twelve words.")
    for position, word in enumerate(typed, start=1):
        if word not in _known():
            raise FormatError(f"Word {position} is not in the list of words.")
    try:
        return bytes(_list().to_entropy(typed))
    except ValueError:
        raise FormatError("The words do not fit together: one is wrong or misplaced.") from None


@functools.cache
def _list() -> Mnemonic:
    return Mnemonic("english")


@functools.cache
def _known() -> frozenset[str]:
    return frozenset(_list().wordlist)


class SignerKey:
    """What one receipt code (16 bytes) gives for one letter (its ID, 32 bytes).

    `public_key` is the pk of the record; `r` (32 bytes) hides pk in the commitment that the issuer
    attests, and stays secret until the name document is public.
    """

    __slots__ = ("_signer", "public_key", "r")

    def __init__(self, code: bytes, letter_id: bytes) -> None:
        if len(code) != CODE_SIZE or len(letter_id) != LETTER_ID_SIZE:
            raise FormatError("A receipt code has 16 bytes and a letter's ID 32.")
        self._signer = RecordSigner(derive(code, salt=letter_id, info=b"undersigned/v1/signer"))
        self.public_key = self._signer.public_key
        self.r = derive(code, salt=letter_id, info=b"undersigned/v1/r")

    def __repr__(self) -> str:
        return f"SignerKey(public_key={self.public_key.hex()})"

    @classmethod
    def from_words(cls, words: str, letter_id: bytes) -> Self:
        """Return the key that 12 words give for a letter; raises FormatError."""
        return cls(code_of(words), letter_id)

    def sign(self, message: bytes) -> bytes:
        """Return the signature (64 bytes) over a message (RFC 8032, section 5.1.6)."""
        return self._signer.sign(message)
