"""Which names of a letter a site may have shown since its pages were read (check 12).

A page of names states no size of the tree: it may be that of any moment between the numbers and the
checkpoint. So for each signature all names are allowed that were public at one of these.
"""

from typing import Final

from undersigned.verify.scratch import Index, Scratch, Table
from undersigned.verify.signatures import Signature, Signatures

_NONE: Final = bytes(33)
_LEAF: Final = slice(0, 8)


class Shown:
    """The names that were public when this was made, and those that came after."""

    __slots__ = ("_first", "_later", "_leaves")

    def __init__(self, signatures: Signatures, scratch: Scratch) -> None:
        self._first = Table(scratch, len(_NONE))
        self._later = Table(scratch, 8 + 32)
        self._leaves = Index(lambda number: self._later.read_part(number, _LEAF))
        for digest in signatures.listed():
            self._first.append(_NONE if digest is None else b"\1" + digest)

    def add(self, leaf: int, digest: bytes) -> None:
        """Note that a name, of this hash, became public at a leaf."""
        at = leaf.to_bytes(8, "big")
        self._leaves.put(at, self._later.append(at + digest))

    def find_first(self, number: int) -> bytes | None:
        """Return the hash of the name that the signature of a number showed at first."""
        if number >= len(self._first):
            return None
        row = self._first.read(number)
        return row[1:] if row[0] else None

    def find_all(self, signature: Signature) -> set[bytes]:
        """Return the hashes of all names that a signature may have shown, the last one included."""
        found = self._leaves.find(signature.leaf.to_bytes(8, "big"))
        hashes = {self._later.read(number)[8:] for number in found}
        for digest in (self.find_first(signature.number), signature.listed):
            if digest is not None:
                hashes.add(digest)
        return hashes
