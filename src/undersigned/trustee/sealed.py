"""The sealed names of a wave whose turn it is: each read, checked against the log and taken apart once.

A trustee needs each of them twice, first for its own share and then for the name, and others' shares come in
between. What fits into `MOST_KEPT` bytes is kept for that; what does not is read and checked again.
"""

import hashlib
from collections.abc import Callable
from functools import cached_property
from typing import Final

from undersigned.crypto.seal import Blob, parse_blob
from undersigned.domain.opening import OpeningFile
from undersigned.errors import FormatError, VerificationError
from undersigned.verify.signatures import Stance
from undersigned.verify.wave import Turn, Wave, find_turn, pair_up

BlobReader = Callable[[bytes], bytes | None]
"""Return the blob with this hash (32 bytes), or None."""

MOST_KEPT: Final = 64 * 1024 * 1024
"""Bytes of blobs that are kept: 14,000 names for three trustees."""


class SealedNames:
    """The names of a wave in a verified log of `size` entries, whose blobs `read` knows."""

    def __init__(self, wave: Wave, size: int, read: BlobReader) -> None:
        self.wave = wave
        self.size = size
        self._read = read
        self._kept: dict[int, Blob | None] = {}
        self._room = MOST_KEPT

    @cached_property
    def turn(self) -> Turn:
        """Whose turn it is if every name opens."""
        return find_turn(
            self.wave, OpeningFile(self.wave.letter.letter_id, self.wave.number, self.size, ())
        )

    @cached_property
    def due(self) -> dict[int, Stance]:
        """The signatures whose names are to be opened, by leaf."""
        found = pair_up(self.wave.stances, self.turn.due)
        return {leaf: stance for leaf, stance in found if stance is not None}

    def take_apart(self, leaf: int) -> Blob | None:
        """Return the parts of the blob of a name that is due; None for one that has not the form of a blob.

        Raises VerificationError for one that is missing or is not the one in the log. That is not its
        signer's fault: striking the leaf would hide that the site lost it.
        """
        if leaf in self._kept:
            return self._kept[leaf]
        name = self.due[leaf].name
        value = self._read(name) if name is not None else None
        if value is None or hashlib.sha256(value).digest() != name:
            raise VerificationError(f"the seal of leaf {leaf} is missing or was changed")
        try:
            blob = parse_blob(value)
        except FormatError:
            blob = None
        if len(value) <= self._room:
            self._room -= len(value)
            self._kept[leaf] = blob
        return blob
