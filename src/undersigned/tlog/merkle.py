"""The Merkle tree of RFC 6962 section 2.1 (unchanged in RFC 9162 section 2.1), with SHA-256.

A *complete subtree* is named by (level, index): it covers the 2**level leaves from index * 2**level
on. Level 0 are the leaf hashes. Whatever is asked of a tree here (root, proof) is made of the
hashes of complete subtrees, which a `HashReader` supplies; they never change once the log has grown
past them.

The functions that compute trust their reader and take only sizes and indexes that make sense (else
ValueError: the caller is wrong). The functions that verify trust nothing (VerificationError).
"""

from collections.abc import Callable, Iterator, Sequence
from hashlib import sha256
from typing import Self

from undersigned.errors import VerificationError

HASH_SIZE = 32
EMPTY_ROOT = sha256(b"").digest()
MAX_TREE_SIZE = 2**63 - 1
"""Largest tree, so that sizes and indexes fit a signed 64-bit column."""
MAX_PROOF_HASHES = 63
"""Most hashes in a proof that is taken from outside (tlog-witness). No inclusion proof is longer, and
no consistency proof in a tree of up to 2**62 leaves; none will have more."""

HashReader = Callable[[int, int], bytes]
"""Return the 32-byte hash of the complete subtree (level, index)."""
Node = tuple[int, int, bytes]
"""A complete subtree: level, index, 32-byte hash."""


def leaf_hash(entry: bytes) -> bytes:
    """Return the 32-byte leaf hash SHA-256(00 ‖ entry) (RFC 6962 section 2.1)."""
    return sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return the 32-byte node hash SHA-256(01 ‖ left ‖ right) (RFC 6962 section 2.1)."""
    return sha256(b"\x01" + left + right).digest()


class Frontier:
    """The right edge of a growing tree: what is needed to append leaves and to know the root.

    It holds one hash for each bit that is set in the size: the roots of the complete subtrees that
    make up the tree, from the largest (leftmost) to the smallest. Appending changes it in place; a
    writer that may have to give up appends to a `copy`.
    """

    __slots__ = ("_peaks", "_size")

    def __init__(self, size: int, peaks: Sequence[bytes]) -> None:
        if not 0 <= size <= MAX_TREE_SIZE or len(peaks) != size.bit_count():
            raise ValueError("A frontier has one hash for each bit set in its size.")
        self._size = size
        self._peaks = list(peaks)

    @classmethod
    def empty(cls) -> Self:
        """Return the frontier of the tree without leaves."""
        return cls(0, ())

    @classmethod
    def read(cls, size: int, read: HashReader) -> Self:
        """Return the frontier of the tree of `size` leaves, from its stored hashes."""
        return cls(size, [read(level, index) for level, index in _subtrees(0, size)])

    @property
    def size(self) -> int:
        """The number of leaves."""
        return self._size

    @property
    def peaks(self) -> tuple[bytes, ...]:
        """The roots of the complete subtrees, from the largest to the smallest."""
        return tuple(self._peaks)

    def append(self, leaf: bytes) -> list[Node]:
        """Append a 32-byte leaf hash; return the subtrees that it completes, the leaf itself first.

        Over the life of a tree every complete subtree is returned exactly once, children before
        parents.
        """
        return self.append_subtree(0, leaf)

    def append_subtree(self, level: int, digest: bytes) -> list[Node]:
        """Append 2**level leaves by the hash of their complete subtree; return what that completes.

        As many leaves must be there as fill such subtrees; the new subtree itself is returned first.
        """
        added = 1 << level
        index, rest = divmod(self._size, added)
        if rest:
            raise ValueError("A subtree begins where one of its size ends.")
        completed = [(level, index, digest)]
        peaks = self._peaks
        while index & 1:
            digest = sha256(b"\x01" + peaks.pop() + digest).digest()
            index >>= 1
            level += 1
            completed.append((level, index, digest))
        peaks.append(digest)
        self._size += added
        return completed

    def root(self) -> bytes:
        """Return the 32-byte root hash of the tree (MTH of RFC 6962 section 2.1)."""
        return _fold(self._peaks) if self._peaks else EMPTY_ROOT

    def copy(self) -> "Frontier":
        """Return a frontier of its own with the same content."""
        return Frontier(self._size, self._peaks)


def subtree_root(leaves: Sequence[bytes]) -> bytes:
    """Return the 32-byte root hash of a complete subtree, from the 2**level hashes of its leaves."""
    row = leaves
    while len(row) > 1:
        if len(row) & 1:
            raise ValueError("A complete subtree has a power of two of leaves.")
        row = [
            sha256(b"\x01" + left + right).digest()
            for left, right in zip(row[::2], row[1::2], strict=True)
        ]
    return row[0]


def tree_root(size: int, read: HashReader) -> bytes:
    """Return the 32-byte root hash of the tree of the first `size` leaves."""
    return Frontier.read(size, read).root()


def inclusion_proof(index: int, size: int, read: HashReader) -> tuple[bytes, ...]:
    """Return the audit path of leaf `index` in the tree of `size` leaves.

    From the leaf's sibling up: RFC 6962 section 2.1.1, without its recursion.
    """
    if not 0 <= index < size <= MAX_TREE_SIZE:
        raise ValueError("The leaf must be in the tree.")
    start, end = 0, size
    path: list[bytes] = []
    while end - start > 1:
        middle = _middle(start, end)
        if index < middle:
            path.append(_range_root(middle, end, read))
            end = middle
        else:
            path.append(_range_root(start, middle, read))
            start = middle
    return tuple(reversed(path))


def consistency_proof(old: int, new: int, read: HashReader) -> tuple[bytes, ...]:
    """Return the proof that the tree of `new` leaves begins with the tree of `old` leaves.

    RFC 6962 section 2.1.2, without its recursion. Empty if `old` is 0 or `new`: nothing is to be
    proved.
    """
    if not 0 <= old <= new <= MAX_TREE_SIZE:
        raise ValueError("The old tree must not be larger than the new one.")
    if old == 0:
        return ()
    start, end = 0, new
    path: list[bytes] = []
    while old != end:
        middle = _middle(start, end)
        if old <= middle:
            path.append(_range_root(middle, end, read))
            end = middle
        else:
            path.append(_range_root(start, middle, read))
            start = middle
    if start:
        # The old tree is not one complete subtree whose root the verifier knows already.
        path.append(_range_root(start, end, read))
    return tuple(reversed(path))


def verify_inclusion(
    leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes
) -> None:
    """Verify that the tree of `size` leaves with this root has leaf hash `leaf` at `index`.

    RFC 9162 section 2.1.3.2, with its names. Raises VerificationError.
    """
    if not 0 <= index < size <= MAX_TREE_SIZE:
        raise VerificationError("The leaf index is not in the tree.")
    _verify_sizes(leaf, root, *proof)
    fn, sn, r = index, size - 1, leaf
    for p in proof:
        if sn == 0:
            raise VerificationError("The inclusion proof is too long.")
        if fn & 1 or fn == sn:
            r = node_hash(p, r)
            shift = _trailing_zeros(fn)
            fn, sn = fn >> shift, sn >> shift
        else:
            r = node_hash(r, p)
        fn, sn = fn >> 1, sn >> 1
    if sn != 0 or r != root:
        raise VerificationError("The inclusion proof does not lead to the root.")


def verify_consistency(
    old_size: int, old_root: bytes, new_size: int, new_root: bytes, proof: Sequence[bytes]
) -> None:
    """Verify that the new tree begins with all the leaves of the old one.

    RFC 9162 section 2.1.4.2, with its names; the empty tree is consistent with any, by an empty
    proof (tlog-witness). Raises VerificationError.
    """
    if not 0 <= old_size <= new_size <= MAX_TREE_SIZE:
        raise VerificationError("The new tree is smaller than the old one.")
    _verify_sizes(old_root, new_root, *proof)
    _verify_empty(old_size, old_root)
    _verify_empty(new_size, new_root)
    if old_size == new_size and old_root != new_root:
        raise VerificationError("Two trees of the same size have different roots.")
    if old_size not in (0, new_size):
        _verify_consistency_path(old_size, old_root, new_size, new_root, proof)
    elif proof:
        raise VerificationError("The consistency proof should be empty.")


def _verify_consistency_path(
    old_size: int, old_root: bytes, new_size: int, new_root: bytes, proof: Sequence[bytes]
) -> None:
    if not proof:
        raise VerificationError("The consistency proof is empty.")
    # A first tree whose size is a power of two is itself the first node of the path.
    path = [old_root, *proof] if old_size.bit_count() == 1 else proof
    shift = _trailing_zeros(old_size)
    fn, sn = (old_size - 1) >> shift, (new_size - 1) >> shift
    fr = sr = path[0]
    for c in path[1:]:
        if sn == 0:
            raise VerificationError("The consistency proof is too long.")
        if fn & 1 or fn == sn:
            fr, sr = node_hash(c, fr), node_hash(c, sr)
            shift = _trailing_zeros(fn)
            fn, sn = fn >> shift, sn >> shift
        else:
            sr = node_hash(sr, c)
        fn, sn = fn >> 1, sn >> 1
    if sn != 0 or fr != old_root or sr != new_root:
        raise VerificationError("The consistency proof does not join the two roots.")


def _verify_sizes(*hashes: bytes) -> None:
    if any(len(digest) != HASH_SIZE for digest in hashes):
        raise VerificationError("A hash is not 32 bytes long.")


def _verify_empty(size: int, root: bytes) -> None:
    if size == 0 and root != EMPTY_ROOT:
        raise VerificationError("The root of an empty tree is not SHA-256 of nothing.")


def _trailing_zeros(number: int) -> int:
    """Count the zero bits below the lowest bit set; of 0, which RFC 9162 does not shift, none."""
    return (number & -number).bit_length() - 1 if number else 0


def _middle(start: int, end: int) -> int:
    """Return where RFC 6962 splits: `start` and the largest power of two below the width."""
    return start + (1 << ((end - start - 1).bit_length() - 1))


def _subtrees(start: int, end: int) -> Iterator[tuple[int, int]]:
    """Yield the complete subtrees that make up the leaves from `start` to `end`, largest first.

    `start` is a multiple of every power of two that is not larger than the width.
    """
    while start < end:
        level = (end - start).bit_length() - 1
        yield level, start >> level
        start += 1 << level


def _range_root(start: int, end: int, read: HashReader) -> bytes:
    return _fold([read(level, index) for level, index in _subtrees(start, end)])


def _fold(peaks: Sequence[bytes]) -> bytes:
    root = peaks[-1]
    for peak in reversed(peaks[:-1]):
        root = node_hash(peak, root)
    return root
