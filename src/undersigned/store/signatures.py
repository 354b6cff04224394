"""The signatures in the log and what has become of each: a cache that the log's records rebuild."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Any, Final

import sqlalchemy as sa

from undersigned.domain.name import fold
from undersigned.store.collector_schema import shown_name, signature
from undersigned.store.prepared import Insertion
from undersigned.store.tallies import Kind, add_to_tallies


@dataclass(frozen=True, slots=True)
class SignatureRow:
    """A signature as it stands now. `condition` 0 is none; `fixed` no longer has one.

    `status` is live, withdrawn, invalidated or unopenable; `name` is H(blob or document) or None.
    """

    leaf_index: int
    letter_id: bytes
    pk: bytes
    mode: str
    condition: int
    name: bytes | None
    status: str = "live"
    fixed: bool = False
    opened: bool = False
    erased: bool = False


_COLUMNS = tuple(signature.c[name] for name in SignatureRow.__slots__)
_FIELDS_OF = attrgetter(*SignatureRow.__slots__[:-3])
_COUNTED_BY = tuple(signature.c[name] for name in (*Kind._fields, "fixed"))

_ADD_SIGNATURES = Insertion(signature)

_AT_ONCE: Final = 500
"""Rows that one statement names: databases have a limit."""


def _row(values: Iterable[Any]) -> SignatureRow:
    leaf, letter_id, pk, mode, condition, name, status, fixed, opened, erased = values
    flags = bool(fixed), bool(opened), bool(erased)
    return SignatureRow(leaf, letter_id, pk, mode, condition, name, status, *flags)


def add_signatures(connection: sa.Connection, rows: Sequence[SignatureRow]) -> None:
    """Store signatures that were just appended to the log."""
    values = [(*_FIELDS_OF(row), int(row.fixed), int(row.opened), int(row.erased)) for row in rows]
    _ADD_SIGNATURES.run_many(connection, values)
    kinds = Counter(
        (letter_id, mode, 0 if fixed else condition, status, opened, erased)
        for _, letter_id, _, mode, condition, _, status, fixed, opened, erased in values
    )
    add_to_tallies(connection, {Kind(*kind): number for kind, number in kinds.items()})


def find_signature(connection: sa.Connection, leaf_index: int) -> SignatureRow | None:
    """Return a signature by its place in the log."""
    row = connection.execute(
        sa.select(*_COLUMNS).where(signature.c.leaf_index == leaf_index)
    ).first()
    return _row(row) if row else None


def list_live(connection: sa.Connection, letter_id: bytes) -> list[SignatureRow]:
    """Return the live signatures of a letter in the log's order."""
    rows = connection.execute(
        sa.select(*_COLUMNS)
        .where(signature.c.letter_id == letter_id, signature.c.status == "live")
        .order_by(signature.c.leaf_index)
    )
    return [_row(row) for row in rows]


def change_signature(
    connection: sa.Connection, leaf_index: int, **values: str | int | bytes | None
) -> None:
    """Overwrite some columns of a signature."""
    change_signatures(connection, [leaf_index], **values)


def change_signatures(
    connection: sa.Connection, leaf_indexes: Iterable[int], **values: str | int | bytes | None
) -> None:
    """Overwrite some columns of many signatures with the same values."""
    changes: Counter[Kind] = Counter()
    leaves = list(leaf_indexes)
    for first in range(0, len(leaves), _AT_ONCE):
        are_meant = signature.c.leaf_index.in_(leaves[first : first + _AT_ONCE])
        for row in connection.execute(sa.select(*_COUNTED_BY).where(are_meant)).mappings():
            before = dict(row)
            changes[_kind_of(before)] -= 1
            changes[_kind_of(before | values)] += 1
        connection.execute(sa.update(signature).where(are_meant).values(**values))
    add_to_tallies(connection, changes)


def _kind_of(row: Mapping[str, Any]) -> Kind:
    """Return what a row is counted as: a condition that was fixed is none any more."""
    named = {name: row[name] for name in Kind._fields}
    return Kind(**(named | ({"condition": 0} if row["fixed"] else {})))


@dataclass(frozen=True, slots=True)
class ShownName:
    """A public or opened name as the page shows it."""

    leaf_index: int
    letter_id: bytes
    name: str
    role: str | None
    verified: str
    statement: str | None


_ADD_SHOWN_NAMES = Insertion(shown_name)
_SHOWN_OF = attrgetter(*ShownName.__slots__)
_SHOWN = tuple(shown_name.c[name] for name in ShownName.__slots__)


def add_shown_names(connection: sa.Connection, rows: Sequence[ShownName]) -> None:
    """Store names that are public from now on, and what a search compares beside each."""
    values = ((*_SHOWN_OF(row), fold(f"{row.name} {row.role or ''}")) for row in rows)
    _ADD_SHOWN_NAMES.run_many(connection, values)


def list_shown_names(
    connection: sa.Connection, letter_id: bytes, *, after: int, limit: int
) -> list[ShownName]:
    """Return public and opened names with a leaf index above `after`."""
    rows = connection.execute(
        sa.select(*_SHOWN)
        .where(shown_name.c.letter_id == letter_id, shown_name.c.leaf_index > after)
        .order_by(shown_name.c.leaf_index)
        .limit(limit)
    )
    return [ShownName(*row) for row in rows]


@dataclass(frozen=True, slots=True)
class StandingName:
    """A name that is shown and stands, and in which mode its signer signed."""

    mode: str
    shown: ShownName


def list_standing_names(connection: sa.Connection, letter_id: bytes, m: int) -> list[StandingName]:
    """Return the public and opened names that stand with m, in the log's order."""
    rows = connection.execute(
        sa.select(signature.c.mode, *_SHOWN)
        .join(signature, signature.c.leaf_index == shown_name.c.leaf_index)
        .where(
            shown_name.c.letter_id == letter_id,
            signature.c.status == "live",
            sa.or_(signature.c.mode == "public", signature.c.opened == 1),
            sa.or_(signature.c.fixed == 1, signature.c.condition <= m),
        )
        .order_by(shown_name.c.leaf_index)
    )
    return [StandingName(mode, ShownName(*shown)) for mode, *shown in rows]


def find_shown_name(connection: sa.Connection, leaf_index: int) -> ShownName | None:
    """Return the name of a signature, if one is shown."""
    row = connection.execute(
        sa.select(*_SHOWN).where(shown_name.c.leaf_index == leaf_index)
    ).first()
    return ShownName(*row) if row else None


def count_shown_names(connection: sa.Connection, letter_id: bytes, words: Sequence[str]) -> int:
    """Count the public and opened names of a letter that hold every word; it looks at each of them.

    How many there are of all is kept (`tallies.Tallies.shown`).
    """
    return connection.execute(
        sa.select(sa.func.count())
        .select_from(shown_name)
        .where(shown_name.c.letter_id == letter_id, *_holds(words))
    ).scalar_one()


def search_shown_names(
    connection: sa.Connection, letter_id: bytes, words: Sequence[str], *, offset: int, limit: int
) -> list[ShownName]:
    """Return the names that hold every word, in the log's order, without the first `offset`.

    Words are folded (`domain.name.fold`), as name and role are that they are looked for in.
    """
    rows = connection.execute(
        sa.select(*_SHOWN)
        .where(shown_name.c.letter_id == letter_id, *_holds(words))
        .order_by(shown_name.c.leaf_index)
        .offset(offset)
        .limit(limit)
    )
    return [ShownName(*row) for row in rows]


def _holds(words: Sequence[str]) -> list[sa.ColumnElement[bool]]:
    if any("\0" in word for word in words):
        # No text of PostgreSQL can hold it, and no name does.
        return [sa.false()]
    return [shown_name.c.folded.contains(word, autoescape=True) for word in words]


def delete_shown_name(connection: sa.Connection, leaf_index: int) -> None:
    """Strike a name."""
    connection.execute(sa.delete(shown_name).where(shown_name.c.leaf_index == leaf_index))
