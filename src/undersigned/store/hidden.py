"""Statements that organisers hid: what the pages leave out, though the document still has it."""

from collections.abc import Sequence
from typing import NamedTuple

import sqlalchemy as sa

from undersigned.store.collector_schema import hidden_statement, signature
from undersigned.store.database import upsert

_AT_ONCE = 500
"""Leaves of one question: databases bound the number of parameters."""


class HiddenRow(NamedTuple):
    """Why the statement beside the name (hash of its document) at a leaf is hidden, and since when."""

    leaf_index: int
    letter_id: bytes
    name: bytes
    reason: str
    text: str
    at: int


def put_hidden(connection: sa.Connection, row: HiddenRow) -> None:
    """Store that a statement is hidden, and why."""
    upsert(connection, hidden_statement, row._asdict())


def delete_hidden(connection: sa.Connection, leaf_index: int) -> bool:
    """Show a statement again; say whether it was hidden."""
    found = connection.execute(
        sa.delete(hidden_statement)
        .where(hidden_statement.c.leaf_index == leaf_index)
        .returning(hidden_statement.c.leaf_index)
    )
    return found.first() is not None


def list_hidden(connection: sa.Connection, leaves: Sequence[int]) -> dict[int, HiddenRow]:
    """Return what is hidden among these signatures, by leaf.

    A signature that has another name since then shows what comes with it.
    """
    found: dict[int, HiddenRow] = {}
    for start in range(0, len(leaves), _AT_ONCE):
        rows = connection.execute(
            sa.select(*hidden_statement.c)
            .join(signature, signature.c.leaf_index == hidden_statement.c.leaf_index)
            .where(
                hidden_statement.c.leaf_index.in_(leaves[start : start + _AT_ONCE]),
                hidden_statement.c.name == signature.c.name,
            )
        )
        found |= {row.leaf_index: HiddenRow(*row) for row in rows}
    return found


def count_hidden(connection: sa.Connection, letter_id: bytes) -> int:
    """Count the statements of a letter that are hidden."""
    return connection.execute(
        sa.select(sa.func.count())
        .select_from(hidden_statement)
        .join(signature, signature.c.leaf_index == hidden_statement.c.leaf_index)
        .where(
            hidden_statement.c.letter_id == letter_id, hidden_statement.c.name == signature.c.name
        )
    ).scalar_one()
