"""The issuer's roll: entries and invite codes."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from undersigned.store.issuer_schema import invite, roll_entry


@dataclass(frozen=True, slots=True)
class MemberRow:
    """An entry of the roll: commitment, what it commits to, its salt (16 bytes), and what people wrote.

    One that `waits` was added after its letter opened, and is not in the log yet.
    """

    slug: str
    commit: bytes
    member: bytes
    salt: bytes
    address: str | None
    name: str | None
    role: str | None
    blocked: bool
    waits: bool = False


IN, BLOCKED, WAITING = 0, 1, 2
"""What the column `blocked` holds: may have a token; may not any more; not before the log says so."""

AT_ONCE = 5_000
"""Rows of one insert: what is told between two of them comes often enough."""

COLUMNS = tuple(roll_entry.c[name] for name in MemberRow.__slots__ if name != "waits")


def row_of(values: sa.Row[Any]) -> MemberRow:
    """Return the entry of a row."""
    fields = dict(values._mapping)  # noqa: SLF001 - the public name of this is _mapping
    state = fields.pop("blocked")
    return MemberRow(**fields, blocked=state == BLOCKED, waits=state == WAITING)


def _nothing(_: float) -> None:
    """Tell nobody how far it is."""


def add_members(
    connection: sa.Connection,
    rows: Sequence[MemberRow],
    tell: Callable[[float], None] = _nothing,
) -> None:
    """Store entries of a roll, all or (by the caller's transaction) none; tell how far it is."""
    for first in range(0, len(rows), AT_ONCE):
        some = rows[first : first + AT_ONCE]
        connection.execute(sa.insert(roll_entry), [_values(row) for row in some])
        tell((first + len(some)) / len(rows))


def _values(row: MemberRow) -> dict[str, object]:
    return {
        "slug": row.slug,
        "commit": row.commit,
        "member": row.member,
        "salt": row.salt,
        "address": row.address,
        "name": row.name,
        "role": row.role,
        "blocked": BLOCKED if row.blocked else WAITING if row.waits else IN,
    }


def list_members(connection: sa.Connection, slug: str) -> list[MemberRow]:
    """Return a roll, ordered by commitment: the order says nothing."""
    query = sa.select(*COLUMNS).where(roll_entry.c.slug == slug).order_by(roll_entry.c.commit)
    return [row_of(row) for row in connection.execute(query)]


def list_commits(connection: sa.Connection, slug: str) -> list[bytes]:
    """Return the commitments of the entries that are not blocked, ascending."""
    query = (
        sa.select(roll_entry.c.commit)
        .where(roll_entry.c.slug == slug, roll_entry.c.blocked == IN)
        .order_by(roll_entry.c.commit)
    )
    return list(connection.execute(query).scalars())


def find_member(connection: sa.Connection, slug: str, member: bytes) -> MemberRow | None:
    """Return the entry of `email:…` or `invite:…`, unless it is blocked or waits."""
    query = sa.select(*COLUMNS).where(
        roll_entry.c.slug == slug, roll_entry.c.member == member, roll_entry.c.blocked == IN
    )
    row = connection.execute(query).first()
    return row_of(row) if row else None


def find_member_by_commit(connection: sa.Connection, slug: str, commit: bytes) -> MemberRow | None:
    """Return the entry with this commitment, unless it is blocked or waits."""
    query = sa.select(*COLUMNS).where(
        roll_entry.c.slug == slug, roll_entry.c.commit == commit, roll_entry.c.blocked == IN
    )
    row = connection.execute(query).first()
    return row_of(row) if row else None


def add_invites(
    connection: sa.Connection, slug: str, invites: Sequence[tuple[bytes, bytes]]
) -> None:
    """Store (H(code), commitment) of invite codes."""
    if invites:
        connection.execute(
            sa.insert(invite),
            [{"slug": slug, "code_hash": code, "commit": commit} for code, commit in invites],
        )


def list_invited(connection: sa.Connection, slug: str) -> set[bytes]:
    """Return the commitments that have an invite code."""
    return set(
        connection.execute(sa.select(invite.c.commit).where(invite.c.slug == slug)).scalars()
    )


def find_invited(connection: sa.Connection, slug: str, code_hash: bytes) -> bytes | None:
    """Return the commitment that an invite code stands for."""
    return connection.execute(
        sa.select(invite.c.commit).where(invite.c.slug == slug, invite.c.code_hash == code_hash)
    ).scalar()
