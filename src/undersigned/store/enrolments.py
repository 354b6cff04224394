"""The issuer's memory of proofs that are under way: mailed codes, how many they were, work, sign-ons.

All of it is forgotten after its time: a quarter of an hour, for counts the day.
"""

from dataclasses import dataclass
from typing import Final

import sqlalchemy as sa

from undersigned.store.database import insert_new, upsert
from undersigned.store.issuer_schema import code_count, enrolment, login, worked

MAX_TRIES: Final = 5
"""Wrong codes per enrolment: of 32^8 codes, five guesses find one with probability 5e-12."""


@dataclass(frozen=True, slots=True)
class EnrolmentRow:
    """A code that was mailed: its id, for which letter, to whom, H(code), and until when (UTC seconds)."""

    enrolment: bytes
    letter_id: bytes
    address: str
    code_hash: bytes
    expires: int


def add_enrolment(connection: sa.Connection, row: EnrolmentRow) -> None:
    """Store a code that is being mailed."""
    values = {name: getattr(row, name) for name in EnrolmentRow.__slots__}
    connection.execute(sa.insert(enrolment).values(tries=0, **values))


def delete_enrolment(connection: sa.Connection, enrolment_id: bytes) -> None:
    """Forget a code."""
    connection.execute(sa.delete(enrolment).where(enrolment.c.enrolment == enrolment_id))


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


def count_code(connection: sa.Connection, member: bytes, period_s: int, now: int) -> int:
    """Count one code more for a member in the period that now is in; return how many it makes."""
    number = now // period_s
    where = (code_count.c.member == member, code_count.c.period == period_s)
    row = connection.execute(
        sa.select(code_count.c.number, code_count.c.codes).where(*where)
    ).first()
    codes = 1 + (row.codes if row is not None and row.number == number else 0)
    values = {"member": member, "period": period_s, "number": number, "codes": codes}
    upsert(connection, code_count, values)
    return codes


def delete_count(connection: sa.Connection, member: bytes) -> None:
    """Forget how many codes somebody was sent."""
    connection.execute(sa.delete(code_count).where(code_count.c.member == member))


def add_work(connection: sa.Connection, challenge: bytes, expires: int) -> bool:
    """Remember that a challenge was used; say False if it was before."""
    values = {"challenge": challenge, "expires": expires}
    return insert_new(connection, worked, values, returning=worked.c.challenge)


def has_work(connection: sa.Connection, challenge: bytes) -> bool:
    """Say whether a challenge was used."""
    query = sa.select(worked.c.challenge).where(worked.c.challenge == challenge)
    return connection.execute(query).first() is not None


@dataclass(frozen=True, slots=True)
class LoginRow:
    """What a sign-on has proved: H of what was sent (32 bytes), whose entry of a roll, until when."""

    login: bytes
    letter_id: bytes
    commit: bytes
    expires: int


def add_login(connection: sa.Connection, row: LoginRow) -> None:
    """Remember what a sign-on has proved."""
    values = {name: getattr(row, name) for name in LoginRow.__slots__}
    insert_new(connection, login, values, returning=login.c.login)


def find_login(connection: sa.Connection, login_hash: bytes, now: int) -> LoginRow | None:
    """Return what a sign-on has proved, unless it is too long ago."""
    columns = [login.c[name] for name in LoginRow.__slots__]
    query = sa.select(*columns).where(login.c.login == login_hash, login.c.expires > now)
    row = connection.execute(query).first()
    return LoginRow(*row) if row else None


def delete_expired(connection: sa.Connection, now: int) -> None:
    """Forget codes, used challenges and sign-ons that are too old, and counts of periods that are over."""
    for table in (enrolment, worked, login):
        connection.execute(sa.delete(table).where(table.c.expires <= now))
    over = (code_count.c.number + 1) * code_count.c.period <= now
    connection.execute(sa.delete(code_count).where(over))
