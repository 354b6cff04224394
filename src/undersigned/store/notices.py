"""Notices that are in the log, and what the timestamps among them are of."""

from collections.abc import Collection
from dataclasses import dataclass

import sqlalchemy as sa

from undersigned.store.collector_schema import notice, timestamp


@dataclass(frozen=True, slots=True)
class NoticeRow:
    """A notice: its leaf, its kind, when it was posted, the new headcount if it is one, its document."""

    leaf_index: int
    letter_id: bytes
    kind: str
    at: int
    n: int | None
    document: bytes


@dataclass(frozen=True, slots=True)
class TimestampRow:
    """A timestamp notice: who was asked (the hash of an address), who answered, of what, at which time.

    `size` is that of the tree that was stamped; None: the letter's record was.
    """

    leaf_index: int
    letter_id: bytes
    asked: bytes
    authority: str
    size: int | None
    at: int


_NOTICE = tuple(notice.c[name] for name in NoticeRow.__slots__)
_TIMESTAMP = tuple(timestamp.c[name] for name in TimestampRow.__slots__)


def add_notice(connection: sa.Connection, row: NoticeRow) -> None:
    """Store a notice that was just appended to the log."""
    connection.execute(
        sa.insert(notice).values({name: getattr(row, name) for name in NoticeRow.__slots__})
    )


def list_notices(
    connection: sa.Connection, letter_id: bytes, kinds: Collection[str], limit: int
) -> list[NoticeRow]:
    """Return notices of these kinds, the newest first."""
    rows = connection.execute(
        sa.select(*_NOTICE)
        .where(notice.c.letter_id == letter_id, notice.c.kind.in_(kinds))
        .order_by(notice.c.leaf_index.desc())
        .limit(limit)
    )
    return [NoticeRow(**row._mapping) for row in rows]  # noqa: SLF001 - the public name is _mapping


def add_timestamp(connection: sa.Connection, row: TimestampRow) -> None:
    """Store what a timestamp notice is of."""
    connection.execute(
        sa.insert(timestamp).values({name: getattr(row, name) for name in TimestampRow.__slots__})
    )


def list_timestamps(connection: sa.Connection, letter_id: bytes) -> list[TimestampRow]:
    """Return the timestamps of a letter's own record, the earliest first."""
    rows = connection.execute(
        sa.select(*_TIMESTAMP)
        .where(timestamp.c.letter_id == letter_id, timestamp.c.size.is_(None))
        .order_by(timestamp.c.at, timestamp.c.leaf_index)
    )
    return [TimestampRow(**row._mapping) for row in rows]  # noqa: SLF001


def find_checkpoint_timestamp(connection: sa.Connection, asked: bytes) -> TimestampRow | None:
    """Return the newest timestamp of a checkpoint by one authority."""
    row = connection.execute(
        sa.select(*_TIMESTAMP)
        .where(timestamp.c.size.is_not(None), timestamp.c.asked == asked)
        .order_by(timestamp.c.leaf_index.desc())
        .limit(1)
    ).first()
    return TimestampRow(**row._mapping) if row else None  # noqa: SLF001


def count_timestamps(connection: sa.Connection, start: int, end: int) -> int:
    """Count the timestamps that stand in the log from one index on and before another."""
    query = sa.select(sa.func.count()).select_from(timestamp)
    return connection.execute(
        query.where(timestamp.c.leaf_index >= start, timestamp.c.leaf_index < end)
    ).scalar_one()
