"""The issuer's roll: entries, invite codes, enrolments (a mailed code waiting to be typed)."""

from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from undersigned.store.schema import enrolment, invite, roll_entry

MAX_TRIES = 5
"""Wrong codes per enrolment: of 32^8 codes, five guesses find one with probability 5e-12."""


@dataclass(frozen=True, slots=True)
class MemberRow:
    """An entry of the roll: commitment, what it commits to, its salt (16 bytes), and what people wrote."""

    slug: str
    commit: bytes
    member: bytes
    salt: bytes
    address: str | None
    name: str | None
    role: str | None
    blocked: bool


_COLUMNS = tuple(roll_entry.c[name] for name in MemberRow.__slots__)


def _row(values: sa.Row[tuple[object, ...]]) -> MemberRow:
    fields = dict(values._mapping)  # noqa: SLF001 - the public name of this is _mapping
    fields["blocked"] = bool(fields["blocked"])
    return MemberRow(**fields)


def add_members(connection: sa.Connection, rows: Sequence[MemberRow]) -> None:
    """Store entries of a roll, all or (by the caller's transaction) none."""
    values = [
        {name: getattr(row, name) for name in MemberRow.__slots__} | {"blocked": int(row.blocked)}
        for row in rows
    ]
    if values:
        connection.execute(sa.insert(roll_entry), values)


def list_members(connection: sa.Connection, slug: str) -> list[MemberRow]:
    """Return a roll, ordered by commitment: the order says nothing."""
    query = sa.select(*_COLUMNS).where(roll_entry.c.slug == slug).order_by(roll_entry.c.commit)
    return [_row(row) for row in connection.execute(query)]


def list_commits(connection: sa.Connection, slug: str) -> list[bytes]:
    """Return the commitments of the entries that are not blocked, ascending."""
    query = (
        sa.select(roll_entry.c.commit)
        .where(roll_entry.c.slug == slug, roll_entry.c.blocked == 0)
        .order_by(roll_entry.c.commit)
    )
    return list(connection.execute(query).scalars())


def find_member(connection: sa.Connection, slug: str, member: bytes) -> MemberRow | None:
    """Return the entry of `email:…` or `invite:…`, unless it is blocked."""
    query = sa.select(*_COLUMNS).where(
        roll_entry.c.slug == slug, roll_entry.c.member == member, roll_entry.c.blocked == 0
    )
    row = connection.execute(query).first()
    return _row(row) if row else None


def find_member_by_commit(connection: sa.Connection, slug: str, commit: bytes) -> MemberRow | None:
    """Return the entry with this commitment, unless it is blocked."""
    query = sa.select(*_COLUMNS).where(
        roll_entry.c.slug == slug, roll_entry.c.commit == commit, roll_entry.c.blocked == 0
    )
    row = connection.execute(query).first()
    return _row(row) if row else None


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
