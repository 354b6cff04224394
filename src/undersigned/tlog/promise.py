"""Promises: the site will have this leaf in its log by this time (format `undersigned/promise/v1`).

A promise is a signed note by the key `<origin>/promise`. One that has passed its time while no
proof can be had is evidence against the site. Its text is signed: a change of it is a new version.
"""

from dataclasses import dataclass
from typing import Final

from undersigned.crypto.note_key import NoteKey
from undersigned.encoding import format_base64
from undersigned.errors import FormatError
from undersigned.tlog.fields import parse_decimal, parse_hash, parse_lines
from undersigned.tlog.note import parse_note, verify_note

_VERSION: Final = "undersigned/promise/v1"


@dataclass(frozen=True, slots=True)
class Promise:
    """The 32-byte leaf hash that will be in the log, and by when (POSIX seconds, UTC)."""

    leaf_hash: bytes
    by: int


def parse_promise(data: bytes, key: NoteKey) -> Promise:
    """Parse a signed promise and verify that the site with this promise key made it.

    Raises FormatError, VerificationError.
    """
    note = parse_note(data)
    verify_note(note, (key,))
    return parse_promise_text(note.text)


def parse_promise_text(text: str) -> Promise:
    """Parse the text of a promise, verified or not: version, base64 leaf hash, time.

    Raises FormatError.
    """
    version, leaf_hash, by = parse_lines(text, 3)
    if version != _VERSION:
        raise FormatError("The note is not a promise of version 1.")
    return Promise(parse_hash(leaf_hash), parse_decimal(by))


def format_promise_text(promise: Promise) -> str:
    """Write the text that the promise key signs, with its final LF."""
    return f"{_VERSION}\n{format_base64(promise.leaf_hash)}\n{promise.by}\n"
