"""Drafts of letters, as they stand on the desk. A draft that was opened only says as which letter."""

from typing import NamedTuple

import sqlalchemy as sa

from undersigned.store.database import insert_new
from undersigned.store.desk_schema import draft


class DraftRow(NamedTuple):
    """A draft: its fields (JSON), how often it was saved, by which account last, and when.

    `draft` is 16 random bytes; `letter_id` is that of the letter that it was opened as.
    """

    draft: bytes
    slug: str
    edition: int
    fields: bytes
    version: int
    updated_by: bytes
    updated_at: int
    letter_id: bytes | None


def add_draft(connection: sa.Connection, row: DraftRow) -> bool:
    """Store a new draft; say False if its id is taken."""
    return insert_new(connection, draft, row._asdict(), returning=draft.c.draft)


def find_draft(connection: sa.Connection, id_: bytes) -> DraftRow | None:
    """Return a draft by its id."""
    row = connection.execute(sa.select(*draft.c).where(draft.c.draft == id_)).first()
    return DraftRow(*row) if row else None


def list_drafts(connection: sa.Connection) -> list[DraftRow]:
    """Return the drafts that were not opened, the one that was worked on last first."""
    query = sa.select(*draft.c).where(draft.c.letter_id.is_(None))
    rows = connection.execute(query.order_by(draft.c.updated_at.desc(), draft.c.draft))
    return [DraftRow(*row) for row in rows]


class DraftHead(NamedTuple):
    """What a draft is of: its letter's address, when it was worked on last, as which letter it was opened."""

    draft: bytes
    slug: str
    edition: int
    updated_at: int
    letter_id: bytes | None


def list_heads(connection: sa.Connection) -> list[DraftHead]:
    """Return what each draft is of, opened or not."""
    columns = (draft.c[name] for name in DraftHead._fields)
    return [DraftHead(*row) for row in connection.execute(sa.select(*columns))]


def put_draft(connection: sa.Connection, row: DraftRow, *, before: int) -> bool:
    """Store a newer version of a draft in the place of version `before`; say False if it is another."""
    values = row._asdict()
    changed = connection.execute(
        sa.update(draft)
        .where(draft.c.draft == row.draft, draft.c.version == before, draft.c.letter_id.is_(None))
        .values(values)
    )
    return changed.rowcount == 1


def put_letter_id(connection: sa.Connection, id_: bytes, letter_id: bytes) -> None:
    """Remember as which letter a draft was opened."""
    connection.execute(sa.update(draft).where(draft.c.draft == id_).values(letter_id=letter_id))


def delete_draft(connection: sa.Connection, id_: bytes) -> None:
    """Delete a draft."""
    connection.execute(sa.delete(draft).where(draft.c.draft == id_))
