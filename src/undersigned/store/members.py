"""The issuer's roll: entries, invite codes, enrolments (a mailed code waiting to be typed)."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from undersigned.store.schema import enrolment, invite, roll_entry

MAX_TRIES = 5
"""Wrong codes per enrolment: of 32^8 codes, five guesses find one with probability 5e-12."""


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


@dataclass(frozen=True, slots=True)
class EnrolmentRow:
    """A code that was mailed: its id, what it proves, H(code), and until when (UTC seconds)."""

    enrolment: bytes
    letter_id: bytes
    commit: bytes
    code_hash: bytes
    expires: int


def count_enrolments(connection: sa.Connection, letter_id: bytes, commit: bytes, now: int) -> int:
    """Count the codes of one member that are still good."""
    return connection.execute(
        sa.select(sa.func.count())
        .select_from(enrolment)
        .where(
            enrolment.c.letter_id == letter_id,
            enrolment.c.commit == commit,
            enrolment.c.expires > now,
        )
    ).scalar_one()


def add_enrolment(connection: sa.Connection, row: EnrolmentRow) -> None:
    """Store a code that is being mailed."""
    values = {name: getattr(row, name) for name in EnrolmentRow.__slots__}
    connection.execute(sa.insert(enrolment).values(tries=0, **values))


def try_enrolment(connection: sa.Connection, enrolment_id: bytes, now: int) -> EnrolmentRow | None:
    """Count one try of a code and return its row, or None if it is unknown, too old or used up.

    The try is counted before the code is compared, so that parallel guesses cannot exceed the limit.
    """
    row = connection.execute(
        sa.update(enrolment)
        .where(
            enrolment.c.enrolment == enrolment_id,
            enrolment.c.tries < MAX_TRIES,
            enrolment.c.expires > now,
        )
        .values(tries=enrolment.c.tries + 1)
        .returning(*(enrolment.c[name] for name in EnrolmentRow.__slots__))
    ).first()
    return EnrolmentRow(*row) if row else None


def untry_enrolment(connection: sa.Connection, enrolment_id: bytes) -> None:
    """Give back the try of a right code: the same request may have to be sent again."""
    connection.execute(
        sa.update(enrolment)
        .where(enrolment.c.enrolment == enrolment_id)
        .values(tries=enrolment.c.tries - 1)
    )


def delete_expired_enrolments(connection: sa.Connection, now: int) -> None:
    """Forget codes that are too old to be used."""
    connection.execute(sa.delete(enrolment).where(enrolment.c.expires <= now))
