"""SQLite's file as a thief reads it: where each row of a table lies, without SQLite's help.

The b-tree pages of the SQLite 3 file format (https://sqlite.org/fileformat2.html, read in July 2026): a
page has an array of pointers to its cells, in the order of the keys, and the cells themselves, which
fill the page from its end in the order in which they came.
"""

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_INTERIOR_INDEX, _INTERIOR_TABLE, _LEAF_INDEX, _LEAF_TABLE = 2, 5, 10, 13
_INTERIOR = (_INTERIOR_INDEX, _INTERIOR_TABLE)

_LONGEST_START = 200
"""Bytes of a cell in which its key is found: lengths and types stand before it."""


@dataclass(frozen=True, slots=True)
class Cell:
    """A row of a table: the page that it begins on, where on that page, and its first bytes."""

    page: int
    offset: int
    start: bytes


class SqliteFile:
    """The bytes of a database file that nobody writes to."""

    def __init__(self, path: Path) -> None:
        self.data = path.read_bytes()
        size = int.from_bytes(self.data[16:18], "big")
        self.page_size = 65_536 if size == 1 else size
        with sqlite3.connect(f"file:{path}?mode=ro&immutable=1", uri=True) as connection:
            roots = connection.execute(
                "SELECT name, rootpage FROM sqlite_schema WHERE type = 'table'"
            )
            self.roots: dict[str, int] = dict(roots.fetchall())
        connection.close()

    def cells(self, table: str) -> list[Cell]:
        """Return every row of a table, page by page as the tree has them."""
        return list(self._walk(self.roots[table]))

    def _walk(self, number: int) -> Iterator[Cell]:
        page = self.data[(number - 1) * self.page_size : number * self.page_size]
        head = 100 if number == 1 else 0
        kind = page[head]
        count = int.from_bytes(page[head + 3 : head + 5], "big")
        array = head + (12 if kind in _INTERIOR else 8)
        for i in range(count):
            offset = int.from_bytes(page[array + 2 * i : array + 2 * i + 2], "big")
            if kind in _INTERIOR:
                yield from self._walk(int.from_bytes(page[offset : offset + 4], "big"))
            if kind != _INTERIOR_TABLE:
                yield Cell(number, offset, page[offset : offset + _LONGEST_START])
        if kind in _INTERIOR:
            yield from self._walk(int.from_bytes(page[head + 8 : head + 12], "big"))
