"""Waves that wait for their trustees: the outcome that froze each, and the share files that have come."""

from dataclasses import dataclass

import sqlalchemy as sa

from undersigned.store.collector_schema import share, wave
from undersigned.store.database import insert_new, upsert


@dataclass(frozen=True, slots=True)
class ShareLine:
    """A share file without its bytes: whose it is, its SHA-256 (32 bytes), how long it is."""

    number: int
    hash: bytes
    size: int


def add_wave(connection: sa.Connection, letter_id: bytes, number: int, leaf_index: int) -> None:
    """Keep which outcome (a leaf of the log) froze a wave."""
    values = {"letter_id": letter_id, "wave": number, "leaf_index": leaf_index}
    insert_new(connection, wave, values, returning=wave.c.wave)


def find_wave(connection: sa.Connection, letter_id: bytes, number: int) -> int | None:
    """Return the leaf index of the outcome that froze a wave."""
    query = sa.select(wave.c.leaf_index)
    return connection.execute(
        query.where(wave.c.letter_id == letter_id, wave.c.wave == number)
    ).scalar()


def put_share(
    connection: sa.Connection,
    letter_id: bytes,
    number: int,
    trustee: int,
    digest: bytes,
    content: bytes,
) -> bool:
    """Keep a trustee's share file of wave `number` in the place of an older one; say if it is the first."""
    key = {"letter_id": letter_id, "wave": number, "number": trustee}
    is_new = find_share(connection, letter_id, number, trustee) is None
    upsert(connection, share, key | {"hash": digest, "content": content})
    return is_new


def find_share(
    connection: sa.Connection, letter_id: bytes, number: int, trustee: int
) -> bytes | None:
    """Return a trustee's share file of a wave."""
    return connection.execute(
        sa.select(share.c.content).where(
            share.c.letter_id == letter_id, share.c.wave == number, share.c.number == trustee
        )
    ).scalar()


def list_shares(connection: sa.Connection, letter_id: bytes, number: int) -> list[ShareLine]:
    """Return what share files of a wave there are, by trustee."""
    rows = connection.execute(
        sa.select(share.c.number, share.c.hash, sa.func.length(share.c.content))
        .where(share.c.letter_id == letter_id, share.c.wave == number)
        .order_by(share.c.number)
    )
    return [ShareLine(*row) for row in rows]


def delete_shares(connection: sa.Connection, letter_id: bytes) -> None:
    """Forget the share files of a letter: its wave is open, or will never be."""
    connection.execute(sa.delete(share).where(share.c.letter_id == letter_id))
