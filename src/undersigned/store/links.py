"""Links that let somebody in without a passkey, and challenges that passkeys answer; facts of the desk."""

from typing import NamedTuple

import sqlalchemy as sa

from undersigned.store.database import upsert
from undersigned.store.desk_schema import challenge, desk_fact, link


class LinkRow(NamedTuple):
    """A link: the SHA-256 of its token, what it is for, whose, and until when."""

    link: bytes
    kind: str
    account: bytes | None
    role: str | None
    maker: bytes | None
    made_at: int
    expires: int


class ChallengeRow(NamedTuple):
    """A challenge: its SHA-256, what it may be answered for, and until when."""

    challenge: bytes
    purpose: str
    subject: bytes | None
    account: bytes | None
    expires: int


def add_link(connection: sa.Connection, row: LinkRow) -> None:
    """Store a new link."""
    connection.execute(sa.insert(link).values(row._asdict()))


def find_link(connection: sa.Connection, id_: bytes) -> LinkRow | None:
    """Return a link by the hash of its token."""
    row = connection.execute(sa.select(*link.c).where(link.c.link == id_)).first()
    return LinkRow(*row) if row else None


def list_links(connection: sa.Connection, kind: str, now: int) -> list[LinkRow]:
    """Return the links of a kind that are good still, the newest first."""
    query = (
        sa.select(*link.c)
        .where(link.c.kind == kind, link.c.expires > now)
        .order_by(link.c.made_at.desc(), link.c.link)
    )
    return [LinkRow(*row) for row in connection.execute(query)]


def delete_link(connection: sa.Connection, id_: bytes) -> None:
    """Forget a link: it was used, or taken back."""
    connection.execute(sa.delete(link).where(link.c.link == id_))


def delete_links(
    connection: sa.Connection,
    *,
    kind: str | None = None,
    account: bytes | None = None,
    maker: bytes | None = None,
) -> None:
    """Forget every link of a kind, for an account, or made by one; with nothing named, every one."""
    query = sa.delete(link)
    for column, value in ((link.c.kind, kind), (link.c.account, account), (link.c.maker, maker)):
        if value is not None:
            query = query.where(column == value)
    connection.execute(query)


def delete_expired_links(connection: sa.Connection, now: int) -> None:
    """Forget links that are too old."""
    connection.execute(sa.delete(link).where(link.c.expires <= now))


def add_challenge(connection: sa.Connection, row: ChallengeRow, *, now: int, most: int) -> None:
    """Store a new challenge; forget those that are too old, and the oldest beyond a number.

    Each purpose has the number to itself: anybody may ask to sign in, and must not end what needs a
    link or a session.
    """
    connection.execute(sa.delete(challenge).where(challenge.c.expires <= now))
    rest = (
        sa.select(challenge.c.challenge)
        .where(challenge.c.purpose == row.purpose)
        .order_by(challenge.c.expires.desc())
        .offset(most - 1)
        # One without a limit has no offset in SQLite.
        .limit(most)
    )
    connection.execute(sa.delete(challenge).where(challenge.c.challenge.in_(rest)))
    connection.execute(sa.insert(challenge).values(row._asdict()))


def take_challenge(connection: sa.Connection, id_: bytes) -> ChallengeRow | None:
    """Return a challenge and forget it: it is answered once, rightly or wrongly."""
    query = sa.delete(challenge).where(challenge.c.challenge == id_).returning(*challenge.c)
    row = connection.execute(query).first()
    return ChallengeRow(*row) if row else None


def put_fact(connection: sa.Connection, name: str, value: str) -> None:
    """Store a fact of the desk."""
    upsert(connection, desk_fact, {"name": name, "value": value})


def find_fact(connection: sa.Connection, name: str) -> str | None:
    """Return a fact of the desk."""
    query = sa.select(desk_fact.c.value).where(desk_fact.c.name == name)
    return connection.execute(query).scalar()
