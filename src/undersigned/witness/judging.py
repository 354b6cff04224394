"""The rules of a witness (c2sp.org/tlog-witness, "add-checkpoint"), in the order in which it has them.

1. The request is well formed (400). 2. The log is known (404). 3. One of its keys has signed the
checkpoint, and no signature of a known key is false (403). 4. The old size is not above the new one (400).
5. It is the one that was cosigned last, or zero (409, with that size). 6. An empty tree has the root of
one; equal sizes have equal roots; else the proof joins the two (422). 7. The checkpoint is on disk, with
the cosignature. A crash before this step leaves the old one, and nobody has a cosignature; after it, the
log asks again from the new size and gets one. 8. The cosignature is answered (200).

Steps 5 to 7 are one: nobody else's request comes in between.
"""

import threading
from collections.abc import Callable
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

import structlog

from undersigned.crypto.keys import CosignatureSigner
from undersigned.crypto.note_key import NoteKey
from undersigned.errors import FormatError, StoreError, VerificationError
from undersigned.files import replace_file
from undersigned.tlog.add_checkpoint import (
    SIZE_MEDIA_TYPE,
    AddCheckpoint,
    parse_add_checkpoint,
)
from undersigned.tlog.checkpoint import Checkpoint, parse_any_checkpoint_body
from undersigned.tlog.cosignature import parse_cosignature
from undersigned.tlog.merkle import EMPTY_ROOT, verify_consistency
from undersigned.tlog.note import (
    SignedNote,
    format_note,
    parse_note,
    parse_signatures,
    verify_note,
)
from undersigned.witness.memory import load_key, load_memory, read_logs, save_memory

MOST_EVIDENCE = 100
"""Files of refused checkpoints that a log did sign: enough to show what it did."""

TEXT = "text/plain; charset=utf-8"

_log = structlog.get_logger("undersigned")


class Answer(NamedTuple):
    """What is answered: an HTTP status, the body, its media type."""

    status: int
    body: bytes
    media_type: str = TEXT


class Witness:
    """A witness, opened from its folder by the one process that holds `memory.only_one`.

    `clock` tells the time in UTC seconds. Raises StoreError, FormatError.
    """

    def __init__(self, folder: Path, clock: Callable[[], int]) -> None:
        self._folder = folder
        self._clock = clock
        self._signer: CosignatureSigner = load_key(folder)
        self._keys = read_logs(folder)
        self._notes = load_memory(folder, self.key)
        # From the comparison with the last checkpoint to its being replaced, on disk.
        self._lock = threading.Lock()

    @property
    def key(self) -> NoteKey:
        """The witness's public key."""
        return self._signer.verifier

    @property
    def origins(self) -> tuple[str, ...]:
        """The logs that it knows."""
        return tuple(self._keys)

    def find_checkpoint(self, origin_hash: str) -> bytes | None:
        """Return the last checkpoint that was cosigned for the log with this hash (hex), if any."""
        for origin, note in self._notes.items():
            if sha256(origin.encode()).hexdigest() == origin_hash:
                return note
        return None

    def add_checkpoint(self, body: bytes) -> Answer:
        """Judge a request. Raises StoreError if it could not be remembered; it is not cosigned then."""
        try:
            request = parse_add_checkpoint(body)  # 1
            note = parse_note(request.checkpoint)
            checkpoint = parse_any_checkpoint_body(note.text)
        except FormatError as error:
            return _refusal(400, error.detail)
        keys = self._keys.get(checkpoint.origin)
        if keys is None:  # 2
            return _refusal(404, "This witness does not know that log.")
        try:
            signed = verify_note(note, keys)  # 3
        except VerificationError as error:
            return _refusal(403, error.detail)
        if request.old_size > checkpoint.size:  # 4
            return _refusal(400, "The old size is larger than that of the checkpoint.")
        with self._lock:
            return self._compare(request, _only(note, signed), checkpoint)

    def _compare(self, request: AddCheckpoint, note: SignedNote, new: Checkpoint) -> Answer:
        last = self._notes.get(new.origin)
        old = None if last is None else parse_any_checkpoint_body(parse_note(last).text)
        old_size = 0 if old is None else old.size
        if request.old_size != old_size:  # 5
            return Answer(409, f"{old_size}\n".encode(), SIZE_MEDIA_TYPE)
        try:
            verify_consistency(  # 6
                old_size, old.root if old else EMPTY_ROOT, new.size, new.root, request.proof
            )
        except VerificationError as error:
            self._keep_evidence(request)
            return _refusal(422, error.detail)
        return self._cosign(note, new.origin, last)

    def _cosign(self, note: SignedNote, origin: str, last: bytes | None) -> Answer:
        # A clock that was put back must not make a newer checkpoint look older.
        time = max(self._clock(), 1, 0 if last is None else self._time_of(last))
        line = self._signer.sign(note.text.encode(), time)
        cosigned = format_note(SignedNote(note.text, (*note.signatures, *parse_signatures(line))))
        notes = self._notes | {origin: cosigned}
        save_memory(self._folder, self.key, notes.values())  # 7
        self._notes = notes
        return Answer(200, line)  # 8

    def _time_of(self, note: bytes) -> int:
        own = (self.key.name, self.key.key_id)
        times = [
            parse_cosignature(signature.signature).time
            for signature in parse_note(note).signatures
            if (signature.name, signature.key_id) == own
        ]
        return max(times, default=0)

    def _keep_evidence(self, request: AddCheckpoint) -> None:
        """Keep what a log did sign and what does not continue its last checkpoint.

        It may show that the log tells two histories, or only that it sent a wrong proof.
        """
        _warn("refused a signed checkpoint that does not continue the last one")
        folder = self._folder / "evidence"
        try:
            folder.mkdir(exist_ok=True)
            if len(list(folder.iterdir())) < MOST_EVIDENCE:
                name = sha256(request.checkpoint).hexdigest()
                replace_file(folder / f"{name}.txt", request.checkpoint)
        except (OSError, StoreError):
            _warn("the refused checkpoint could not be kept")


def _warn(sentence: str) -> None:
    """Log, and go on without it: the disk that is full may be the one that the log is written to."""
    with suppress(OSError, ValueError):
        _log.warning(sentence)


def _refusal(status: int, sentence: str) -> Answer:
    return Answer(status, f"{sentence}\n".encode())


def _only(note: SignedNote, keys: tuple[NoteKey, ...]) -> SignedNote:
    """Return a note with the signatures of these keys alone."""
    known = {(key.name, key.key_id) for key in keys}
    kept = [each for each in note.signatures if (each.name, each.key_id) in known]
    return SignedNote(note.text, tuple(kept))
