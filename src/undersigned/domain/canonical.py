"""What every format of the domain shares: canonical JSON (RFC 8785), SHA-256, and strict strings.

`docs/formats.md`, "Conventions": integers from 0 to 2^53-1, NFC strings without control characters.
"""

import hashlib
import threading
import unicodedata
from collections.abc import Iterable
from typing import Annotated, Any, NewType, TypeVar

import msgspec
import rfc8785

from undersigned.errors import FormatError

LetterId = NewType("LetterId", bytes)

GREATEST = 2**53 - 1  # the greatest integer that every reader of JSON holds exactly
LONGEST_DOCUMENT = 262_144  # bytes; formats.md §3: a document is served whole, from memory
LONGEST_PDF = 32 * 1024 * 1024  # bytes of a letter with all its names, as it was released; §3

Natural = Annotated[int, msgspec.Meta(ge=0, le=GREATEST)]
Positive = Annotated[int, msgspec.Meta(ge=1, le=GREATEST)]
DemandId = Annotated[str, msgspec.Meta(pattern=r"^[a-z0-9-]{1,32}\Z")]

T = TypeVar("T")

_PREPARED: set[type] = set()
_PREPARING = threading.Lock()


def hash_bytes(data: bytes) -> bytes:
    """Return H(data): SHA-256, 32 bytes."""
    return hashlib.sha256(data).digest()


def format_canonical(value: Any) -> bytes:
    """Write plain JSON values canonically (RFC 8785). Raises FormatError for what JSON cannot hold."""
    try:
        return rfc8785.dumps(value)
    except (rfc8785.CanonicalizationError, UnicodeEncodeError):
        raise FormatError("a value cannot be written as canonical JSON") from None


def decode_json(decoder: "msgspec.json.Decoder[T]", data: bytes, what: str) -> T:
    """Read JSON into the decoder's type. Raises FormatError, naming the member that is wrong.

    RecursionError is what the decoder raises for thousands of nested brackets.
    """
    try:
        return decoder.decode(data)
    except msgspec.MsgspecError as error:
        raise FormatError(f"{what}: {_sentence(error)}") from None
    except (UnicodeDecodeError, RecursionError):
        raise FormatError(f"{what}: not JSON") from None


def convert_json(value: object, kind: type[T], what: str) -> T:
    """Turn plain JSON values into `kind`. Raises FormatError, naming the member that is wrong."""
    _prepare(kind)
    try:
        return msgspec.convert(value, kind)
    except msgspec.MsgspecError as error:
        raise FormatError(f"{what}: {_sentence(error)}") from None


def _prepare(kind: type) -> None:
    """Let the library look at a type, one thread at a time.

    It does so at the first use and keeps what it finds; where two threads were first together, the
    process ended in a fault (msgspec 0.22). A decoder that a module makes has looked when it is loaded.
    """
    if kind not in _PREPARED:
        with _PREPARING:
            msgspec.json.Decoder(kind)
            _PREPARED.add(kind)


def _sentence(error: msgspec.MsgspecError) -> str:
    """Keep what the decoder says about the form, without the value that it may quote."""
    text = str(error)
    if text.startswith("Invalid") and "'" in text:
        return "Invalid value" + text[text.rindex("'") + 1 :]
    return text[:200]


def check_string(
    text: str, member: str, *, longest: int | None = None, lines: bool = False
) -> None:
    """Check that a string is NFC, without control characters, of at most `longest` characters.

    A character is a Unicode code point. `lines` allows line feeds. Raises FormatError.
    """
    if longest is not None and len(text) > longest:
        raise FormatError(f"{member}: longer than {longest} characters")
    if not text.isascii() and not unicodedata.is_normalized("NFC", text):
        raise FormatError(f"{member}: not in Unicode NFC")
    if text.isprintable():
        return
    for character in text:
        if unicodedata.category(character) in {"Cc", "Cs"} and not (lines and character == "\n"):
            raise FormatError(f"{member}: holds a control character")


def check_range(value: int, member: str, least: int, greatest: int) -> None:
    """Check that `least` ≤ value ≤ `greatest`. Raises FormatError."""
    if not least <= value <= greatest:
        raise FormatError(f"{member}: must be from {least} to {greatest}")


def check_size(data: bytes | None, member: str, size: int) -> None:
    """Check that bytes, if there are any, are `size` many. Raises FormatError."""
    if data is not None and len(data) != size:
        raise FormatError(f"{member}: must be {size} bytes")


def check_unique(values: Iterable[object], member: str) -> None:
    """Check that no value comes twice. Raises FormatError."""
    seen = list(values)
    if len(set(seen)) != len(seen):
        raise FormatError(f"{member}: the same value twice")
