"""A log that grows and is signed, for the tests of witnesses."""

from hashlib import sha256

from undersigned.crypto.keys import NoteSigner
from undersigned.crypto.note_key import format_vkey
from undersigned.tlog.add_checkpoint import AddCheckpoint, format_add_checkpoint
from undersigned.tlog.checkpoint import Checkpoint, format_checkpoint_body
from undersigned.tlog.merkle import consistency_proof, leaf_hash, node_hash, tree_root

ORIGIN = "log.example/log"


class GrowingLog:
    """A log of numbered leaves; `fork` gives its leaves other contents from some index on."""

    def __init__(self, origin: str = ORIGIN, seed: int = 1, fork: int | None = None) -> None:
        self.signer = NoteSigner(origin, bytes([seed]) * 32)
        self.origin = origin
        self.fork = fork

    @property
    def vkey(self) -> str:
        """The log's key."""
        return format_vkey(self.signer.verifier)

    def _node(self, level: int, index: int) -> bytes:
        if level == 0:
            changed = self.fork is not None and index >= self.fork
            return leaf_hash(b"%d %d" % (index, changed))
        return node_hash(self._node(level - 1, 2 * index), self._node(level - 1, 2 * index + 1))

    def root(self, size: int) -> bytes:
        """Return the root of the tree of so many leaves."""
        return tree_root(size, self._node)

    def checkpoint(self, size: int, *, extension: str = "", root: bytes | None = None) -> bytes:
        """Return the signed checkpoint of the tree of so many leaves."""
        head = Checkpoint(self.origin, size, self.root(size) if root is None else root)
        body = (format_checkpoint_body(head) + extension).encode()
        return body + b"\n" + self.signer.sign(body)

    def proof(self, old: int, new: int) -> tuple[bytes, ...]:
        """Return the consistency proof."""
        return consistency_proof(old, new, self._node)

    def request(self, old: int, new: int) -> bytes:
        """Return the body of an honest request."""
        return format_add_checkpoint(AddCheckpoint(old, self.proof(old, new), self.checkpoint(new)))

    @property
    def hash(self) -> str:
        """The hash of the origin, as a witness's monitoring prefix has it."""
        return sha256(self.origin.encode()).hexdigest()
