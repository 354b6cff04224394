"""What was acknowledged and waits for its epoch, and the constraints that carry "once each".

A record is acknowledged when its row here is committed. `spent`, `change` and `issued` stay for good:
they are how the same request gets the same answer, and another request with the same token none.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from operator import attrgetter
from typing import Any, Literal, NamedTuple

import sqlalchemy as sa

from undersigned.store.collector_schema import blob, change, issued, pending, spent
from undersigned.store.database import insert_missing, insert_new

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

# Made once: to write down a statement anew takes longer than to carry it out.
_ADD_PENDING = sa.insert(pending)
_ADD_SPENT = sa.insert(spent)
_ADD_ISSUED = sa.insert(issued)


def _of_letter(
    columns: tuple[sa.Column[bytes], ...], rest: tuple[sa.Column[Any], ...]
) -> sa.Select[Any]:
    """Return the question for rows by a letter and some of the keys that are unique in it."""
    letter_id, key = columns
    return sa.select(key, *rest).where(
        letter_id == sa.bindparam("of"), key.in_(sa.bindparam("keys", expanding=True))
    )


_LIST_SPENT = _of_letter((spent.c.letter_id, spent.c.nonce), (spent.c.leaf_hash, spent.c.by))
_LIST_ISSUED = _of_letter((issued.c.letter_id, issued.c.member), (issued.c.leaf_hash,))
_COUNT = (
    sa.select(pending.c.crowd, sa.func.count(), sa.func.min(pending.c.by))
    .where(pending.c.letter_id == sa.bindparam("of"), pending.c.late == 0)
    .group_by(pending.c.crowd)
)
_LIST_BLOBS = sa.select(blob.c.hash).where(blob.c.hash.in_(sa.bindparam("keys", expanding=True)))


def add_pending(connection: sa.Connection, rows: Collection[PendingRow]) -> None:
    """Let records wait for their epoch."""
    names = PendingRow.__slots__
    values = [
        dict(zip(names, _values_of(row), strict=True)) for row in sorted(rows, key=_leaf_hash_of)
    ]
    if values:
        connection.execute(_ADD_PENDING, values)


_leaf_hash_of = attrgetter("leaf_hash")
_attributes_of = attrgetter(*PendingRow.__slots__[:-1])


def _values_of(row: PendingRow) -> tuple[Any, ...]:
    return (*_attributes_of(row), int(row.late))


def list_pending(
    connection: sa.Connection, letter_id: bytes, *, with_late: bool
) -> list[PendingRow]:
    """Return what waits for a letter, in the order of the leaf hashes, which says nothing."""
    query = (
        sa.select(*_COLUMNS).where(pending.c.letter_id == letter_id).order_by(pending.c.leaf_hash)
    )
    if not with_late:
        query = query.where(pending.c.late == 0)
    return [
        PendingRow(leaf_hash, of, crowd, nonce, record, by, bool(late))
        for leaf_hash, of, crowd, nonce, record, by, late in connection.execute(query)
    ]


class Tally(NamedTuple):
    """How many records of one crowd wait, and the end of the first promise among theirs."""

    number: int
    by: int


def count_pending(connection: sa.Connection, letter_id: bytes) -> dict[str, Tally]:
    """Return what waits for a letter by crowd, without what came after a boundary; no record is read."""
    rows = connection.execute(_COUNT, {"of": letter_id})
    return {crowd: Tally(number, by) for crowd, number, by in rows}


def has_free_change(connection: sa.Connection, letter_id: bytes) -> bool:
    """Say whether a change waits whose signature does not wait, too; late ones are left out."""
    here = (pending.c.letter_id == letter_id) & (pending.c.late == 0)
    waiting = sa.select(pending.c.nonce).where(here, pending.c.crowd == "crowd")
    query = sa.select(pending.c.leaf_hash).where(
        here, pending.c.crowd == "change", pending.c.nonce.not_in(waiting)
    )
    return connection.execute(query.limit(1)).first() is not None


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


def spend_tokens(
    connection: sa.Connection, letter_id: bytes, tokens: Mapping[bytes, Taken]
) -> None:
    """Mark tokens, by their nonces, as used for records. Raises StoreError if one is used already."""
    values = [
        {"letter_id": letter_id, "nonce": nonce, "leaf_hash": taken.leaf_hash, "by": taken.by}
        for nonce, taken in sorted(tokens.items())
    ]
    if values:
        connection.execute(_ADD_SPENT, values)


def list_spent(
    connection: sa.Connection, letter_id: bytes, nonces: Collection[bytes]
) -> dict[bytes, Taken]:
    """Return the records that tokens were used for, by nonce; of those that were used."""
    rows = connection.execute(_LIST_SPENT, {"of": letter_id, "keys": list(nonces)})
    return {nonce: Taken(leaf_hash, by) for nonce, leaf_hash, by in rows}


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


def add_all_issued(
    connection: sa.Connection, letter_id: bytes, records: Mapping[bytes, bytes]
) -> None:
    """Mark that members' `issued` records were taken: leaf hashes by member. Raises StoreError."""
    values = [
        {"letter_id": letter_id, "member": member, "leaf_hash": leaf_hash}
        for member, leaf_hash in sorted(records.items())
    ]
    if values:
        connection.execute(_ADD_ISSUED, values)


def list_issued(
    connection: sa.Connection, letter_id: bytes, members: Collection[bytes]
) -> dict[bytes, bytes]:
    """Return the leaf hashes of members' `issued` records, by member; of those who have one."""
    rows = connection.execute(_LIST_ISSUED, {"of": letter_id, "keys": list(members)})
    return {row.member: row.leaf_hash for row in rows}


def find_issued(connection: sa.Connection, letter_id: bytes, member: bytes) -> bytes | None:
    """Return the leaf hash of a member's `issued` record."""
    return connection.execute(
        sa.select(issued.c.leaf_hash).where(
            issued.c.letter_id == letter_id, issued.c.member == member
        )
    ).scalar()


def count_waiting_issued(connection: sa.Connection, letter_id: bytes) -> int:
    """Count the `issued` records of a letter that wait."""
    waiting = sa.select(sa.func.count()).where(
        pending.c.letter_id == letter_id, pending.c.crowd == "issued"
    )
    return connection.execute(waiting).scalar_one()


def put_blob(connection: sa.Connection, digest: bytes, content: bytes) -> None:
    """Keep a sealed name."""
    insert_new(connection, blob, {"hash": digest, "content": content}, returning=blob.c.hash)


def put_blobs(connection: sa.Connection, blobs: Mapping[bytes, bytes]) -> None:
    """Keep sealed names, by hash."""
    rows = [{"hash": digest, "content": content} for digest, content in sorted(blobs.items())]
    if rows:
        insert_missing(connection, blob, rows)


def list_kept_blobs(connection: sa.Connection, digests: Collection[bytes]) -> set[bytes]:
    """Return which of these hashes are those of sealed names that are kept."""
    return set(connection.execute(_LIST_BLOBS, {"keys": list(digests)}).scalars())


def find_blob(connection: sa.Connection, digest: bytes) -> bytes | None:
    """Return a sealed name by its hash."""
    return connection.execute(sa.select(blob.c.content).where(blob.c.hash == digest)).scalar()


def delete_blob(connection: sa.Connection, digest: bytes) -> None:
    """Destroy a sealed name; secure_delete overwrites it."""
    connection.execute(sa.delete(blob).where(blob.c.hash == digest))
