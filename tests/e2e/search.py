"""Finding a planted value in any file, however it is written, and wherever a border cuts it.

A value is looked for as it is, in hexadecimal, in base64 and base64url at each of the three places that
it can have in a group, in UTF-16, escaped for JSON, and by each of its halves alone: a page of SQLite,
a frame of its write-ahead log or a line's end may cut it once. What is compressed or encrypted is not
seen.
"""

import base64
import json
import re
import sqlite3
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

_WINDOW = 4
_STEP = 5
"""Every fifth place of a file is looked at, four bytes wide: a pattern of eight bytes meets one."""

LEAST = _WINDOW + _STEP - 1
"""Bytes of the shortest pattern: random bytes of 10 MB hold a given eight with probability 5e-13."""

CHUNK = 1 << 20
_OVERLAP = 4096
"""Bytes that are read twice, so that nothing is lost between two chunks: more than any pattern has."""

_WORD_DISTANCE = 12
"""Bytes that may stand between two of the twelve words: quotes, commas, line ends, numbers."""


class Hit(NamedTuple):
    """A value that was found: its kind, whose it is, in which writing, where."""

    kind: str
    label: str
    writing: str
    place: str


class _Pattern(NamedTuple):
    kind: str
    label: str
    writing: str
    data: bytes


class Search:
    """Values to be looked for, all at once."""

    def __init__(self) -> None:
        self._at: dict[bytes, list[tuple[int, _Pattern]]] = defaultdict(list)
        self._words: list[tuple[str, re.Pattern[bytes]]] = []
        self.values: dict[tuple[str, str], bytes | str] = {}

    def add(self, kind: str, label: str, value: bytes | str) -> None:
        """Look for a text or for bytes, in every writing."""
        self.values[kind, label] = value
        patterns: dict[bytes, str] = {}
        for writing, data in writings(value):
            for half, part in _halves(data):
                patterns.setdefault(part, f"{writing}{half}")
        assert patterns, f"{kind} is too short to be looked for"
        assert max(map(len, patterns)) < _OVERLAP, f"{kind} is too long to be looked for"
        for data, writing in patterns.items():
            pattern = _Pattern(kind, label, writing, data)
            for offset in range(_STEP):
                self._at[data[offset : offset + _WINDOW]].append((offset, pattern))

    def add_words(self, kind: str, label: str, words: str) -> None:
        """Look for words joined by anything, and for each after the other."""
        for writing, joint in (("", " "), (" in one", ""), (" by hyphens", "-")):
            self.add(kind, f"{label}{writing}", joint.join(words.split()))
        between = b".{0,%d}?" % _WORD_DISTANCE
        pattern = between.join(re.escape(word.encode()) for word in words.split())
        self._words.append((label, re.compile(pattern, re.DOTALL)))

    def in_bytes(self, data: bytes, place: str) -> set[Hit]:
        """Look through bytes that are in memory."""
        hits = set()
        find = self._at.get
        for i in range(0, len(data) - _WINDOW + 1, _STEP):
            for offset, pattern in find(data[i : i + _WINDOW], ()):
                start = i - offset
                if start >= 0 and data.startswith(pattern.data, start):
                    hits.add(Hit(pattern.kind, pattern.label, pattern.writing, place))
        plain = data.replace(b"\0", b"").lower()
        for label, words in self._words:
            if words.search(plain):
                hits.add(Hit("words", label, "one after another", place))
        return hits

    def in_file(self, path: Path, place: str) -> set[Hit]:
        """Look through a file, chunk by chunk."""
        hits = set()
        with path.open("rb") as file:
            data = file.read(CHUNK)
            while data:
                hits |= self.in_bytes(data, place)
                more = file.read(CHUNK - _OVERLAP)
                data = data[-_OVERLAP:] + more if more else b""
        return hits

    def in_folder(self, folder: Path) -> set[Hit]:
        """Look through every file in a folder; the place is the path in it."""
        files = [path for path in folder.rglob("*") if path.is_file()]
        return {
            hit for path in files for hit in self.in_file(path, path.relative_to(folder).as_posix())
        }

    def in_rows(self, database: Path, place: str) -> set[Hit]:
        """Look through a database row by row: in values, borders of pages do not matter."""
        return {
            hit
            for table, data in _rows_of(database)
            for hit in self.in_bytes(data, f"{place}:{table}")
        }


def writings(value: bytes | str) -> Iterator[tuple[str, bytes]]:
    """Give the ways in which a value may be written."""
    data = value.encode() if isinstance(value, str) else value
    yield "as it is", data
    yield "hexadecimal", data.hex().encode()
    yield "HEXADECIMAL", data.hex().upper().encode()
    for place in range(3):
        # Characters of base64 that also hold bits of what stands before or after are cut off.
        whole = base64.b64encode(bytes(place) + data)
        core = whole[-(-8 * place // 6) : (8 * (place + len(data))) // 6]
        yield f"base64 at {place}", core
        yield f"base64url at {place}", core.translate(bytes.maketrans(b"+/", b"-_"))
    if isinstance(value, str):
        yield "UTF-16", value.encode("utf-16-le")
        yield "UTF-16, big end first", value.encode("utf-16-be")
        yield "escaped", json.dumps(value)[1:-1].encode()
        yield "lower case", value.lower().encode()
    else:
        yield "backwards", data[::-1]
        yield "decimal", str(int.from_bytes(data, "big")).encode()


def _halves(data: bytes) -> Iterator[tuple[str, bytes]]:
    if len(data) >= LEAST:
        yield "", data
    if len(data) >= 2 * LEAST:
        yield ", first half", data[: len(data) // 2]
        yield ", second half", data[len(data) // 2 :]


def _rows_of(database: Path) -> Iterable[tuple[str, bytes]]:
    with sqlite3.connect(database) as connection:
        query = "SELECT name FROM sqlite_schema WHERE type = 'table'"
        tables = [row[0] for row in connection.execute(query)]
        for table in tables:
            for row in connection.execute(f"SELECT * FROM {table}"):  # noqa: S608
                values = (v if isinstance(v, bytes) else str(v).encode() for v in row)
                yield table, b"\n\n\n\n".join(values)
    connection.close()
