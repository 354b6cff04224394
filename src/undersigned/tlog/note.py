"""Signed notes: a text and the signatures under it (c2sp.org/signed-note@v1.0.0).

A note is its text, a blank line, and lines `— <name> <base64(key ID ‖ signature)>`. The text is
worth nothing before `verify_note` has returned.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from undersigned.crypto.note_key import COSIGNATURE, KEY_ID_SIZE, NoteKey, check_name
from undersigned.encoding import format_base64, parse_base64
from undersigned.errors import FormatError, VerificationError
from undersigned.tlog.cosignature import verify_cosignature

MAX_NOTE_SIZE: Final = 128 * 1024
"""Largest note in bytes. Verifiers must take 16 signatures of nearly 5 kB each, which is 107 kB in
base64 (signed-note, "Format"); the texts of this project are under 500 bytes."""
MAX_SIGNATURES: Final = 100
"""Most signatures under one note: a log's own and as many witnesses as anyone will ever name, and
few enough that a hostile note costs some milliseconds."""

_DASH: Final = "— "


@dataclass(frozen=True, slots=True)
class NoteSignature:
    """One signature line: the key's name, its 4-byte ID, and the bytes of the signature."""

    name: str
    key_id: bytes
    signature: bytes


@dataclass(frozen=True, slots=True)
class SignedNote:
    """A note, not verified: its text with the final LF, and its signatures in their order."""

    text: str
    signatures: tuple[NoteSignature, ...]


def parse_note(data: bytes) -> SignedNote:
    """Parse a note, splitting it at its last blank line (signed-note, "Format").

    Raises FormatError. Duplicate signatures are kept; each will have to hold.
    """
    if len(data) > MAX_NOTE_SIZE:
        raise FormatError("The note is too large.")
    text, blank, signatures = _decode(data).rpartition("\n\n")
    if not blank:
        raise FormatError("The note has no blank line before its signatures.")
    return SignedNote(text + "\n", _parse_signatures(signatures))


def format_note(note: SignedNote) -> bytes:
    """Write a note, as the bytes that `parse_note` takes.

    Raises FormatError if its text or a signature cannot stand in a note.
    """
    lines = "".join(_format_signature(signature) for signature in note.signatures)
    data = f"{note.text}\n{lines}".encode("utf-8", "surrogatepass")
    if parse_note(data) != note:  # such as a name that would begin a second line
        raise FormatError("The note cannot be written as it is.")
    return data


def parse_signatures(data: bytes) -> tuple[NoteSignature, ...]:
    """Parse one or more signature lines alone, as a witness answers them (tlog-witness).

    Raises FormatError.
    """
    if len(data) > MAX_NOTE_SIZE:
        raise FormatError("The signature lines are too large.")
    return _parse_signatures(_decode(data))


def format_signatures(signatures: Iterable[NoteSignature]) -> bytes:
    """Write signature lines alone, as the bytes that `parse_signatures` takes."""
    return "".join(_format_signature(signature) for signature in signatures).encode()


def verify_note(note: SignedNote, keys: Iterable[NoteKey]) -> tuple[NoteKey, ...]:
    """Verify every signature by a known key; return the known keys that signed, in the keys' order.

    signed-note, "Signatures": a key is known by its name and ID together; a signature of a known
    key that does not hold rejects the whole note; those of unknown keys are ignored; at least one
    must be known. A key of kind COSIGNATURE is held to a cosignature over the text
    (tlog-cosignature). Raises VerificationError.
    """
    known = _by_name_and_id(keys)
    signed: set[tuple[str, bytes]] = set()
    for signature in note.signatures:
        identity = (signature.name, signature.key_id)
        key = known.get(identity)
        if key is not None:
            _verify_signature(key, note.text, signature.signature)
            signed.add(identity)
    if not signed:
        raise VerificationError("No known key has signed the note.")
    return tuple(key for identity, key in known.items() if identity in signed)


def _by_name_and_id(keys: Iterable[NoteKey]) -> dict[tuple[str, bytes], NoteKey]:
    known: dict[tuple[str, bytes], NoteKey] = {}
    for key in keys:
        # A key ID has 32 bits: a second key that shares it would be a way around the first.
        if known.setdefault((key.name, key.key_id), key) != key:
            raise VerificationError("Two known keys share their name and ID.")
    return known


def _verify_signature(key: NoteKey, text: str, signature: bytes) -> None:
    try:
        if key.kind == COSIGNATURE:
            verify_cosignature(key, text, signature)
        else:
            key.verify(text.encode(), signature)
    except FormatError as error:
        # Inside a well-formed note this is a known key's signature that does not hold.
        raise VerificationError(error.detail) from None


def _decode(data: bytes) -> str:
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        raise FormatError("The note is not UTF-8.") from None
    if any(sign < " " and sign != "\n" for sign in text):
        raise FormatError("The note has a control character other than newline.")
    return text


def _parse_signatures(text: str) -> tuple[NoteSignature, ...]:
    if not text.endswith("\n"):
        raise FormatError("The last signature line is missing or does not end in a newline.")
    lines = text[:-1].split("\n")
    if len(lines) > MAX_SIGNATURES:
        raise FormatError("There are too many signatures.")
    return tuple(_parse_signature(line) for line in lines)


def _parse_signature(line: str) -> NoteSignature:
    name, space, encoded = line.removeprefix(_DASH).partition(" ")
    if not (line.startswith(_DASH) and space):
        raise FormatError("A signature line has the form — name signature.")
    check_name(name)
    blob = parse_base64(encoded)
    if len(blob) <= KEY_ID_SIZE:
        raise FormatError("A signature line holds no signature.")
    return NoteSignature(name, blob[:KEY_ID_SIZE], blob[KEY_ID_SIZE:])


def _format_signature(signature: NoteSignature) -> str:
    blob = format_base64(signature.key_id + signature.signature)
    return f"{_DASH}{signature.name} {blob}\n"
