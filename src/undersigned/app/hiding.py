"""Hiding a statement: the pages leave it out and say why; the name stays and the signature counts.

Nothing of it is in the log, since nothing that the log names has changed: the statement is part of the
name's document, whose hash proves the name, and whoever asks for that document gets it. Whatever must
not be there at all is erased, with the name (`moderating.erase_name`).
"""

from collections.abc import Sequence
from dataclasses import dataclass

from undersigned.app.letters import Letters
from undersigned.app.site import Site
from undersigned.domain.explanation import format_explanation
from undersigned.domain.reasons import HideReason
from undersigned.errors import NothingToHide, UnknownLeaf
from undersigned.store import hidden as hidden_store
from undersigned.store import signatures as signature_store
from undersigned.store.database import Connection
from undersigned.store.hidden import HiddenRow


@dataclass(frozen=True, slots=True)
class Hidden:
    """Why a statement is not shown, in the organisers' words, and since when (UTC seconds)."""

    reason: HideReason
    text: str
    at: int


def hide_statement(
    site: Site, letters: Letters, name: str, leaf: int, reason: HideReason, text: str
) -> None:
    """Hide the statement of a signature, with a public reason; again, to change the reason.

    Raises UnknownLetter, UnknownLeaf, NothingToHide; FormatError for a text that says nothing.
    """
    words = format_explanation(text).decode()
    with site.collector.write() as connection:
        letter_id = letters.get_row(connection, name).letter_id
        row = signature_store.find_signature(connection, leaf)
        if row is None or row.letter_id != letter_id:
            raise UnknownLeaf(f"Leaf {leaf} is no signature of this letter.")
        shown = signature_store.find_shown_name(connection, leaf)
        if shown is None or shown.statement is None or row.name is None:
            raise NothingToHide
        hidden_store.put_hidden(
            connection,
            HiddenRow(leaf, letter_id, row.name, reason.value, words, site.clock.now()),
        )


def show_statement(site: Site, letters: Letters, name: str, leaf: int) -> None:
    """Show a statement again. Raises UnknownLetter; NothingToHide if it is not hidden."""
    with site.collector.write() as connection:
        letter_id = letters.get_row(connection, name).letter_id
        row = hidden_store.list_hidden(connection, [leaf]).get(leaf)
        if row is None or row.letter_id != letter_id:
            raise NothingToHide("This statement is not hidden.")
        hidden_store.delete_hidden(connection, leaf)


def get_hidden(site: Site, leaves: Sequence[int]) -> dict[int, Hidden]:
    """Return what is hidden among these signatures, by leaf."""
    with site.collector.read() as connection:
        return find_hidden(connection, leaves)


def find_hidden(connection: Connection, leaves: Sequence[int]) -> dict[int, Hidden]:
    """Return what is hidden among these signatures, by leaf."""
    rows = hidden_store.list_hidden(connection, leaves)
    return {leaf: Hidden(HideReason(row.reason), row.text, row.at) for leaf, row in rows.items()}
