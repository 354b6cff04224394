"""The roll as an organiser hands it in: a file or a pasted text of rows, UTF-8 CSV; formats §4.

No error here quotes an address or a name: it says which column, and which line, is wrong.
"""

import csv
import io
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, NamedTuple

from undersigned.domain.address import LONGEST_ADDRESS, canonical_address, mailbox_of
from undersigned.domain.canonical import check_string
from undersigned.errors import FormatError, RollRefused

LONGEST_NAME = 100  # characters, also of a role; §6
MOST_ENTRIES = 200_000
LONGEST_ROLL = 64_000_000  # bytes: MOST_ENTRIES of 300 bytes, read at once

ROWS_A_STEP: Final = 500
"""Rows between two calls that say how far the reading is."""


class Flaw(StrEnum):
    """What can be wrong with a roll or a row of it, in words; `{}` stands for a number."""

    EMPTY = "the file is empty"
    TOO_LONG = f"the file is longer than {LONGEST_ROLL} bytes"
    NUL = "a NUL byte: the file is not UTF-8 text"
    NOT_UTF8 = "not UTF-8"
    HEADER = "the header must be email, name and perhaps role, each once"
    NO_ROW = "there is no row below the header"
    TOO_MANY = "more than {} rows"
    QUOTES = "quotation marks do not match"
    COLUMNS = "has {} columns, the header has {}"
    ADDRESS_LONG = f"email: longer than {LONGEST_ADDRESS} characters"
    ADDRESS_CONTROL = "email: holds a control character"
    ADDRESS_AT = "email: must have one @"
    ADDRESS_LOCAL = "email: what stands before the @ must not be empty, or hold white space"
    ADDRESS_PLAIN = (
        "email: what stands before the @ is not plain: letters, digits, some signs, single dots"
    )
    ADDRESS_DOMAIN = "email: what stands after the @ is not a domain"
    SAME = "email: the same as in line {}"
    NAME_EMPTY = "name: empty"
    NAME_LONG = f"name: longer than {LONGEST_NAME} characters"
    NAME_CONTROL = "name: holds a control character"
    ROLE_LONG = f"role: longer than {LONGEST_NAME} characters"
    ROLE_CONTROL = "role: holds a control character"


class Fault(NamedTuple):
    """One thing that is wrong with a row, and the numbers that belong to it."""

    flaw: Flaw
    numbers: tuple[int, ...] = ()

    @property
    def reason(self) -> str:
        """Say it in English."""
        return self.flaw.format(*self.numbers)


class FaultyRow(NamedTuple):
    """A row that cannot be taken: the line that it begins in (the header's is 1), and why."""

    line: int
    faults: tuple[Fault, ...]

    @property
    def reason(self) -> str:
        """Say all of it in English."""
        return "; ".join(fault.reason for fault in self.faults)


@dataclass(frozen=True, slots=True)
class RollEntry:
    """One member as the organiser lists them: canonical address (a mailbox), name, role."""

    address: str
    name: str
    role: str | None


@dataclass(frozen=True, slots=True)
class RollFile:
    """What a file holds: the entries that can be taken, the bad rows, those that name somebody again.

    `refusal` says why it is no file of a roll at all, and where; then it holds nothing else.
    """

    entries: tuple[RollEntry, ...] = ()
    bad: tuple[FaultyRow, ...] = ()
    duplicates: tuple[FaultyRow, ...] = ()
    refusal: FaultyRow | None = None


class _Unreadable(Exception):
    """Ends the reading of what is no file of a roll; it leaves this module as a `refusal`."""

    def __init__(self, line: int, fault: Fault) -> None:
        super().__init__()
        self.row = FaultyRow(line, (fault,))


def _nothing(_: float) -> None:
    """Tell nobody how far it is."""


def read_roll(
    data: bytes, *, limit: int = MOST_ENTRIES, tell: Callable[[float], None] = _nothing
) -> RollFile:
    """Read a roll: UTF-8 CSV with the columns email, name and perhaps role, in any order.

    Comma, semicolon or tab, as the header has it. `tell` is told the part that is read, from 0 to 1.
    What is no such file at all, or has more than `limit` rows, has a `refusal`.
    """
    try:
        return _read(data, limit, tell)
    except _Unreadable as error:
        return RollFile(refusal=error.row)


def _read(data: bytes, limit: int, tell: Callable[[float], None]) -> RollFile:
    text = _decode(data)
    lines = _read_rows(text)
    try:
        line, header, _ = next(lines)
    except StopIteration:
        raise _Unreadable(1, Fault(Flaw.EMPTY)) from None
    roll = _Roll(_read_header(line, header))
    number = 0
    for number, (line, row, place) in enumerate(lines, 1):
        if number > limit:
            raise _Unreadable(line, Fault(Flaw.TOO_MANY, (limit,)))
        roll.take(line, row)
        if number % ROWS_A_STEP == 0:
            tell(place / len(text))
    if not number:
        raise _Unreadable(line, Fault(Flaw.NO_ROW))
    tell(1.0)
    return RollFile(tuple(roll.entries), tuple(roll.bad), tuple(roll.duplicates))


def parse_roll_csv(
    data: bytes, *, limit: int = MOST_ENTRIES, tell: Callable[[float], None] = _nothing
) -> tuple[RollEntry, ...]:
    """Read a roll of which every row can be taken; see `read_roll`. Raises RollRefused with the others."""
    file = read_roll(data, limit=limit, tell=tell)
    wrong = [file.refusal] if file.refusal else [*file.bad, *file.duplicates]
    if wrong:
        raise RollRefused([RollRefused.Row(row.line, row.reason) for row in sorted(wrong)])
    return file.entries


def _decode(data: bytes) -> str:
    if len(data) > LONGEST_ROLL:
        raise _Unreadable(1, Fault(Flaw.TOO_LONG))
    if (nul := data.find(b"\0")) >= 0:
        raise _Unreadable(data.count(b"\n", 0, nul) + 1, Fault(Flaw.NUL))
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise _Unreadable(data.count(b"\n", 0, error.start) + 1, Fault(Flaw.NOT_UTF8)) from None


def _read_rows(text: str) -> Iterator[tuple[int, list[str] | None, int]]:
    """Give each row that is not blank: the line it begins in, its cells, the place in the text after it.

    A row with stray quotation marks has None instead of cells.
    """
    first = text.lstrip().partition("\n")[0]
    delimiter = next((each for each in (",", ";", "\t") if each in first), ",")
    source = io.StringIO(text, newline="")
    reader = csv.reader(source, delimiter=delimiter, strict=True)
    while True:
        line = reader.line_num + 1
        try:
            row = next(reader)
        except StopIteration:
            return
        except csv.Error:
            yield line, None, source.tell()
            continue
        if row:
            yield line, row, source.tell()


def _read_header(line: int, header: list[str] | None) -> list[str]:
    columns = [column.strip().casefold() for column in header or ()]
    if sorted(columns) not in (["email", "name"], ["email", "name", "role"]):
        raise _Unreadable(line, Fault(Flaw.HEADER))
    return columns


@dataclass(slots=True)
class _Roll:
    """The entries read so far, and the rows that are not taken."""

    columns: list[str]
    entries: list[RollEntry] = field(default_factory=list)
    bad: list[FaultyRow] = field(default_factory=list)
    duplicates: list[FaultyRow] = field(default_factory=list)
    _line_of: dict[str, int] = field(default_factory=dict)

    def take(self, line: int, row: list[str] | None) -> None:
        """Take one row, or note everything that is wrong with it."""
        if row is None:
            self._refuse(line, Fault(Flaw.QUOTES))
        elif len(row) != len(self.columns):
            self._refuse(line, Fault(Flaw.COLUMNS, (len(row), len(self.columns))))
        else:
            self._take_fields(line, dict(zip(self.columns, row, strict=True)))

    def _take_fields(self, line: int, fields: dict[str, str]) -> None:
        faults: list[Fault] = []
        address = _read_address(fields["email"], faults)
        name = _read_words(fields["name"], "name", faults)
        if not name:
            faults.append(Fault(Flaw.NAME_EMPTY))
        role = _read_words(fields.get("role", ""), "role", faults) or None
        first = self._line_of.setdefault(address, line) if address else line
        if first != line:
            same = Fault(Flaw.SAME, (first,))
            if not faults:
                self.duplicates.append(FaultyRow(line, (same,)))
                return
            faults.append(same)
        if faults:
            self._refuse(line, *faults)
        else:
            self.entries.append(RollEntry(address, name, role))

    def _refuse(self, line: int, *faults: Fault) -> None:
        self.bad.append(FaultyRow(line, faults))


def entry_of(email: str, name: str, role: str) -> tuple[tuple[Fault, ...], RollEntry | None]:
    """Read one member as a form has them: what is wrong with the fields, or the entry."""
    roll = _Roll(["email", "name", "role"])
    roll.take(1, [email, name, role])
    faults = roll.bad[0].faults if roll.bad else ()
    return faults, (roll.entries[0] if roll.entries else None)


def _read_address(text: str, faults: list[Fault]) -> str:
    try:
        return mailbox_of(canonical_address(text))
    except FormatError as error:
        faults.append(Fault(Flaw("email: " + error.detail.removeprefix("address: "))))
        return ""


def _read_words(text: str, column: str, faults: list[Fault]) -> str:
    words = unicodedata.normalize("NFC", text).strip()
    try:
        check_string(words, column, longest=LONGEST_NAME)
    except FormatError as error:
        faults.append(Fault(Flaw(error.detail)))
    return words
