"""What organisers put into the log about one signature: a cache that the log's records rebuild."""

from collections.abc import Sequence
from typing import Literal, NamedTuple, TypeAlias

import sqlalchemy as sa

from undersigned.store.collector_schema import remark

RemarkKind: TypeAlias = Literal["invalidate", "erase"]


class RemarkRow(NamedTuple):
    """A record about the signature at `leaf_index`; `text` is the hash of the explanation."""

    record_index: int
    leaf_index: int
    letter_id: bytes
    kind: RemarkKind
    reason: str
    text: bytes | None


class ReasonRow(NamedTuple):
    """A reason with its explanation (hash), and the number of signatures that it was given for."""

    reason: str
    text: bytes | None
    number: int


def add_remarks(connection: sa.Connection, rows: Sequence[RemarkRow]) -> None:
    """Store remarks that were just appended to the log."""
    if rows:
        connection.execute(sa.insert(remark), [row._asdict() for row in rows])


def find_remark(connection: sa.Connection, leaf_index: int, kind: RemarkKind) -> RemarkRow | None:
    """Return the first remark of a kind about a signature: a second one changes nothing."""
    row = connection.execute(
        sa.select(*remark.c)
        .where(remark.c.leaf_index == leaf_index, remark.c.kind == kind)
        .order_by(remark.c.record_index)
        .limit(1)
    ).first()
    return RemarkRow(*row) if row else None


def list_reasons(
    connection: sa.Connection, letter_id: bytes, kind: RemarkKind, *, limit: int
) -> list[ReasonRow]:
    """Return what was given as reason in a letter, the one of most signatures first."""
    number = sa.func.count()
    rows = connection.execute(
        sa.select(remark.c.reason, remark.c.text, number)
        .where(remark.c.letter_id == letter_id, remark.c.kind == kind)
        .group_by(remark.c.reason, remark.c.text)
        .order_by(number.desc(), sa.func.min(remark.c.record_index))
        .limit(limit)
    )
    return [ReasonRow(*row) for row in rows]


def list_leaves(
    connection: sa.Connection, letter_id: bytes, kind: RemarkKind, row: ReasonRow, *, limit: int
) -> list[int]:
    """Return the first signatures that a reason was given for, in the order of their records."""
    rows = connection.execute(
        sa.select(remark.c.leaf_index)
        .where(
            remark.c.letter_id == letter_id,
            remark.c.kind == kind,
            remark.c.reason == row.reason,
            remark.c.text.is_(None) if row.text is None else remark.c.text == row.text,
        )
        .order_by(remark.c.record_index)
        .limit(limit)
    )
    return [leaf for (leaf,) in rows]
