"""Letters whose addresses the collector has deleted, since the time that they stated has come."""

import sqlalchemy as sa

from undersigned.store.database import insert_new
from undersigned.store.schema import addressee_address, purged, trustee_address


def find_purged(connection: sa.Connection, letter_id: bytes) -> int | None:
    """Return when the addresses of a letter were deleted (UTC seconds)."""
    return connection.execute(
        sa.select(purged.c.at).where(purged.c.letter_id == letter_id)
    ).scalar()


def list_purged(connection: sa.Connection) -> set[bytes]:
    """Return the letters whose addresses were deleted."""
    return set(connection.execute(sa.select(purged.c.letter_id)).scalars())


def purge_addresses(connection: sa.Connection, letter_id: bytes, at: int) -> bool:
    """Delete where trustees and addressees of a letter get mail; say False if that was done before."""
    values = {"letter_id": letter_id, "at": at}
    if not insert_new(connection, purged, values, returning=purged.c.letter_id):
        return False
    for table in (trustee_address, addressee_address):
        connection.execute(sa.delete(table).where(table.c.letter_id == letter_id))
    return True
