"""What holds of entries one by one: it can be verified in any process, in any order.

Who vouches has made every check that the replay makes of a record alone, and hands on what the replay needs
of it. Nobody says here what is wrong: what is not vouched for is read and verified again in its place, by the
replay, so that the findings and their order are the same whoever vouched, and if nobody did.
"""

import functools
import struct
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final, NamedTuple

from undersigned.crypto.ed25519 import verify_ed25519
from undersigned.crypto.token import TokenChallenge, TokenVerifier
from undersigned.domain.common_record import CommonIssued, CommonSign, find_common
from undersigned.domain.letter import Letter, LetterId, Mode
from undersigned.domain.record import LetterRecord, SignRecord, parse_record
from undersigned.encoding import format_base64url
from undersigned.errors import FormatError, VerificationError
from undersigned.tlog.merkle import leaf_hash
from undersigned.tlog.tile import (
    ENTRIES,
    FULL_WIDTH,
    MAX_BUNDLE_SIZE,
    TilePath,
    format_tile_path,
    parse_entry_bundle,
)
from undersigned.verify.folder import Folder
from undersigned.verify.signed import OfMany, find_key, verify_record

MOST_LETTERS: Final = 64
"""Letters that a process keeps, parsed; each is at most 48 KiB of a record."""

UNKNOWN, HELD, ISSUED, SIGNED = range(4)
"""What is said of an entry: nothing; that it holds; that it holds, and is an `issued` or a `sign` record."""

LETTER_OPENS: Final = b'{"acks":'
"""Canonical JSON begins with its first member: only a `letter` record has this one."""

_ROW: Final = struct.Struct("<BBQ32s32s")
_HAS_CONDITION, _HAS_NAME = 16, 32
_MODES: Final = tuple(Mode)
_NOTHING: Final = bytes(32)


class Issued(NamedTuple):
    """An `issued` record that holds."""

    letter_id: LetterId
    blinded: bytes
    member: bytes


class Signed(NamedTuple):
    """A `sign` record that holds, and so does its token."""

    letter_id: LetterId
    pk: bytes
    mode: Mode
    condition: int | None
    name: bytes | None


class Seen(NamedTuple):
    """The entries of one bundle: their leaf hashes, one after the other, and for each what is said of it.

    What the replay needs of an `issued` or `sign` record is in `rows`, in their order; the other entries are
    there as they are. `letters` are those that the rows name by number. It is made of bytes, which go
    from process to process at once.
    """

    hashes: bytes
    kinds: bytes
    rows: bytes
    letters: tuple[LetterId, ...]
    others: tuple[bytes, ...]

    def read_rows(self) -> "Rows":
        """Return a reader of the rows."""
        return Rows(self)


class Rows:
    """Reads the rows of a bundle, from the first to the last."""

    __slots__ = ("_letters", "_rows")

    def __init__(self, seen: Seen) -> None:
        self._letters = seen.letters
        self._rows = _ROW.iter_unpack(seen.rows)

    def next_issued(self) -> Issued:
        """Return the next row, which is that of an `issued` record."""
        number, _, _, blinded, member = next(self._rows)
        return Issued(self._letters[number], blinded, member)

    def next_signed(self) -> Signed:
        """Return the next row, which is that of a `sign` record."""
        number, how, condition, pk, name = next(self._rows)
        return Signed(
            self._letters[number],
            pk,
            _MODES[how & 15],
            condition if how & _HAS_CONDITION else None,
            name if how & _HAS_NAME else None,
        )


class Verifier(NamedTuple):
    """A letter, and what verifies its tokens; None: nothing does."""

    letter: Letter
    tokens: TokenVerifier | None


Verifiers = Mapping[bytes, Verifier]
"""By the id of the letter as entries have it, in base64url."""


@functools.lru_cache(MOST_LETTERS)
def verifier_of(entry: bytes, host: str) -> Verifier:
    """Return the verifier of the letter that an entry opens. Raises FormatError."""
    record = parse_record(entry)
    if not isinstance(record, LetterRecord):
        raise FormatError("the entry opens no letter")
    letter = record.letter
    try:
        tokens = TokenVerifier(letter.token_key, TokenChallenge(host, letter.letter_id, host))
    except FormatError:
        tokens = None
    return Verifier(letter, tokens)


def find_letters(entries: Sequence[bytes], host: str) -> dict[bytes, bytes]:
    """Return the entries that open letters, by the id of the letter in base64url."""
    opened = {}
    for entry in entries:
        if entry.startswith(LETTER_OPENS):
            try:
                letter = verifier_of(entry, host).letter
            except FormatError:
                continue
            opened[format_base64url(letter.letter_id).encode()] = entry
    return opened


class Here:
    """Looks at the bundles of a log, one after the other, in the process that replays it."""

    __slots__ = ("_host", "_verifiers")

    def __init__(self, host: str) -> None:
        self._host = host
        self._verifiers: dict[bytes, Verifier] = {}

    def look_at(self, entries: Sequence[bytes]) -> Seen:
        """Look at the entries of the next bundle."""
        for name, entry in find_letters(entries, self._host).items():
            self._verifiers[name] = verifier_of(entry, self._host)
        return look_at(entries, self._verifiers)


def look_at_bundles(
    root: str, host: str, letters: Mapping[bytes, bytes], first: int, widths: Sequence[int]
) -> list[Seen | None]:
    """Look at bundles of a mirror that follow one another; None for one that cannot be read.

    `letters` are the entries that open the letters which these bundles may name, by their ids.
    """
    folder = Folder(Path(root))
    verifiers = {name: verifier_of(entry, host) for name, entry in letters.items()}
    return [_look_at(folder, verifiers, first + i, width) for i, width in enumerate(widths)]


def _look_at(folder: Folder, verifiers: Verifiers, number: int, width: int) -> Seen | None:
    try:
        data = folder.find(bundle_path(number, width), MAX_BUNDLE_SIZE)
        return None if data is None else look_at(parse_entry_bundle(data, width), verifiers)
    except FormatError:
        return None


def bundle_path(number: int, width: int = FULL_WIDTH) -> str:
    """Return where in a mirror a bundle lies."""
    return f"log/{format_tile_path(TilePath(ENTRIES, number, width))}"


def look_at(entries: Sequence[bytes], verifiers: Verifiers) -> Seen:
    """Hash entries, and vouch for those whose form, signature and token hold."""
    kinds, rows, others = bytearray(), list[bytes](), list[bytes]()
    numbers: dict[LetterId, int] = {}
    for entry in entries:
        common = find_common(entry)
        by = None if common is None else verifiers.get(common.letter)
        if common is None or by is None or not _is_common_good(common, by):
            kinds.append(HELD if _is_good(entry, verifiers) else UNKNOWN)
            others.append(entry)
        else:
            number = numbers.setdefault(by.letter.letter_id, len(numbers))
            kinds.append(SIGNED if isinstance(common, CommonSign) else ISSUED)
            rows.append(_format_row(number, common))
    hashes = b"".join([leaf_hash(entry) for entry in entries])
    return Seen(hashes, bytes(kinds), b"".join(rows), tuple(numbers), tuple(others))


def _format_row(number: int, common: CommonIssued | CommonSign) -> bytes:
    if isinstance(common, CommonIssued):
        return _ROW.pack(number, 0, 0, common.blinded, common.member)
    how = _MODES.index(common.mode)
    how |= 0 if common.condition is None else _HAS_CONDITION
    how |= 0 if common.name is None else _HAS_NAME
    return _ROW.pack(number, how, common.condition or 0, common.pk, common.name or _NOTHING)


def _is_common_good(common: CommonIssued | CommonSign, by: Verifier) -> bool:
    try:
        if isinstance(common, CommonIssued):
            verify_ed25519(by.letter.attestation_key, common.message, common.sig)
            return True
        if by.tokens is None:
            return False
        verify_ed25519(common.pk, common.message, common.sig)
        by.tokens.verify(common.token, common.pk)
    except (FormatError, VerificationError):
        return False
    return True


def _is_good(entry: bytes, verifiers: Verifiers) -> bool:
    """Say whether form and signature hold of an entry that was not read by its places."""
    try:
        record = parse_record(entry)
        if not isinstance(record, OfMany) or isinstance(record, SignRecord):
            return False
        by = verifiers.get(format_base64url(record.letter_id).encode())
        if by is None:
            return False
        key = find_key(record, by.letter)
        if key is None:
            return False
        verify_record(record, entry, key)
    except (FormatError, VerificationError):
        return False
    return True
