"""Sessions of the desk: who is signed in, by the hash of a cookie."""

from typing import NamedTuple

import sqlalchemy as sa

from undersigned.store.desk_schema import session


class SessionRow(NamedTuple):
    """A session; `session` is the SHA-256 of its cookie, `credential` what it was begun with."""

    session: bytes
    account: bytes
    credential: bytes
    made_at: int
    seen_at: int


def add_session(connection: sa.Connection, row: SessionRow) -> None:
    """Store a new session."""
    connection.execute(sa.insert(session).values(row._asdict()))


def find_session(connection: sa.Connection, id_: bytes) -> SessionRow | None:
    """Return a session by the hash of its cookie."""
    row = connection.execute(sa.select(*session.c).where(session.c.session == id_)).first()
    return SessionRow(*row) if row else None


def list_sessions(connection: sa.Connection, account_id: bytes) -> list[SessionRow]:
    """Return the sessions of an account, the one that was used last first."""
    query = (
        sa.select(*session.c)
        .where(session.c.account == account_id)
        .order_by(session.c.seen_at.desc(), session.c.session)
    )
    return [SessionRow(*row) for row in connection.execute(query)]


def put_seen(connection: sa.Connection, id_: bytes, at: int) -> None:
    """Note when a session was used."""
    connection.execute(sa.update(session).where(session.c.session == id_).values(seen_at=at))


def delete_session(connection: sa.Connection, id_: bytes) -> None:
    """End a session."""
    connection.execute(sa.delete(session).where(session.c.session == id_))


def delete_sessions(
    connection: sa.Connection, account_id: bytes, *, but: bytes | None = None
) -> None:
    """End every session of an account, perhaps but one."""
    query = sa.delete(session).where(session.c.account == account_id)
    if but is not None:
        query = query.where(session.c.session != but)
    connection.execute(query)


def delete_sessions_of(connection: sa.Connection, credential_id: bytes) -> None:
    """End every session that was begun with a passkey."""
    connection.execute(sa.delete(session).where(session.c.credential == credential_id))


def delete_ended(connection: sa.Connection, *, made_before: int, seen_before: int) -> None:
    """Forget sessions that are over."""
    over = sa.or_(session.c.made_at <= made_before, session.c.seen_at <= seen_before)
    connection.execute(sa.delete(session).where(over))
