"""What every letter was after each step that changed its numbers, and the checkpoints that prove it."""

from typing import Any, NamedTuple

import sqlalchemy as sa

from undersigned.store.collector_schema import entry, moment, published, remark
from undersigned.store.database import upsert


class MomentRow(NamedTuple):
    """A letter in the tree of `size` entries: its epochs, the time of its last record that has one.

    `counts` is JSON.
    """

    letter_id: bytes
    size: int
    epochs: int
    at: int
    headcount: int
    counts: str


class PublishedRow(NamedTuple):
    """A checkpoint as it was published: the size of its tree, its signed note."""

    size: int
    note: str


_COLUMNS = tuple(moment.c[name] for name in MomentRow._fields)


def put_moment(connection: sa.Connection, row: MomentRow) -> None:
    """Store what a letter is after a step."""
    upsert(connection, moment, row._asdict())


def find_by_size(connection: sa.Connection, letter_id: bytes, size: int) -> MomentRow | None:
    """Return what the last step left whose tree is not larger; None before the letter opened."""
    chosen = _of(letter_id).where(moment.c.size <= size)
    return _first(connection, chosen.order_by(moment.c.size.desc()))


def find_by_time(connection: sa.Connection, letter_id: bytes, at: int) -> MomentRow | None:
    """Return what the last step left that is not later; None before the letter opened.

    Within a letter neither size nor time ever falls.
    """
    chosen = _of(letter_id).where(moment.c.at <= at)
    return _first(connection, chosen.order_by(moment.c.at.desc(), moment.c.size.desc()))


def find_later(connection: sa.Connection, letter_id: bytes, at: int) -> MomentRow | None:
    """Return what the first step left that is later than a time, or None."""
    chosen = _of(letter_id).where(moment.c.at > at)
    return _first(connection, chosen.order_by(moment.c.at, moment.c.size))


def _of(letter_id: bytes) -> "sa.Select[Any]":
    return sa.select(*_COLUMNS).where(moment.c.letter_id == letter_id)


def _first(connection: sa.Connection, query: "sa.Select[Any]") -> MomentRow | None:
    row = connection.execute(query.limit(1)).first()
    return MomentRow(*row) if row else None


def put_published(connection: sa.Connection, row: PublishedRow) -> None:
    """Keep a published checkpoint; one of the same tree with other cosignatures is replaced."""
    upsert(connection, published, row._asdict())


def find_covering(connection: sa.Connection, size: int) -> PublishedRow | None:
    """Return the smallest published checkpoint whose tree has `size` entries or more."""
    row = connection.execute(
        sa.select(published.c.size, published.c.note)
        .where(published.c.size >= size)
        .order_by(published.c.size)
        .limit(1)
    ).first()
    return PublishedRow(*row) if row else None


def find_published(connection: sa.Connection) -> PublishedRow | None:
    """Return the newest published checkpoint that is kept, or None before the first."""
    newest = sa.select(published.c.size, published.c.note).order_by(published.c.size.desc())
    row = connection.execute(newest.limit(1)).first()
    return PublishedRow(*row) if row else None


def list_dated_ends(
    connection: sa.Connection, letter_id: bytes, *, after: int
) -> list[tuple[int, bytes]]:
    """Return leaf and last entry of a letter's steps above a size, of those that begin with a time."""
    rows = connection.execute(
        sa.select(entry.c.leaf_index, entry.c.entry)
        .join(entry, entry.c.leaf_index == moment.c.size - 1)
        .where(
            moment.c.letter_id == letter_id,
            moment.c.size > after,
            # Canonical JSON begins with its first member: of these only records that state a time.
            sa.func.substr(entry.c.entry, 1, 6) == b'{"at":',
        )
        .order_by(moment.c.size)
    )
    return [(leaf, data) for leaf, data in rows]


def list_remarked(
    connection: sa.Connection, letter_id: bytes, kind: str, *, after: int
) -> list[tuple[int, int]]:
    """Return leaf and time of each of a letter's steps above a size that is a remark of a kind."""
    rows = connection.execute(
        sa.select(remark.c.record_index, moment.c.at)
        .join(remark, remark.c.record_index == moment.c.size - 1)
        .where(moment.c.letter_id == letter_id, moment.c.size > after, remark.c.kind == kind)
        .order_by(moment.c.size)
    )
    return [(leaf, at) for leaf, at in rows]
