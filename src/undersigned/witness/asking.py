"""Asking a witness to cosign a checkpoint (c2sp.org/tlog-witness), as the log that made it.

1. The checkpoint is sent with a proof from the size that the witness is believed to have. 2. A 409 says
which size it has, and the proof is made from there. 3. A cosignature is verified before it is used.

What a witness says to the log's disadvantage is believed only if the log's own signature is under it: a
witness that claims to be ahead, or to have seen another history, is asked for the checkpoint that it has.
Whatever it does, it has an end after `TIMEOUT_S`.
"""

import time
from collections.abc import Iterator
from hashlib import sha256
from typing import Final, NamedTuple

import httpx2

from undersigned.errors import FormatError, LogForked, VerificationError, WitnessAhead
from undersigned.tlog.add_checkpoint import AddCheckpoint, format_add_checkpoint, parse_size
from undersigned.tlog.checkpoint import parse_checkpoint
from undersigned.tlog.cosignature import verify_cosignature
from undersigned.tlog.note import MAX_NOTE_SIZE, NoteSignature, parse_note, parse_signatures
from undersigned.tlog.policy import PolicyWitness, printable
from undersigned.witness.tree import Tree

TIMEOUT_S: Final = 5.0
"""Seconds for all that is asked of one witness at one time; one across the world answers in one."""
MOST_CONFLICTS: Final = 3
"""409 in a row: another process may ask for the same log at the same time, but not for ever."""


class Cosigned(NamedTuple):
    """A witness's signature line for a tree, and its time (UTC seconds); both are verified."""

    signature: NoteSignature
    time: int


class Unwilling(Exception):
    """A witness has not cosigned. `problem` is for the log's operator; `is_ahead`: it claims to be."""

    def __init__(self, problem: str, *, is_ahead: bool = False) -> None:
        super().__init__(problem)
        self.problem = problem
        self.is_ahead = is_ahead


class _Reply(NamedTuple):
    status: int
    body: bytes


class WitnessClient:
    """Asks one witness, which it has a URL for, and remembers the size that it had last."""

    def __init__(self, witness: PolicyWitness, client: httpx2.Client) -> None:
        if witness.url is None or not witness.url.startswith(("https://", "http://")):
            raise FormatError(
                f"the witness {printable(witness.name)} has no address in the policy: its line ends "
                "in https:// and where it answers"
            )
        self.witness = witness
        self._prefix = witness.url.rstrip("/")
        self._client = client
        self._size = 0

    def ask(self, tree: Tree) -> Cosigned:
        """Return the witness's cosignature of a tree.

        Raises Unwilling; WitnessAhead or LogForked if the witness shows that this log's key has signed
        a larger tree, or another one.
        """
        deadline = time.monotonic() + TIMEOUT_S
        for _ in range(MOST_CONFLICTS):
            old_size = min(self._size, tree.checkpoint.size)
            request = AddCheckpoint(old_size, tree.prove(old_size), tree.note)
            reply = self._send(
                "POST", "/add-checkpoint", deadline, content=format_add_checkpoint(request)
            )
            match reply.status:
                case 200:
                    cosigned = self._read(reply.body, tree)
                    self._size = tree.checkpoint.size
                    return cosigned
                case 409:
                    self._size = self._conflict(reply.body, tree, deadline)
                case 422:
                    self._check_not_forked(tree, deadline)
                    raise Unwilling("it says that the proof does not hold (422)")
                case status:
                    raise Unwilling(_REFUSALS.get(status, f"it answers {status}"))
        raise Unwilling("it states another size each time (409)")

    def _conflict(self, body: bytes, tree: Tree, deadline: float) -> int:
        """Return the size that the witness has, if this log can prove something from there."""
        try:
            size = parse_size(body)
        except FormatError:
            raise Unwilling("it answers 409 without a size") from None
        if size > tree.checkpoint.size:
            self._check_not_forked(tree, deadline)
            raise Unwilling(
                f"it claims to have cosigned {size} records, of {tree.checkpoint.size}, and shows no "
                "checkpoint that says so",
                is_ahead=True,
            )
        return size

    def _read(self, body: bytes, tree: Tree) -> Cosigned:
        """Find the witness's own signature; those of keys that nobody knows are left out."""
        key = self.witness.key
        text = parse_note(tree.note).text
        try:
            for signature in parse_signatures(body):
                if (signature.name, signature.key_id) == (key.name, key.key_id):
                    return Cosigned(signature, verify_cosignature(key, text, signature.signature))
        except (FormatError, VerificationError) as error:
            raise Unwilling(f"its cosignature does not hold: {error.detail}") from None
        raise Unwilling("its answer holds no cosignature by its key")

    def _check_not_forked(self, tree: Tree, deadline: float) -> None:
        """Compare the checkpoint that the witness has. Raises WitnessAhead, LogForked if it is real."""
        origin_hash = sha256(tree.checkpoint.origin.encode()).hexdigest()
        reply = self._send("GET", f"/{origin_hash}/checkpoint", deadline)
        if reply.status != 200:
            return
        try:
            seen = parse_checkpoint(reply.body, tree.key)
        except (FormatError, VerificationError):
            return
        name = printable(self.witness.name)
        if seen.size > tree.checkpoint.size:
            raise WitnessAhead(
                f"the witness {name} has a checkpoint with {seen.size} records that this log's key"
                f" signed, and this database has {tree.checkpoint.size}: it is older, probably a"
                " restored back-up. Going on would tell a second history. Put the newer data folder"
                " back, or bring this one forward from a mirror"
            )
        if tree.root_of(seen.size) != seen.root:
            raise LogForked(
                f"the witness {name} has a checkpoint with {seen.size} records that this log's key"
                " signed and that this database does not continue: another server uses a copy of this"
                " data folder, or one did. Stop all but one, and keep the one that the witnesses know"
            )

    def _send(
        self, method: str, path: str, deadline: float, content: bytes | None = None
    ) -> _Reply:
        try:
            with self._client.stream(
                method,
                self._prefix + path,
                content=content,
                timeout=max(0.1, deadline - time.monotonic()),
            ) as response:
                return _Reply(response.status_code, _read_within(response.iter_bytes(), deadline))
        except httpx2.HTTPError as error:
            raise Unwilling(f"no answer ({type(error).__name__})") from None
        except httpx2.InvalidURL:
            raise Unwilling("its address is none") from None


def _read_within(parts: Iterator[bytes], deadline: float) -> bytes:
    """Read a body that may be endless, or come drop by drop. Raises Unwilling."""
    body = bytearray()
    for part in parts:
        body += part
        if len(body) > MAX_NOTE_SIZE:
            raise Unwilling("its answer is too long")
        if time.monotonic() > deadline:
            raise Unwilling("its answer does not come to an end")
    return bytes(body)


_REFUSALS: Final = {
    403: "it does not know this log's key (403)",
    404: "it does not know this log, or is not at this address (404)",
}
