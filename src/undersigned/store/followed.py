"""What an issuer knows of its letters' lives: when each ended, when its personal data was deleted."""

from typing import NamedTuple

import sqlalchemy as sa

from undersigned.store import outbox
from undersigned.store.database import upsert
from undersigned.store.issuer_schema import (
    acknowledged,
    enrolment,
    followed,
    invite,
    issuance,
    login,
    roll_entry,
    subscription,
)


class FollowedRow(NamedTuple):
    """When a letter ended and when its personal data was deleted (UTC seconds); None: not yet."""

    letter_id: bytes
    ended_at: int | None
    purged_at: int | None


def find_followed(connection: sa.Connection, letter_id: bytes) -> FollowedRow:
    """Return what is known of a letter's end."""
    row = connection.execute(
        sa.select(*followed.c).where(followed.c.letter_id == letter_id)
    ).first()
    return FollowedRow(*row) if row else FollowedRow(letter_id, None, None)


def put_followed(connection: sa.Connection, row: FollowedRow) -> None:
    """Store what is known of a letter's end."""
    upsert(connection, followed, row._asdict())


def list_purged(connection: sa.Connection) -> dict[bytes, int]:
    """Return when the personal data of each letter was deleted, of those of which it was."""
    rows = connection.execute(
        sa.select(followed.c.letter_id, followed.c.purged_at).where(
            followed.c.purged_at.is_not(None)
        )
    )
    return {row.letter_id: row.purged_at for row in rows}


def delete_personal_data(connection: sa.Connection, letter_id: bytes) -> None:
    """Delete what members gave and got for one letter: codes, tokens, wishes for mail, waiting mails."""
    for table in (enrolment, login, issuance, subscription):
        connection.execute(sa.delete(table).where(table.c.letter_id == letter_id))
    outbox.delete_mails_about(connection, letter_id, "issuer")


def delete_roll(connection: sa.Connection, slug: str) -> None:
    """Delete a roll: its entries and their invite codes."""
    for table in (roll_entry, invite):
        connection.execute(sa.delete(table).where(table.c.slug == slug))


def count_unpurged(connection: sa.Connection, slug: str) -> int:
    """Count the editions of a letter whose personal data is still needed: they have one roll."""
    return connection.execute(
        sa.select(sa.func.count())
        .select_from(
            acknowledged.outerjoin(followed, followed.c.letter_id == acknowledged.c.letter_id)
        )
        .where(acknowledged.c.slug == slug, followed.c.purged_at.is_(None))
    ).scalar_one()
