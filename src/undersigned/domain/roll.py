"""The roll: addresses, invite codes, commitments to members, and the organiser's CSV; §4.

No error here quotes an address, a name or a code: it says which column, and which line, is wrong.
"""

import csv
import io
import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from undersigned.domain.canonical import check_size, check_string, hash_bytes
from undersigned.errors import FormatError, RollRefused

LONGEST_ADDRESS = 254  # characters; RFC 5321 §4.5.3.1.3, without the angle brackets
LONGEST_NAME = 100  # characters, also of a role; §6
LONGEST_WRITING = 64  # characters in which somebody may write a code of 16
MOST_ENTRIES = 200_000
LONGEST_ROLL = 64_000_000  # bytes: MOST_ENTRIES of 300 bytes, read at once

INVITE_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
INVITE_CHARACTERS = 16  # 80 bits
_CODE = re.compile(f"[{INVITE_ALPHABET}]{{{INVITE_CHARACTERS}}}")
_FORGIVEN = str.maketrans("abcdefghijklmnopqrstuvwxyzOIL", "ABCDEFGH1JK1MN0PQRSTUVWXYZ011")


# --- addresses


def parse_address(text: str) -> str:
    """Read an address that is canonical (§4). Raises FormatError."""
    if len(text) > LONGEST_ADDRESS:
        raise FormatError(f"address: longer than {LONGEST_ADDRESS} characters")
    check_string(text, "address")
    if text != text.lower():
        raise FormatError("address: not in lower case")
    local, at, domain = text.partition("@")
    if not at or "@" in domain:
        raise FormatError("address: must have one @")
    if not local or any(character.isspace() for character in local):
        raise FormatError(
            "address: what stands before the @ must not be empty, or hold white space"
        )
    labels = domain.split(".")
    if len(labels) < 2 or not all(_is_label(label) for label in labels):
        raise FormatError("address: what stands after the @ is not a domain")
    return text


def _is_label(label: str) -> bool:
    return bool(label) and all(
        character == "-" or character.isalpha() or character.isdecimal() for character in label
    )


def canonical_address(text: str) -> str:
    """Bring an address as people write it into canonical form. Raises FormatError."""
    if len(text) > 2 * LONGEST_ADDRESS:
        raise FormatError(f"address: longer than {LONGEST_ADDRESS} characters")
    lowered = unicodedata.normalize("NFC", text).strip().lower()
    return parse_address(unicodedata.normalize("NFC", lowered))


# --- invite codes


def parse_invite_code(text: str) -> str:
    """Read an invite code as people write it; returns its 16 characters. Raises FormatError."""
    if len(text) > LONGEST_WRITING:
        raise FormatError("invite code: too long")
    code = "".join(text.replace("-", " ").split()).translate(_FORGIVEN)
    if not _CODE.fullmatch(code):
        raise FormatError("invite code: must be 16 letters and digits")
    return code


def format_invite_code(code: str) -> str:
    """Write an invite code in groups of four."""
    return "-".join(code[i : i + 4] for i in range(0, len(code), 4))


# --- commitments


def member_of_email(address: str) -> bytes:
    """Return the member that a canonical address stands for. Raises FormatError."""
    return b"email:" + parse_address(address).encode()


def member_of_invite(code: str) -> bytes:
    """Return the member that an invite code (16 characters) stands for. Raises FormatError."""
    if not _CODE.fullmatch(code):
        raise FormatError("invite code: must be 16 letters and digits")
    return b"invite:" + hash_bytes(code.encode())


def member_commit(salt: bytes, member: bytes) -> bytes:
    """Return H(salt ‖ member), 32 bytes. Raises FormatError unless the salt is 16 bytes."""
    check_size(salt, "salt", 16)
    return hash_bytes(salt + member)


def roll_hash(commits: Iterable[bytes]) -> bytes:
    """Return H over the member_commits in ascending order, 32 bytes."""
    return hash_bytes(b"".join(sorted(commits)))


# --- the organiser's file


@dataclass(frozen=True, slots=True)
class RollEntry:
    """One member as the organiser lists them: canonical address, name, role."""

    address: str
    name: str
    role: str | None


def parse_roll_csv(data: bytes, *, limit: int = MOST_ENTRIES) -> tuple[RollEntry, ...]:
    """Read a roll: UTF-8 CSV with the columns email, name and perhaps role, in any order.

    Comma or semicolon, as the header has it. Raises RollRefused with every bad row; nothing is taken
    then.
    """
    lines = _read_rows(_decode_roll(data))
    try:
        line, header = next(lines)
    except StopIteration:
        raise _refused(1, "the file is empty") from None
    columns = _read_header(line, header)
    roll = _Roll(columns)
    for number, (line, row) in enumerate(lines, 1):
        if number > limit:
            roll.bad.append(RollRefused.Row(line, f"more than {limit} rows"))
            break
        roll.take(line, row)
    if not roll.bad and not roll.entries:
        raise _refused(line, "there is no row below the header")
    if roll.bad:
        raise RollRefused(roll.bad)
    return tuple(roll.entries)


def _refused(line: int, reason: str) -> RollRefused:
    return RollRefused([RollRefused.Row(line, reason)])


def _decode_roll(data: bytes) -> str:
    if len(data) > LONGEST_ROLL:
        raise _refused(1, f"the file is longer than {LONGEST_ROLL} bytes")
    if (nul := data.find(b"\0")) >= 0:
        raise _refused(data.count(b"\n", 0, nul) + 1, "a NUL byte: the file is not UTF-8 text")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise _refused(data.count(b"\n", 0, error.start) + 1, "not UTF-8") from None


def _read_rows(text: str) -> Iterator[tuple[int, list[str] | None]]:
    """Give each row that is not blank with the line it begins in; None for one with stray quotes."""
    first = text.lstrip().partition("\n")[0]
    delimiter = ";" if ";" in first and "," not in first else ","
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    while True:
        line = reader.line_num + 1
        try:
            row = next(reader)
        except StopIteration:
            return
        except csv.Error:
            yield line, None
            continue
        if row:
            yield line, row


def _read_header(line: int, header: list[str] | None) -> list[str]:
    columns = [column.strip().casefold() for column in header or ()]
    if sorted(columns) not in (["email", "name"], ["email", "name", "role"]):
        raise _refused(line, "the header must be email, name and perhaps role, each once")
    return columns


class _Roll:
    """The entries read so far, and the rows that are bad."""

    def __init__(self, columns: list[str]) -> None:
        self.columns = columns
        self.entries: list[RollEntry] = []
        self.bad: list[RollRefused.Row] = []
        self._line_of: dict[str, int] = {}

    def take(self, line: int, row: list[str] | None) -> None:
        """Take one row, or note everything that is wrong with it."""
        if row is None:
            self._refuse(line, "quotation marks do not match")
        elif len(row) != len(self.columns):
            self._refuse(line, f"has {len(row)} columns, the header has {len(self.columns)}")
        else:
            self._take_fields(line, dict(zip(self.columns, row, strict=True)))

    def _take_fields(self, line: int, fields: dict[str, str]) -> None:
        reasons: list[str] = []
        address = self._read_address(line, fields["email"], reasons)
        name = _read_words(fields["name"], "name", reasons)
        if not name:
            reasons.append("name: empty")
        role = _read_words(fields.get("role", ""), "role", reasons) or None
        if reasons:
            self._refuse(line, "; ".join(reasons))
        else:
            self.entries.append(RollEntry(address, name, role))

    def _read_address(self, line: int, text: str, reasons: list[str]) -> str:
        try:
            address = canonical_address(text)
        except FormatError as error:
            reasons.append("email: " + error.detail.removeprefix("address: "))
            return ""
        first = self._line_of.setdefault(address, line)
        if first != line:
            reasons.append(f"email: the same as in line {first}")
        return address

    def _refuse(self, line: int, reason: str) -> None:
        self.bad.append(RollRefused.Row(line, reason))


def _read_words(text: str, column: str, reasons: list[str]) -> str:
    words = unicodedata.normalize("NFC", text).strip()
    try:
        check_string(words, column, longest=LONGEST_NAME)
    except FormatError as error:
        reasons.append(error.detail)
    return words
