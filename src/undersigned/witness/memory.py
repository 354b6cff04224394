"""A witness's folder: its key, the logs that it knows, and the last checkpoint of each that it cosigned.

DIR/cosigning.key   mode 0600                   DIR/logs     one vkey a line, by hand or by `trust`
DIR/memory.json     what it must not forget     DIR/.lock    held by the one process that serves it

A witness that has forgotten would cosign a second history. Its memory is therefore on disk before a
cosignature leaves the house, is verified when it is read (every checkpoint in it bears the witness's own
cosignature), and a folder without it is refused.
"""

import fcntl
import json
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Final, Literal

import msgspec

from undersigned.crypto.keys import CosignatureSigner
from undersigned.crypto.note_key import ED25519, NoteKey, format_vkey, parse_vkey
from undersigned.errors import FormatError, StoreError, VerificationError
from undersigned.files import replace_file
from undersigned.tlog.checkpoint import parse_any_checkpoint_body
from undersigned.tlog.note import MAX_NOTE_SIZE, parse_note, verify_note

MAX_LOGS: Final = 1_000
"""Logs of one witness: its memory is written anew, as a whole, for each checkpoint."""
MAX_LOGS_BYTES: Final = 1024 * 1024
MAX_MEMORY_BYTES: Final = 2 * MAX_LOGS * MAX_NOTE_SIZE

_KIND: Final = "undersigned-witness-memory"


class _Wire(msgspec.Struct, forbid_unknown_fields=True):
    v: Literal[1]
    kind: Literal["undersigned-witness-memory"]
    vkey: str
    checkpoints: Annotated[list[str], msgspec.Meta(max_length=2 * MAX_LOGS)]


# --- the key


def make_witness(folder: Path, name: str) -> NoteKey:
    """Make a witness in a new or empty folder; return its public key. Raises StoreError, FormatError."""
    signer = CosignatureSigner.generate(name)
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(f"{folder} cannot be written: {error.strerror}") from None
    if any(folder.iterdir()):
        raise StoreError(f"{folder} is not empty; a witness begins in a folder of its own")
    # The memory first: a crash must not leave a key that could be served without one.
    save_memory(folder, signer.verifier, [])
    replace_file(folder / "logs", b"# one verifier key a line: the logs that this witness knows\n")
    signer.save(folder / "cosigning.key")
    return signer.verifier


def load_key(folder: Path) -> CosignatureSigner:
    """Read the witness's key. Raises StoreError, FormatError."""
    if not (folder / "cosigning.key").exists():
        error = StoreError(f"{folder} holds no witness")
        error.add_note(f"undersigned witness new {folder} --name HOST/NAME makes one")
        raise error
    return CosignatureSigner.load(folder / "cosigning.key")


@contextmanager
def only_one(folder: Path) -> Iterator[None]:
    """Keep other processes from serving this folder. Raises StoreError if one does, or if it has none."""
    load_key(folder)
    try:
        descriptor = os.open(folder / ".lock", os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise StoreError(f"{folder} cannot be written: {error.strerror}") from None
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            refusal = StoreError("another process serves this witness")
            refusal.add_note("two with one memory could cosign two histories: stop the other first")
            raise refusal from None
        yield
    finally:
        os.close(descriptor)


# --- the logs that it knows


def read_logs(folder: Path) -> dict[str, tuple[NoteKey, ...]]:
    """Return the keys of every known log by its origin. Raises StoreError, FormatError."""
    keys: dict[str, tuple[NoteKey, ...]] = {}
    for key in _parse_logs(_read(folder / "logs", MAX_LOGS_BYTES)):
        keys[key.name] = (*keys.get(key.name, ()), key)
    return keys


def trust_log(folder: Path, vkey: str) -> NoteKey:
    """Add a log by its vkey; return its key. Raises FormatError, StoreError if it is known already."""
    key = _log_key(vkey)
    load_key(folder)
    data = _read(folder / "logs", MAX_LOGS_BYTES)
    if key in _parse_logs(data):
        raise StoreError(f"the log {key.name} is known already, with this key")
    lines = data if not data or data.endswith(b"\n") else data + b"\n"
    fresh = lines + f"{format_vkey(key)}\n".encode()
    _parse_logs(fresh)
    replace_file(folder / "logs", fresh)
    return key


def _parse_logs(data: bytes) -> list[NoteKey]:
    keys: list[NoteKey] = []
    try:
        lines = data.decode("utf-8").split("\n")
    except UnicodeDecodeError:
        raise FormatError("the list of logs is not UTF-8") from None
    for number, line in enumerate(map(str.strip, lines), 1):
        if not line or line.startswith("#"):
            continue
        try:
            keys.append(_log_key(line))
        except FormatError as error:
            raise FormatError(f"line {number} of the list of logs: {error.detail}") from None
    if len(keys) > MAX_LOGS:
        raise FormatError(f"there are more than {MAX_LOGS} logs")
    return keys


def _log_key(vkey: str) -> NoteKey:
    key = parse_vkey(vkey)
    if key.kind != ED25519:
        raise FormatError("the key is a witness's and not a log's")
    return key


# --- the memory


def save_memory(folder: Path, key: NoteKey, notes: Iterable[bytes]) -> None:
    """Write the last checkpoints of all logs; they are on disk when this returns. Raises StoreError."""
    members = {
        "v": 1,
        "kind": _KIND,
        "vkey": format_vkey(key),
        "checkpoints": [note.decode() for note in notes],
    }
    text = json.dumps(members, ensure_ascii=False, indent=1) + "\n"
    replace_file(folder / "memory.json", text.encode())


def load_memory(folder: Path, key: NoteKey) -> dict[str, bytes]:
    """Return the last checkpoint (a signed note) that was cosigned for each origin.

    Raises StoreError if the memory is gone, damaged or another witness's.
    """
    path = folder / "memory.json"
    if not path.exists():
        raise _forgotten(f"{path} is missing: the witness has forgotten what it cosigned")
    try:
        wire = msgspec.json.decode(_read(path, MAX_MEMORY_BYTES), type=_Wire)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError, FormatError):
        raise _forgotten(f"{path} is damaged: it cannot be read as a witness's memory") from None
    if wire.vkey != format_vkey(key):
        raise _forgotten(f"{path} is the memory of another witness than cosigning.key")
    notes: dict[str, bytes] = {}
    for text in wire.checkpoints:
        try:
            origin = _verified_origin(text, key)
        except (FormatError, VerificationError):
            raise _forgotten(
                f"{path} is damaged: it holds a checkpoint that this witness did not cosign"
            ) from None
        if origin in notes:
            raise _forgotten(f"{path} is damaged: it holds two checkpoints of one log")
        notes[origin] = text.encode()
    return notes


def _verified_origin(text: str, key: NoteKey) -> str:
    note = parse_note(text.encode("utf-8", "surrogatepass"))
    verify_note(note, (key,))
    return parse_any_checkpoint_body(note.text).origin


def _forgotten(sentence: str) -> StoreError:
    error = StoreError(sentence)
    error.add_note(
        "put back the file as it was last; if that cannot be, this key must not cosign any more:"
        " make a new witness, and tell the logs its key"
    )
    return error


def _read(path: Path, longest: int) -> bytes:
    try:
        with path.open("rb") as file:
            data = file.read(longest + 1)
    except OSError as error:
        raise StoreError(f"{path} cannot be read: {error.strerror}") from None
    if len(data) > longest:
        raise FormatError(f"{path} is longer than {longest} bytes")
    return data
