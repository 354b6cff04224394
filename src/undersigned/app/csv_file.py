"""CSV files for spreadsheets: RFC 4180 in UTF-8, in which no cell is taken for a formula.

A spreadsheet computes a cell that begins with one of `=`, `+`, `-`, `@`, and some drop a tab or a line
end before it. Members write what stands in these cells. So an apostrophe is put before such a sign:
where a cell begins with it, and also where a program that splits at another sign than the comma, or at
every line end, would begin a cell there. Spreadsheets do not show an apostrophe at the start of a cell.
A cell that begins with a tab or a line end gets one, too. The file is therefore for reading; the exact
words are in the export as JSON.

Every cell is quoted. The file begins with a byte order mark, without which Excel takes it for Latin-1.
"""

import codecs
import csv
import io
import re
from collections.abc import Iterable, Sequence
from typing import Final

MEDIA_TYPE: Final = "text/csv; charset=utf-8; header=present"

_FORMULA: Final = re.compile(
    # the start of a cell, for any program; then what is skipped before a cell is looked at
    r"(?P<before>(?:^|[,;|\t\r\n])[\s\"']*)(?=[=+\-@\uff1d\uff0b\uff0d\uff20])"
)
"""The four signs also in the full width of East Asian type, which is taken for them."""

_DROPPED: Final = ("\t", "\r", "\n")
"""What a spreadsheet may drop at the start of a cell."""


def format_csv(header: Sequence[str], rows: Iterable[Sequence[str | int | None]]) -> bytes:
    """Write a file with a header. None is an empty cell."""
    return format_header(header) + format_rows(rows)


def format_header(header: Sequence[str]) -> bytes:
    """Write how a file begins."""
    return codecs.BOM_UTF8 + format_rows([header])


def format_rows(rows: Iterable[Sequence[str | int | None]]) -> bytes:
    """Write rows of a file, for one that is written in parts. None is an empty cell."""
    file = io.StringIO()
    writer = csv.writer(file, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    for row in rows:
        writer.writerow([_cell(value) for value in row])
    return file.getvalue().encode()


def _cell(value: str | int | None) -> str | int:
    if value is None:
        return ""
    return value if isinstance(value, int) else make_safe(value)


def make_safe(text: str) -> str:
    """Return a text in which no cell begins with the sign of a formula."""
    safe = _FORMULA.sub(r"\g<before>'", text)
    return f"'{safe}" if safe.startswith(_DROPPED) else safe
