"""What was acknowledged and waits for its epoch, and the constraints that carry "once each".

A record is acknowledged when its row here is committed. `spent`, `change` and `issued` stay for good:
they are how the same request gets the same answer, and another request with the same token none.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, NamedTuple

import sqlalchemy as sa

from undersigned.store.collector_schema import blob, change, issued, pending, spent
from undersigned.store.database import insert_new

Crowd = Literal["issued", "public", "crowd", "change"]
"""What a waiting record is: an `issued`, a public `sign`, a sealed or anonymous one, a change of one."""


@dataclass(frozen=True, slots=True)
class PendingRow:
    """A record that waits: `nonce` is its signer's (None for `issued`), `by` the end of its promise."""

    leaf_hash: bytes
    letter_id: bytes
    crowd: Crowd
    nonce: bytes | None
    record: bytes
    by: int
    late: bool


_COLUMNS = tuple(pending.c[name] for name in PendingRow.__slots__)


def add_pending(connection: sa.Connection, row: PendingRow) -> None:
    """Let a record wait for its epoch."""
    values = {name: getattr(row, name) for name in PendingRow.__slots__}
    connection.execute(sa.insert(pending).values(values | {"late": int(row.late)}))


def list_pending(
    connection: sa.Connection, letter_id: bytes, *, with_late: bool
) -> list[PendingRow]:
    """Return what waits for a letter, in the order of the leaf hashes, which says nothing."""
    query = (
        sa.select(*_COLUMNS).where(pending.c.letter_id == letter_id).order_by(pending.c.leaf_hash)
    )
    if not with_late:
        query = query.where(pending.c.late == 0)
    rows = [dict(row._mapping) for row in connection.execute(query)]  # noqa: SLF001 - public name
    return [PendingRow(**(row | {"late": bool(row["late"])})) for row in rows]


def find_record(connection: sa.Connection, leaf_hash: bytes) -> bytes | None:
    """Return the canonical bytes of a record that waits."""
    query = sa.select(pending.c.record).where(pending.c.leaf_hash == leaf_hash)
    return connection.execute(query).scalar()


def delete_pending(connection: sa.Connection, hashes: Iterable[bytes]) -> None:
    """Forget that records waited: they are in the log."""
    rows = [{"gone": leaf_hash} for leaf_hash in hashes]
    if rows:
        statement = sa.delete(pending).where(pending.c.leaf_hash == sa.bindparam("gone"))
        connection.execute(statement, rows)


def clear_late(connection: sa.Connection, letter_id: bytes) -> None:
    """After a boundary's outcome, treat what came after the boundary like everything else."""
    connection.execute(sa.update(pending).where(pending.c.letter_id == letter_id).values(late=0))


class Taken(NamedTuple):
    """An acknowledged record: its leaf hash and the end of its promise."""

    leaf_hash: bytes
    by: int


def spend_token(connection: sa.Connection, letter_id: bytes, nonce: bytes, taken: Taken) -> bool:
    """Mark a token as used for a record; say False if it is used already."""
    values = {"letter_id": letter_id, "nonce": nonce, **taken._asdict()}
    return insert_new(connection, spent, values, returning=spent.c.nonce)


def find_spent(connection: sa.Connection, letter_id: bytes, nonce: bytes) -> Taken | None:
    """Return the record that a token was used for."""
    row = connection.execute(
        sa.select(spent.c.leaf_hash, spent.c.by).where(
            spent.c.letter_id == letter_id, spent.c.nonce == nonce
        )
    ).first()
    return Taken(*row) if row else None


def add_change(
    connection: sa.Connection, letter_id: bytes, nonce: bytes, seq: int, taken: Taken
) -> bool:
    """Mark an amendment (seq from 1) or the withdrawal (0) of a signature; say False if it is taken."""
    values = {"letter_id": letter_id, "nonce": nonce, "seq": seq, **taken._asdict()}
    return insert_new(connection, change, values, returning=change.c.nonce)


def list_changes(connection: sa.Connection, letter_id: bytes, nonce: bytes) -> dict[int, Taken]:
    """Return the amendments and the withdrawal (0) of a signature by seq."""
    rows = connection.execute(
        sa.select(change.c.seq, change.c.leaf_hash, change.c.by).where(
            change.c.letter_id == letter_id, change.c.nonce == nonce
        )
    )
    return {row.seq: Taken(row.leaf_hash, row.by) for row in rows}


def add_issued(
    connection: sa.Connection, letter_id: bytes, member: bytes, leaf_hash: bytes
) -> bool:
    """Mark that a member's `issued` record was taken; say False if one was."""
    values = {"letter_id": letter_id, "member": member, "leaf_hash": leaf_hash}
    return insert_new(connection, issued, values, returning=issued.c.member)


def find_issued(connection: sa.Connection, letter_id: bytes, member: bytes) -> bytes | None:
    """Return the leaf hash of a member's `issued` record."""
    return connection.execute(
        sa.select(issued.c.leaf_hash).where(
            issued.c.letter_id == letter_id, issued.c.member == member
        )
    ).scalar()


def count_issued_in_log(connection: sa.Connection, letter_id: bytes) -> int:
    """Count the `issued` records of a letter that wait no more."""
    waiting = sa.select(sa.func.count()).where(
        pending.c.letter_id == letter_id, pending.c.crowd == "issued"
    )
    taken = sa.select(sa.func.count()).where(issued.c.letter_id == letter_id)
    return connection.execute(taken).scalar_one() - connection.execute(waiting).scalar_one()


def put_blob(connection: sa.Connection, digest: bytes, content: bytes) -> None:
    """Keep a sealed name."""
    insert_new(connection, blob, {"hash": digest, "content": content}, returning=blob.c.hash)


def find_blob(connection: sa.Connection, digest: bytes) -> bytes | None:
    """Return a sealed name by its hash."""
    return connection.execute(sa.select(blob.c.content).where(blob.c.hash == digest)).scalar()


def delete_blob(connection: sa.Connection, digest: bytes) -> None:
    """Destroy a sealed name; secure_delete overwrites it."""
    connection.execute(sa.delete(blob).where(blob.c.hash == digest))
