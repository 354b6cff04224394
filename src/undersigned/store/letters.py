"""Letters: their record, where they are in their life, and their documents."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from undersigned.store.collector_schema import document, history, letter
from undersigned.store.database import insert_new
from undersigned.store.prepared import ForKeys, Insertion, Prepared


@dataclass(frozen=True, slots=True)
class LetterRow:
    """A letter as stored: its record, its stage (JSON), the number of epochs and the time of the last.

    `epoch_at` is 0 before the first epoch; `at` is the time of the last record that has one; `active`
    says that something can still happen to it.
    """

    letter_id: bytes
    slug: str
    edition: int
    record: bytes
    roll_n: int
    stage: str
    epochs: int
    epoch_at: int
    opened_at: int
    at: int
    active: bool


_COLUMNS = tuple(letter.c[name] for name in LetterRow.__slots__)


_SELECT = sa.select(*_COLUMNS)
_BY_ID = Prepared(_SELECT.where(letter.c.letter_id == sa.bindparam("id")), "id")
_EDITIONS = _SELECT.where(letter.c.slug == sa.bindparam("slug")).order_by(letter.c.edition.desc())
_NEWEST = Prepared(_EDITIONS, "slug")
_EDITION = Prepared(_EDITIONS.where(letter.c.edition == sa.bindparam("edition")), "slug", "edition")
_ALL = _SELECT.order_by(letter.c.slug, letter.c.edition)
_EACH = Prepared(_ALL)
_ACTIVE = Prepared(_ALL.where(letter.c.active == sa.literal_column("1")))

_ADD_DOCUMENTS = Insertion(document, skips=True)
_FIND_DOCUMENTS = ForKeys(sa.select(document.c.hash, document.c.content), document.c.hash)


def _rows(values: Iterable[Any]) -> list[LetterRow]:
    return [LetterRow(*(*row[:-1], bool(row[-1]))) for row in values]


def _first(values: Sequence[Any]) -> LetterRow | None:
    return next(iter(_rows(values[:1])), None)


def add_letter(connection: sa.Connection, row: LetterRow) -> bool:
    """Store a letter; say False if its slug and edition are taken."""
    values = {name: getattr(row, name) for name in LetterRow.__slots__}
    values["active"] = int(row.active)
    return insert_new(connection, letter, values, returning=letter.c.letter_id)


def find_letter(connection: sa.Connection, letter_id: bytes) -> LetterRow | None:
    """Return a letter by its id."""
    return _first(_BY_ID.run(connection, letter_id))


def find_edition(
    connection: sa.Connection, slug: str, edition: int | None = None
) -> LetterRow | None:
    """Return an edition of a letter; the newest if none is named."""
    if edition is None:
        return _first(_NEWEST.run(connection, slug))
    return _first(_EDITION.run(connection, slug, edition))


def list_letters(connection: sa.Connection, *, only_active: bool = False) -> list[LetterRow]:
    """Return all letters, by slug and edition."""
    return _rows((_ACTIVE if only_active else _EACH).run(connection))


def put_stage(
    connection: sa.Connection,
    letter_id: bytes,
    *,
    stage: str,
    epochs: int,
    epoch_at: int,
    at: int,
    active: bool,
) -> None:
    """Store where a letter is after an epoch or an outcome."""
    connection.execute(
        sa.update(letter)
        .where(letter.c.letter_id == letter_id)
        .values(stage=stage, epochs=epochs, epoch_at=epoch_at, at=at, active=int(active))
    )


def put_roll_n(connection: sa.Connection, letter_id: bytes, roll_n: int) -> None:
    """Store how many the roll of a letter has after a change."""
    connection.execute(
        sa.update(letter).where(letter.c.letter_id == letter_id).values(roll_n=roll_n)
    )


def put_document(connection: sa.Connection, content: bytes) -> bytes:
    """Store a document and return its hash."""
    digest = hashlib.sha256(content).digest()
    insert_new(
        connection, document, {"hash": digest, "content": content}, returning=document.c.hash
    )
    return digest


def put_documents(connection: sa.Connection, contents: Mapping[bytes, bytes]) -> None:
    """Store documents, by hash."""
    _ADD_DOCUMENTS.run_many(connection, sorted(contents.items()))


def find_document(connection: sa.Connection, digest: bytes) -> bytes | None:
    """Return a document by its hash."""
    return connection.execute(
        sa.select(document.c.content).where(document.c.hash == digest)
    ).scalar()


def find_documents(connection: sa.Connection, digests: Iterable[bytes]) -> dict[bytes, bytes]:
    """Return documents by their hashes; those that there are."""
    return dict(map(tuple, _FIND_DOCUMENTS.run(connection, set(digests))))


def delete_document(connection: sa.Connection, digest: bytes) -> None:
    """Take a document away; its hash stays in the log."""
    connection.execute(sa.delete(document).where(document.c.hash == digest))


def add_history(
    connection: sa.Connection, letter_id: bytes, *, n: int, at: int, size: int, counts: str
) -> None:
    """Store what an epoch left (counts as JSON)."""
    connection.execute(
        sa.insert(history).values(letter_id=letter_id, n=n, at=at, size=size, counts=counts)
    )


def list_history(
    connection: sa.Connection, letter_id: bytes, *, after: int = 0, limit: int | None = None
) -> list[tuple[int, int, int, str]]:
    """Return (n, at, size, counts as JSON) of the epochs of a letter above `after`, by number."""
    rows = connection.execute(
        sa.select(history.c.n, history.c.at, history.c.size, history.c.counts)
        .where(history.c.letter_id == letter_id, history.c.n > after)
        .order_by(history.c.n)
        .limit(limit)
    )
    return [(row.n, row.at, row.size, row.counts) for row in rows]


def find_epoch_of(
    connection: sa.Connection, letter_id: bytes, leaf_index: int
) -> tuple[int, int] | None:
    """Return (n, at) of the epoch of a letter that brought a leaf into the log."""
    row = connection.execute(
        sa.select(history.c.n, history.c.at)
        .where(history.c.letter_id == letter_id, history.c.size > leaf_index)
        .order_by(history.c.n)
        .limit(1)
    ).first()
    return (row.n, row.at) if row else None
