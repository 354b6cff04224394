"""A long page of the site, one row after the other: it may be larger than memory (formats §11).

The page is a JSON object, one member of which is a list of rows. What ends a row is found by the standard
library's scanner, which keeps to the bounds of what is there; what it says is read as every page is.
"""

import codecs
import json
from collections.abc import Iterator
from typing import Final, Generic, TypeVar

import msgspec

from undersigned.errors import FormatError

LONGEST_ROW: Final = 98_304
"""Characters of a row, or of another member: three texts of 2,000 characters, each written as 12."""

_SPACE: Final = " \t\n\r"
_SCANNER: Final = json.JSONDecoder()

_ANY: Final = msgspec.json.Decoder()

T = TypeVar("T")
V = TypeVar("V")


class LongPage(Generic[T]):
    """Reads the rows of the list `member`, each as `kind`, out of the parts of a file in UTF-8.

    Nothing is kept but what is being read: at most one part and one row.
    """

    def __init__(self, parts: Iterator[bytes], member: str, kind: type[T]) -> None:
        self._parts = parts
        self._member = member
        self._row = msgspec.json.Decoder(kind)
        self._utf8 = codecs.getincrementaldecoder("utf-8")()
        self._text = ""
        self._at = 0
        self._is_whole = False

    def rows(self, most: int) -> Iterator[T]:
        """Yield the rows, at most so many. Raises FormatError if the page is not one, or has more."""
        has_rows = False
        for name in self._members():
            if name != self._member:
                self._value()
                continue
            if has_rows:
                raise _no_page()
            has_rows = True
            for number, row in enumerate(self._elements()):
                if number >= most:
                    raise FormatError(f"it has more than {most} rows")
                yield row
        if not has_rows or self._next():
            raise _no_page()

    def _members(self) -> Iterator[str]:
        """Yield the names of the members; whoever asks reads the value before it goes on."""
        self._take("{")
        if self._next() == "}":
            self._at += 1
            return
        while True:
            name = self._value()
            if not isinstance(name, str):
                raise _no_page()
            self._take(":")
            yield name
            if self._take(",}") == "}":
                return

    def _elements(self) -> Iterator[T]:
        self._take("[")
        if self._next() == "]":
            self._at += 1
            return
        while True:
            yield self._decode(self._row, self._cut())
            if self._take(",]") == "]":
                return

    def _value(self) -> object:
        return self._decode(_ANY, self._cut())

    def _decode(self, decoder: "msgspec.json.Decoder[V]", text: str) -> "V":
        try:
            return decoder.decode(text)
        except (msgspec.MsgspecError, UnicodeError, RecursionError):
            raise _no_page() from None

    def _cut(self) -> str:
        """Return the text of the value that comes next."""
        start = self._skip()
        try:
            _, end = _SCANNER.raw_decode(self._text, start)
        except (ValueError, RecursionError):
            raise _no_page() from None
        if end - start > LONGEST_ROW:
            raise _no_page()
        self._at = end
        return self._text[start:end]

    def _take(self, marks: str) -> str:
        mark = self._next()
        if not mark or mark not in marks:
            raise _no_page()
        self._at += 1
        return mark

    def _next(self) -> str:
        """Return the next character that is no white space; nothing at the end."""
        start = self._skip()
        return self._text[start : start + 1]

    def _skip(self) -> int:
        while True:
            self._fill()
            text, at = self._text, self._at
            while at < len(text) and text[at] in _SPACE:
                at += 1
            self._at = at
            if at < len(text) or self._is_whole:
                return at

    def _fill(self) -> None:
        """See to it that the longest row that may come is there."""
        while len(self._text) - self._at <= LONGEST_ROW and not self._is_whole:
            part = next(self._parts, b"")
            self._is_whole = not part
            try:
                more = self._utf8.decode(part, final=not part)
            except UnicodeDecodeError:
                raise _no_page() from None
            self._text = self._text[self._at :] + more
            self._at = 0


def _no_page() -> FormatError:
    return FormatError("it is not what the site should show there")
