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
from undersigned.store.database import insert_new
from undersigned.store.prepared import ForKeys, Insertion, Prepared

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

_ADD_PENDING = Insertion(pending)
_ADD_SPENT = Insertion(spent)
_ADD_ISSUED = Insertion(issued)
_ADD_BLOBS = Insertion(blob, skips=True)
_DELETE_PENDING = ForKeys(sa.delete(pending), pending.c.leaf_hash)


def _of_letter(key: sa.Column[bytes], *rest: sa.Column[Any]) -> ForKeys:
    """Return the question for rows by a letter and some of the keys that are unique in it."""
    return ForKeys(
        sa.select(key, *rest).where(key.table.c.letter_id == sa.bindparam("of")), key, "of"
    )


_FIND_SPENT = _of_letter(spent.c.nonce, spent.c.leaf_hash, spent.c.by)
_FIND_ISSUED = _of_letter(issued.c.member, issued.c.leaf_hash)
_FIND_BLOBS = ForKeys(sa.select(blob.c.hash), blob.c.hash)

_OF_LETTER = pending.c.letter_id == sa.bindparam("of")
_LIST = sa.select(*_COLUMNS).where(_OF_LETTER)
_LIST_ALL = Prepared(_LIST.order_by(pending.c.leaf_hash), "of")
_LIST_IN_TIME = Prepared(
    _LIST.where(pending.c.late == sa.literal_column("0")).order_by(pending.c.leaf_hash), "of"
)
_COUNT = Prepared(
    sa.select(pending.c.crowd, sa.func.count(), sa.func.min(pending.c.by))
    .where(_OF_LETTER, pending.c.late == sa.literal_column("0"))
    .group_by(pending.c.crowd),
    "of",
)


def add_pending(connection: sa.Connection, rows: Collection[PendingRow]) -> None:
    """Let records wait for their epoch."""
    _ADD_PENDING.run_many(connection, map(_values_of, sorted(rows, key=_leaf_hash_of)))


_leaf_hash_of = attrgetter("leaf_hash")
_attributes_of = attrgetter(*PendingRow.__slots__[:-1])


def _values_of(row: PendingRow) -> tuple[Any, ...]:
    return (*_attributes_of(row), int(row.late))


def list_pending(
    connection: sa.Connection, letter_id: bytes, *, with_late: bool
) -> list[PendingRow]:
    """Return what waits for a letter, in the order of the leaf hashes, which says nothing."""
    question = _LIST_ALL if with_late else _LIST_IN_TIME
    return [
        PendingRow(leaf_hash, of, crowd, nonce, record, by, bool(late))
        for leaf_hash, of, crowd, nonce, record, by, late in question.run(connection, letter_id)
    ]


class Tally(NamedTuple):
    """How many records of one crowd wait, and the end of the first promise among theirs."""

    number: int
    by: int


def count_pending(connection: sa.Connection, letter_id: bytes) -> dict[str, Tally]:
    """Return what waits for a letter by crowd, without what came after a boundary; no record is read."""
    rows = _COUNT.run(connection, letter_id)
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
    _DELETE_PENDING.run(connection, sorted(hashes))


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
    rows = ((letter_id, nonce, *taken) for nonce, taken in sorted(tokens.items()))
    _ADD_SPENT.run_many(connection, rows)


def list_spent(
    connection: sa.Connection, letter_id: bytes, nonces: Collection[bytes]
) -> dict[bytes, Taken]:
    """Return the records that tokens were used for, by nonce; of those that were used."""
    rows = _FIND_SPENT.run(connection, nonces, letter_id)
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
    rows = ((letter_id, member, leaf_hash) for member, leaf_hash in sorted(records.items()))
    _ADD_ISSUED.run_many(connection, rows)


def list_issued(
    connection: sa.Connection, letter_id: bytes, members: Collection[bytes]
) -> dict[bytes, bytes]:
    """Return the leaf hashes of members' `issued` records, by member; of those who have one."""
    return dict(map(tuple, _FIND_ISSUED.run(connection, members, letter_id)))


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
    _ADD_BLOBS.run_many(connection, sorted(blobs.items()))


def list_kept_blobs(connection: sa.Connection, digests: Collection[bytes]) -> set[bytes]:
    """Return which of these hashes are those of sealed names that are kept."""
    return {digest for (digest,) in _FIND_BLOBS.run(connection, digests)}


def find_blob(connection: sa.Connection, digest: bytes) -> bytes | None:
    """Return a sealed name by its hash."""
    return connection.execute(sa.select(blob.c.content).where(blob.c.hash == digest)).scalar()


def delete_blob(connection: sa.Connection, digest: bytes) -> None:
    """Destroy a sealed name; secure_delete overwrites it."""
    connection.execute(sa.delete(blob).where(blob.c.hash == digest))
