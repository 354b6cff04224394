"""A letter as its organiser takes it along: the names that stand, the numbers and how they grew.

Nothing is in it but what every reader of the letter's page may see: names that are public or opened, and
stand. Of sealed and anonymous signatures there are numbers alone. All of it is of one moment.
"""

from dataclasses import dataclass
from typing import Any

import msgspec

from undersigned.app.counting import ENDED
from undersigned.app.csv_file import format_csv
from undersigned.app.hiding import Hidden, find_hidden
from undersigned.app.letters import Letters
from undersigned.app.reading import HistoryRow, LetterPage, read_history, read_page
from undersigned.app.site import Site
from undersigned.domain.as_of import format_time
from undersigned.domain.letter import format_letter
from undersigned.store import signatures as signature_store
from undersigned.store.signatures import StandingName

NAME_COLUMNS = ("leaf", "mode", "name", "role", "verified", "statement", "hidden")
HISTORY_COLUMNS = (
    "epoch", "at", "size", "m", "standing", "waiting", "anonymous", "withdrawn", "invalidated", "erased",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class LetterExport:
    """A letter at one moment: `at` (UTC seconds) is when it was read."""

    origin: str
    at: int
    page: LetterPage
    names: tuple[StandingName, ...]
    hidden: dict[int, Hidden]
    history: tuple[HistoryRow, ...]


def get_export(site: Site, letters: Letters, name: str) -> LetterExport:
    """Return what can be exported of `slug` or `slug@edition`. Raises UnknownLetter."""
    with site.collector.read() as connection:
        row = letters.get_row(connection, name)
        page = read_page(connection, letters, row)
        stands = page.stage.state not in ENDED
        names = (
            signature_store.list_standing_names(connection, row.letter_id, page.numbers.counts.m)
            if stands
            else []
        )
        hidden = find_hidden(connection, [each.shown.leaf_index for each in names])
        history = tuple(read_history(connection, row.letter_id))
    return LetterExport(site.origin, site.clock.now(), page, tuple(names), hidden, history)


def format_names_csv(export: LetterExport) -> bytes:
    """Write the names that stand, a row each; a hidden statement is left out, and `hidden` says why."""
    rows = []
    for each in export.names:
        shown, hidden = each.shown, export.hidden.get(each.shown.leaf_index)
        rows.append(
            (
                shown.leaf_index,
                each.mode,
                shown.name,
                shown.role,
                shown.verified,
                shown.statement if hidden is None else None,
                None if hidden is None else hidden.reason.value,
            )
        )
    return format_csv(NAME_COLUMNS, rows)


def format_history_csv(export: LetterExport) -> bytes:
    """Write what each epoch left, a row each; times are UTC."""
    return format_csv(HISTORY_COLUMNS, map(history_cells, export.history))


def history_cells(row: HistoryRow) -> tuple[int | str, ...]:
    """Return the row of an epoch, with the columns of `HISTORY_COLUMNS`."""
    return (row.n, format_time(row.at), row.size, *msgspec.structs.astuple(row.counts))


def format_export(export: LetterExport) -> bytes:
    """Write all of it as JSON, its members as docs/organiser.md has them."""
    page = export.page
    return msgspec.json.format(
        msgspec.json.encode(
            {
                "v": 1,
                "t": "export",
                "origin": export.origin,
                "at": export.at,
                "letter_id": page.letter.letter_id.hex(),
                "letter": format_letter(page.letter),
                "texts": [msgspec.to_builtins(text) for text in page.texts],
                "state": page.stage.state.value,
                "opened_at": page.opened_at,
                "reached_at": page.stage.reached_at,
                "released_at": page.stage.released_at,
                "roll_n": page.roll_n,
                "headcount": page.numbers.headcount,
                "size": page.numbers.size,
                "counts": msgspec.to_builtins(page.numbers.counts),
                "names": [_name(each, export) for each in export.names],
                "history": [
                    {"epoch": row.n, "at": row.at, "size": row.size}
                    | msgspec.to_builtins(row.counts)
                    for row in export.history
                ],
                "notices": [
                    {
                        "leaf": it.leaf_index,
                        "kind": it.kind,
                        "at": it.at,
                        "n": it.n,
                        "text": it.text,
                    }
                    for it in page.notices
                ],
            }
        ),
        indent=2,
    )


def _name(each: StandingName, export: LetterExport) -> dict[str, Any]:
    shown, hidden = each.shown, export.hidden.get(each.shown.leaf_index)
    return {
        "leaf": shown.leaf_index,
        "mode": each.mode,
        "name": shown.name,
        "role": shown.role,
        "verified": shown.verified,
        "statement": shown.statement,
        "hidden": None
        if hidden is None
        else {"reason": hidden.reason.value, "text": hidden.text, "at": hidden.at},
    }
