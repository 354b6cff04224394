"""The issuer's other half: who received a token. One row per member and letter, ever."""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import islice
from typing import Final

import sqlalchemy as sa

from undersigned.store.database import insert_new
from undersigned.store.issuer_schema import issuance

AT_ONCE: Final = 500
"""Values of one `IN (...)`: fewer than SQLite's limit of variables."""


@dataclass(frozen=True, slots=True)
class IssuanceRow:
    """What a member asked for (H(blinded message), c) and received (blind signature, attestation)."""

    letter_id: bytes
    commit: bytes
    blinded_hash: bytes
    c: bytes
    blind_signature: bytes
    attestation: bytes


def add_issuance(connection: sa.Connection, row: IssuanceRow) -> bool:
    """Store an issuance; say False if this member has one (the unique constraint decides)."""
    values = {name: getattr(row, name) for name in IssuanceRow.__slots__}
    return insert_new(connection, issuance, values, returning=issuance.c.commit)


def complete_issuance(connection: sa.Connection, row: IssuanceRow) -> None:
    """Store what a member received whose issuance was known from the log alone: its c is empty."""
    values = {name: getattr(row, name) for name in ("c", "blind_signature", "attestation")}
    connection.execute(
        sa.update(issuance)
        .where(
            issuance.c.letter_id == row.letter_id,
            issuance.c.commit == row.commit,
            issuance.c.blinded_hash == row.blinded_hash,
            issuance.c.c == b"",
        )
        .values(**values)
    )


def has_issuances(connection: sa.Connection, letter_id: bytes) -> bool:
    """Say whether anybody has received a token for a letter, or has begun to."""
    query = sa.select(issuance.c.commit).where(issuance.c.letter_id == letter_id).limit(1)
    return connection.execute(query).first() is not None


def list_issued(connection: sa.Connection, commits: Iterable[bytes]) -> set[bytes]:
    """Return those of these entries of a roll that have a token, of whatever edition."""
    rest, found = iter(commits), set[bytes]()
    while some := list(islice(rest, AT_ONCE)):
        query = sa.select(issuance.c.commit).where(issuance.c.commit.in_(some)).distinct()
        found.update(connection.execute(query).scalars())
    return found


def list_issued_in(connection: sa.Connection, letter_id: bytes) -> set[bytes]:
    """Return the entries of a roll that have a token of this letter."""
    query = sa.select(issuance.c.commit).where(issuance.c.letter_id == letter_id)
    return set(connection.execute(query).scalars())


def find_issuance(connection: sa.Connection, letter_id: bytes, commit: bytes) -> IssuanceRow | None:
    """Return what a member received for a letter."""
    row = connection.execute(
        sa.select(*(issuance.c[name] for name in IssuanceRow.__slots__)).where(
            issuance.c.letter_id == letter_id, issuance.c.commit == commit
        )
    ).first()
    return IssuanceRow(*row) if row else None
