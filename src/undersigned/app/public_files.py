"""The public names of a letter and its history as files, for spreadsheets and for programs.

They are written part by part, each part read on its own: a file of a hundred thousand names holds up no
other request and no memory. Names are in the log's order, in which none is ever put between others.
"""

from collections.abc import Callable, Iterator
from typing import Any, Final, NamedTuple

import msgspec

from undersigned.app import csv_file
from undersigned.app.hiding import Hidden, get_hidden
from undersigned.app.letter_export import HISTORY_COLUMNS, history_cells
from undersigned.app.letters import Letters
from undersigned.app.reading import HistoryRow, get_numbers, list_names, read_history
from undersigned.app.site import Site
from undersigned.store.signatures import ShownName

NAME_COLUMNS: Final = ("leaf", "name", "role", "verified", "statement", "hidden")
ROWS_AT_ONCE: Final = 1_000
JSON: Final = "application/json"

Shown = tuple[ShownName, Hidden | None]


class PublicFile(NamedTuple):
    """A kind of file: its media type, and what writes it."""

    media_type: str
    write: Callable[[Site, Letters, str], Iterator[bytes]]


def write_names_csv(site: Site, letters: Letters, name: str) -> Iterator[bytes]:
    """Write public and opened names; a hidden statement is left out, and `hidden` says why.

    Raises UnknownLetter.
    """
    yield csv_file.format_header(NAME_COLUMNS)
    for shown in _names(site, letters, name):
        yield csv_file.format_rows(
            (
                each.leaf_index,
                each.name,
                each.role,
                each.verified,
                each.statement if hidden is None else None,
                None if hidden is None else hidden.reason.value,
            )
            for each, hidden in shown
        )


def write_names_json(site: Site, letters: Letters, name: str) -> Iterator[bytes]:
    """Write the letter's numbers and its public and opened names. Raises UnknownLetter."""
    yield from _head(site, letters, name, "names")
    comma = b""
    for shown in _names(site, letters, name):
        yield comma + b",".join(msgspec.json.encode(_name(*each)) for each in shown)
        comma = b","
    yield b"]}\n"


def write_history_csv(site: Site, letters: Letters, name: str) -> Iterator[bytes]:
    """Write what each epoch left, a row each; times are UTC. Raises UnknownLetter."""
    yield csv_file.format_header(HISTORY_COLUMNS)
    for part in _history(site, letters, name):
        yield csv_file.format_rows(map(history_cells, part))


def write_history_json(site: Site, letters: Letters, name: str) -> Iterator[bytes]:
    """Write the letter's numbers and what each epoch left. Raises UnknownLetter."""
    yield from _head(site, letters, name, "history")
    comma = b""
    for part in _history(site, letters, name):
        yield comma + b",".join(msgspec.json.encode(_epoch(row)) for row in part)
        comma = b","
    yield b"]}\n"


FILES: Final = {
    "names.csv": PublicFile(csv_file.MEDIA_TYPE, write_names_csv),
    "names.json": PublicFile(JSON, write_names_json),
    "history.csv": PublicFile(csv_file.MEDIA_TYPE, write_history_csv),
    "history.json": PublicFile(JSON, write_history_json),
}
"""Every file, by the last part of its address."""


def _head(site: Site, letters: Letters, name: str, member: str) -> Iterator[bytes]:
    """Write the start of a JSON file, up to the bracket of its list."""
    numbers = get_numbers(site, letters, name)
    head = {
        "origin": site.origin,
        "size": numbers.size,
        "at": numbers.at,
        "headcount": numbers.headcount,
        "counts": numbers.counts,
    }
    yield msgspec.json.encode(head)[:-1] + f',"{member}":['.encode()


def _names(site: Site, letters: Letters, name: str) -> Iterator[list[Shown]]:
    """Yield the names that are shown, some at a time."""
    after = -1
    while names := list_names(site, letters, name, after=after, limit=ROWS_AT_ONCE):
        hidden = get_hidden(site, [each.leaf_index for each in names])
        yield [(each, hidden.get(each.leaf_index)) for each in names]
        after = names[-1].leaf_index


def _history(site: Site, letters: Letters, name: str) -> Iterator[list[HistoryRow]]:
    """Yield what each epoch left, some at a time."""
    after = 0
    while True:
        with site.collector.read() as connection:
            letter_id = letters.get_row(connection, name).letter_id
            rows = read_history(connection, letter_id, after=after, limit=ROWS_AT_ONCE)
        if not rows:
            return
        yield rows
        after = rows[-1].n


def _name(shown: ShownName, hidden: Hidden | None) -> dict[str, Any]:
    return {
        "leaf": shown.leaf_index,
        "name": shown.name,
        "role": shown.role,
        "verified": shown.verified,
        "statement": shown.statement if hidden is None else None,
        "hidden": None if hidden is None else hidden.reason.value,
    }


def _epoch(row: HistoryRow) -> dict[str, Any]:
    counts: dict[str, Any] = msgspec.to_builtins(row.counts)
    return {"epoch": row.n, "at": row.at, "size": row.size} | counts
